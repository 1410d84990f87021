// Package consensus holds the rules: which block may follow which history, and what it
// does to the coins. Every rule is a function of values.
//
// # What it knows
//
// A [State] is what the rules must know of a history. A block names the coins that it
// needs; the caller looks them up and passes them in; the answer is the next State and a
// [Delta], the change of the coin set, or the [Rule] that the block breaks:
//
//	                    Needs(state, block) ──► outpoints
//	                                               │  the caller looks them up
//	                                               ▼
//	state, block, verifier ──────────────────►  ApplyBlock  ◄── coins
//	                                               │
//	                                               ▼
//	                          next state, delta     or     "tx 3: input 1: bad-txns-…"
//
// [ApplyBlock] is the only validator. A new tip, a block of a side branch, a miner's
// template, the simulator and the fuzzers all call it, and no flag skips a check. Undo is
// [Delta.Inverse]. How signatures are checked, on how many cores and with which cache, is
// an argument, the [Verifier]: it changes the cost and never the answer.
//
// # A reading order
//
//	state.go    a header after its history: time, target, work
//	check.go    a transaction and a block on their own; lock times
//	apply.go    a block after its history: coins, fees, reward
//	spend.go    who may spend a coin
//	coin.go     coins, and the change that a block makes
//	rules.go    the name of each rule
//	params.go   what the nodes of one network agree on
//
// # What it must not know
//
// Branches and which of them is best, disks, peers, clocks, caches, goroutines. The same
// values give the same answer, today and in a replay in ten years.
//
// # Errors
//
// A broken rule is a [Rule], wrapped in the place where it is broken; [Condemns] reports
// whether the block's hash can never become valid. [ErrNoParent] and the rule [TimeTooNew]
// mean "not now".
//
// # Where it differs from Bitcoin
//
// There is no SegWit and no script interpreter: [P2PKH] is the only way to spend. An output
// with another script is legal, and its coin is lost. BIP16, which would look into such
// scripts, does not exist here. The rules of BIP34, 65, 66, 68 and 113 hold from block 1 on
// every network but main, without a vote of miners. Core's optional rule against the time
// warp at a retarget (BIP94) is not enforced, and our own miner never breaks it.
package consensus
