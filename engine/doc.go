// Package engine is the node as a state machine: inputs in, effects out. It decides
// everything that a node decides, and does nothing.
//
// # What it knows
//
//	             inputs                                effects
//	p2p    ── block, tx, headers, status ──► ┌────────┐ ── request, publish, penalize ──► p2p
//	rpc    ── block, tx, override ─────────► │ Engine │ ── result ─────────────────────► rpc
//	clock  ── tick ────────────────────────► └────────┘ ── event ──────────────────────► logs, subscribers
//	                                           │    │
//	                               chain.Tree ─┘    └─ mempool.Pool
//
// [Engine.Step] takes one [Input] and the time, and returns [Effect]s. The engine has no
// network, no clock, no randomness and no goroutine: the same inputs in the same order
// give the same effects and the same bytes on disk. Package node drives it for real; a
// test leads several engines by hand through a fork and a heal; a simulator can run a
// thousand of them in virtual time.
//
// # How a node catches up
//
//	status     each peer states its tip and its work, when it connects and at each new tip
//	headers    from a peer that claims more work: 80 bytes each, validated before anything else
//	presync    a branch that forks far below the tip must show its work before it is kept
//	bodies     the missing ones, lowest first, at most 16 in flight from each peer that has them
//	mempool    once caught up: what the peer has pending
//
// # What it must not know
//
// libp2p, LevelDB, files, JSON, the wall clock. The package builds for js/wasm, which
// proves it.
//
// # Errors
//
// [Classify] is the one place where an error becomes a verdict: valid, invalid (the sender
// is penalized, gossip rejects), not now (no peer is to blame), or internal (our own disk:
// the node stops and says so).
//
// # Where it differs from Bitcoin
//
// Gossip and sync are libp2p's and ours, not Bitcoin's peer-to-peer protocol. Core downloads
// the headers of a low-work branch twice and compares a commitment (presync and redownload);
// toychain counts their work the first time and keeps them the second time, so that a peer
// can waste our memory only as fast as it can do proof of work. A header chain with the most
// work whose blocks no peer delivers is not a tip and holds nothing up; the peer that sent it
// is disconnected, because a peer that shows a chain must have it.
package engine
