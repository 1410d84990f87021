// Package sim is a network of nodes in virtual time, from one seed.
//
//	seed ──► miners, delays, topology, payments
//	                   │
//	            ┌──────▼──────┐  input   ┌──────────────┐
//	            │ queue of    ├─────────►│ engine.Engine│  one for each node: the real
//	            │ events, by  │          │  chain, pool │  engine, tree, fork choice,
//	            │ time        │◄─────────┤  disk        │  rules and mempool
//	            └──────▲──────┘ effects  └──────────────┘
//	                   └─ with the delay of the link
//
// # What it knows
//
// When what happens: a clock that only events move, links with delays, miners that find blocks at
// random times (a Poisson process, whose rate is the miner's share of the hash power), and people
// who pay. Everything that is random is drawn from the seed. The same seed gives the same bytes:
// a hash of all that happened is part of the result.
//
// # What it must not know
//
// What a node decides, which is the engine's. And the wall clock, goroutines' order, the order of
// maps, the network, the disk: none of them may reach a result. The package builds for js/wasm,
// which proves a part of it.
//
// # Where it differs from real nodes
//
// A block is found when the miner's clock rings, and then solved at the easiest target there is,
// two hashes on average; the difficulty never changes. Gossip reaches each neighbour after the
// link's delay, without GossipSub's mesh; a message that a node has had is not delivered again.
// Signatures are checked once for all nodes.
package sim
