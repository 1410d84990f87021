// Package forge makes what an adversarial peer sends: blocks that break one rule, blocks to withhold,
// and blocks, headers and transactions to flood with.
//
//	m := forge.Maker{Params: params, Now: time.Now, Solve: forge.Search, Rand: rand.Reader}
//	m.Invalid(ctx, &tip, coins, consensus.BadCoinbaseAmount)   a block that pays its miner too much
//	m.Branch(ctx, tip, 4)                                      four valid blocks on the tip
//
// # What it knows
//
// The rules, so as to break one at a time, and work: a node checks that first, so what is made here has
// it. Each method is a function of the values that it gets; only the extra nonce of the next coinbase is
// kept.
//
// # What it must not know
//
// How anything is sent, and to which node: package rogue sends it through libp2p, package virtual to the
// engines of a simulation, where work is spent without a search ([Maker.Solve]).
//
// # Where it differs
//
// From Bitcoin's miners: blocks hold no payments but those of the caller, and pay an unknown key.
package forge
