// Package replay plays a testnet's past: what happened at each node, and what was done to the
// testnet, in the order of time, and the block tree at every moment.
//
//	journals of n1, n2, …  ─┐                        ┌─► one line each, or JSON
//	                        ├─ Run: events by time ──┤
//	events.jsonl           ─┘                        └─► Stage: the tree after some of them
//
// # What it knows
//
// How to read the past of a node from its journal: when the header of each block arrived and
// when the block was complete, and of every reorganisation when it was, from which tip to
// which. Between two reorganisations a best chain only grows, so all tips that the node ever
// had follow:
//
//	genesis ──grows──► From₁ ⤳ To₁ ──grows──► From₂ ⤳ To₂ ──grows──► tip
//
// The fork choice is not made again: what is played is what the node did, also after
// invalidateblock or preciousblock. A block joins a growing chain when it is complete; at that
// moment the node connected it.
//
// # What it must not know
//
// Processes, directories, RPC and the clock of this machine: it takes journals and returns
// values. Its caller decides how fast they are shown.
//
// # How exact it is
//
// The order of events at one node is the order in which they happened there. Times are each
// node's, to the millisecond; of events of different nodes in one millisecond, the first node
// of a block comes first. What leaves no trace is not played: what peers send, connections, and
// what a killed node had not stored. What was said on the chain is no part of a journal: a caller
// that knows it adds it (Add). One thing is played too early: blocks that reconsiderblock put
// back on top of the tip join right after the reorganisation that took them away.
//
// # Errors
//
// A journal that does not fit its tree (a rebuilt database may have lost entries) is no error:
// the tip jumps, and the event says so (Gap).
package replay
