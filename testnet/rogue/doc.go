// Package rogue is an adversarial peer, for tests and scenarios that check how honest nodes
// react to it.
//
//	p, err := rogue.Join(ctx, rogue.Config{Params: params, Call: node.Net().Addrs()})
//	p.InvalidBlock(ctx, consensus.BadCoinbaseAmount)   a block that pays its miner too much
//	p.Refused(ctx)                                     … for which every node bans the peer
//
// # What it knows
//
// Peers (package p2p, whose own [p2p.Net] it uses: only the answers are different), blocks,
// the rules, so as to break one at a time, and work: its blocks have real proof of work, which
// nodes check first (package forge makes them). Otherwise it is a peer like any other, on the chain with the most work.
//
//	InvalidBlock        a block that breaks one rule
//	Withhold, Release   blocks that are announced only later
//	Flood, StopFloods   many messages of a kind, see Kind
//	Config.Tell         false addresses of peers, see Target and Misplaced
//
// # What it must not know
//
// Processes, testnets, RPC, or how a node is made: it has addresses and what comes from there.
// It connects to no others, so that in a partition it stays where it was put.
//
// # What a node must do
//
// A peer is banned for [p2p.BanTime] for what it must have known to be wrong: blocks and
// transactions that break a rule which every node checks before it relays them (see
// [forge.Penalized]), malformed messages, and claims and headers without work. An orphan, an old side
// block and an idle connection break no rule: an honest peer with a bad link may send them. Those
// are bounded instead. A ban is of a key: a rogue that comes back with a new one ([Join] again) is
// accepted, so each limit holds for the node as a whole or for a connection.
//
// # Errors
//
// They say what this peer could not do, never how a node reacted: see [Peer.Refused] and
// [Peer.Connected].
package rogue
