// Package rogue is a peer that lies: a program's hand on the network's other end,
// for tests and scenarios that ask how honest nodes take it.
//
//	p, err := rogue.Join(ctx, rogue.Config{Params: params, Call: node.Net().Addrs()})
//	p.InvalidBlock(ctx, chain.BadCoinbaseAmount)    a block that pays too much
//	p.Refused(ctx)                                  … and nobody talks to it any more
//
// # What it knows
//
// Peers (package p2p, whose own [p2p.Net] it uses: nothing but the answers are
// another's), blocks, the rules, so as to break one at a time, and work: what it
// makes up has real proof of work, for nodes look at that first. Until it is told
// to lie it is a peer like any other: it follows the chain with the most work.
//
//	lies      InvalidBlock      one block that breaks the rule you name
//	          Withhold, Release blocks that nobody is shown until later
//	          Boast             the most work in the world, and nothing to show for it
//	floods    Flood             many of a kind: see Kind
//	          Calm              ends what a flood holds open
//
// # What it must not know
//
// Processes, testnets, RPC, or how a node is made: it has the addresses it was
// given and what comes from there. It talks to no others, so that in a network that
// is cut it stands where it was put.
//
// # What a node owes it
//
// Who breaks a rule is dropped and refused for [p2p.BanTime]: that goes for invalid
// blocks and payments, for garbage, and for claims and headers with nothing behind them.
// An orphan, an old side block, a connection that says nothing
// break none: they may come from an honest peer behind a bad line. Those are bounded
// instead. A ban is of a key. A liar that comes back with a new one ([Join] again) is
// let in, and has nothing to lose but what it does next: each of the limits holds for
// the node as a whole, or for a connection, never for a name's good behaviour.
//
// # Errors
//
// They say what this peer could not do, never what a node thought of it: that is for
// [Peer.Refused] and [Peer.Welcome], and for the nodes themselves.
package rogue
