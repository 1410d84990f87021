// Package replay plays a testnet's past: what happened at each node, and what was done
// to the testnet, in the order of time, and the tree as it stood at every moment.
//
//	journals of n1, n2, …  ─┐                        ┌─► one line each, or JSON
//	                        ├─ Run: events by time ──┤
//	events.jsonl           ─┘                        └─► Stage: the tree after so many of them
//
// # What it knows
//
// How to read a node's life out of what it keeps for ever: of every block when its
// header came and when it was complete, and of every reorganisation when, from where
// and where to. Between two reorganisations a best chain only grows, so each tip that
// the node ever had follows:
//
//	genesis ──grows──► From₁ ⤳ To₁ ──grows──► From₂ ⤳ To₂ ──grows──► tip
//
// The fork choice is not made again: what is played is what the node did, also where
// somebody meddled (invalidateblock, preciousblock). A block joins a growing chain when
// it is complete; that is the moment in which the node took it.
//
// # What it must not know
//
// Processes, folders, RPC and the clock of this machine: it is given journals and gives
// back values. Whoever shows them decides how fast.
//
// # How exact it is
//
// The order of events at one node is the order in which they happened there. Times are
// each node's own, to the millisecond; events of different nodes in one millisecond are
// put so that a block is born before others have it. What leaves no trace is not
// played: payments on their way, connections, and what a killed node had not written.
// One thing is played too early: blocks that reconsiderblock put back on top of the tip
// join right after the reorganisation that took them away.
//
// # Errors
//
// A journal that does not fit its tree (a rebuilt database may have lost entries) is
// no error: the tip jumps, and the event says so (Gap).
package replay
