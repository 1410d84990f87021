// Package node is the node itself: an engine that decides, and a loop that lets it
// decide about the real world.
//
// # What it knows
//
//	                 inputs                          effects
//	p2p  ── block, headers, status ──►  ┌────────┐  ── ask, publish, blame ──►  p2p
//	rpc  ── block, payment, overrule ─► │ Engine │  ── answer ──►               rpc
//	clock ── tick ───────────────────►  └────────┘  ── happened ──►             logs, watchers
//	                                      │    │
//	                          chain.Tree ─┘    └─ mempool.Pool
//
// The [Engine] (engine.go, sync.go, relay.go) is a state machine: [Engine.Step]
// takes one [Input] and the time, and returns [Effect]s. It has no network, no
// clock, no randomness and no goroutine, so a test can lead several engines by
// hand through a fork and a heal, and a simulator can run a thousand of them in
// virtual time: the same inputs give the same bytes.
//
// The [Node] (node.go, loop.go, effects.go) owns one goroutine that calls the engine.
// Everybody else, libp2p's goroutines, RPC calls, the miner, sends that goroutine a
// function and waits: if the call returns an error, the function did not run.
// Validation happens there, but signatures are spread over all cores, and parsing
// and sending happen elsewhere. At a clean end the pool goes into a file
// (poolfile.go), and is judged again, payment by payment, at the next start.
// How old a block was when it came, it asks the peer that brought it (births.go):
// nothing is decided by that, so the engine does not know of it.
//
// # How a node catches up (sync.go)
//
//	status     each peer tells its tip and its work, on connecting and at each new tip
//	headers    from a peer with more work: 80 bytes each, judged before anything else
//	claims     a branch from far below has to show its work first (claims.go)
//	bodies     the missing ones, lowest first, 16 at once from each peer that has them
//	pool       once caught up: what the peer has pending; again when it changed branch, and in its turn
//
// Then three things go on at once: bodies are fetched and parsed, those before them
// are checked, on all cores, and those before these are written, many in a batch
// (save.go). Old or large blocks that the node's own user hands in are written in
// batches too, and noted down one by one until then (notes.go).
//
// # What it must not know
//
// JSON, command lines, other nodes' processes. The engine must not know p2p's
// goroutines either: p2p's types, never its functions.
//
// # Errors
//
// [Classify] is the one place where an error becomes a verdict: a rule is broken
// (the sender is blamed, gossip rejects), not now (nobody is), or our own trouble
// with the disk (the node stops and says so).
//
// # Where it differs from Bitcoin
//
// Gossip and sync are libp2p's and ours, not Bitcoin's peer-to-peer protocol. Headers
// of a branch from far below are downloaded twice like Core's (presync), but counted
// the second time instead of compared: a liar wastes our memory only as fast as it can
// do proof of work. A header with the most work of which nobody has the block is no
// tip and holds nobody up; whoever showed it is dropped, because who shows a chain has
// it.
package node
