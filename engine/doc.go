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
// # What a driver must do
//
// A driver owns the engine: it calls it from one goroutine, and hands it one input after
// the other.
//
//		change, err := e.Start(now)             // once, before the first input
//		for input := range inputs {
//			input, pass := e.Check(now, input)  // of a block from gossip only: pass it on now?
//			effects, err := e.Decide(now, input)
//			...                                 // PublishBlock may be carried out here
//			err = e.Save()
//			...                                 // all other effects, in their order
//		}
//		err := e.Stop()                         // once, after the last input
//
//	  - A block for which Check says so goes to the other peers BEFORE Decide validates it in full.
//	  - Every effect but PublishBlock is carried out AFTER Save has returned, because it tells
//	    a user or a peer of something that a crash must not take back. A block of our own may
//	    go to the peers BEFORE: they validate it themselves, and need not wait for our disk.
//	  - The effects of one input are started, in their order, BEFORE the next input is handed
//	    in. How they end is a later input: [RequestDone], for example.
//	  - A [Tick] comes every half second or so, whatever else happens: what is on its way to
//	    the disk is synced then, and what waits for more is written.
//	  - After an error of Start, Decide, Save or Stop no effect is carried out and the engine
//	    is not used again: the tree in memory is ahead of the disk. A new one starts from
//	    what is stored.
//
// What the disk must do is said at [chain.Disk]: keep the order of the writes, and each of
// them whole. In return the disk holds after any crash the old tip or the new one, with the
// bodies, coins and indexes that belong to it, and Start connects the blocks that were
// stored behind it. Of what an effect told, this is there (save.go):
//
//	                                  after a kill    after a power cut
//	a block, following the tip        yes             yes
//	a submitted block, syncing        yes             those of the last second may be missing
//	a peer's block, syncing           perhaps         perhaps: it is requested again
//	an override, a reorganisation     yes             yes
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
