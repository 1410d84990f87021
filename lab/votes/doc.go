// Package votes holds agreement by votes beside agreement by work: the same cut, the same crashes
// and the same lying nodes, on five engines.
//
//	                 Input                                     Effect
//	world ── Start, Receive, Fired, Propose ──► ┌──────┐ ── Send, After, Decide, Undo ──► world
//	  ▲                                         │ Node │                                    │
//	  │                                         └──────┘                                    │
//	  └──── queue of events, by time; delays, cuts, crashes; one seed ◄─────────────────────┘
//
//	Paxos  paxos.go   single-decree, one instance for each decision
//	Raft   raft.go    go.etcd.io/raft, the library that etcd runs on
//	PBFT   pbft.go    the normal case; pbftview.go: the change of the view
//	Work   work.go    engine.Engine, the node's own
//	Stake  stake.go   the longest chain, by a lottery among coins
//
// # What it knows
//
// Five ways to agree. Each is a [Node]: one method, Step, which takes an [Input] and returns
// [Effect]s, as engine.Engine does. A node has no clock, network, randomness or goroutine; even a
// timer's time is drawn by the world. So the five can be read beside each other, and what differs
// between them is the protocol.
//
// A lying node is a [twin]: two honest ones under one name, each of which shows itself to a part
// of the others. It votes twice and forges nothing. That is enough to break what can be broken.
//
// # What it must not know
//
// A terminal, files, the wall clock, or any randomness but that of the seed. The same seed gives
// the same bytes; a hash of all messages is part of the result.
//
// # What is left out
//
//	Paxos  a leader that lasts over many decisions (Multi-Paxos): phase 1 is run each time
//	Raft   nothing of the library; its timers are the world's, because its own are not seeded
//	PBFT   checkpoints, signatures (the world says truly who sent a message, and a certificate
//	       names its signers) and clients that collect replies; a view change carries the whole log
//	Work   transactions; gossip over several hops: each node is connected to each
//	Stake  keys and signatures, secret lotteries (VRF), rewards, delegation, and all gadgets that
//	       make blocks final (Casper, Tendermint): those are votes, and behave as PBFT does
//
// # Errors
//
// That a result disagrees with the theory is no error: it is the result. An error is our own bug,
// or that the run was interrupted.
package votes
