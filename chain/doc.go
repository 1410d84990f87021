// Package chain is the rules and the choice among histories: what makes a block
// valid, what it does to the coins, and which of several branches is the chain.
//
// # What it knows
//
// Two things, and it keeps them apart.
//
// The rules are functions of values. A [State] is what must be known of a
// history; the coins that a block needs are gathered first and handed in; the
// answer is the next State and a [Delta]:
//
//	Needs(state, block)             ──►  outpoints   (somebody looks them up)
//	ApplyBlock(state, block, coins) ──►  next state, delta   or the rule it breaks
//	delta.Inverse()                 ──►  the way back
//
// ApplyBlock is the one judge. A new tip, a side branch, a miner's template, the
// simulator and the fuzzers all ask it, and there is no flag to skip a check.
//
// The [Tree] keeps every header of every branch, and chooses: the most
// accumulated work wins, of equals the first seen stays. It moves the tip by
// going back to the fork and forward again on an overlay of the coin set, and
// hands the whole move to its [Disk] as one [Commit]:
//
//	             ┌── 4a ── 5a          the old tip
//	1 ── 2 ── 3 ─┤
//	             └── 4b ── 5b ── 6b    more work: revert 5a 4a, apply 4b 5b 6b
//
// What happened is a return value, the [Change], with the journal's account of a
// reorganisation in it: which payments of 4a and 5a are confirmed again, which
// went back to be mined later, and which are impossible now.
//
// # What it must not know
//
// Peers, disks and clocks. The time comes in as an argument, the disk is an
// interface of four methods, and who sent a block is somebody else's business.
//
// # Errors
//
// A broken rule is a [Rule], wrapped in where it was broken; [Condemns] says
// whether it condemns the block's hash for ever. [ErrKnown], [ErrNoParent] and the
// rule [TimeTooNew] mean "not now". Any other error is the disk's.
//
// # A reading order
//
//	state.go    headers: time, target, work
//	check.go    a transaction and a block alone; lock times
//	apply.go    a block on its history: coins, fees, reward
//	spend.go    signatures, on all cores and once each
//	tree.go     branches and the choice among them
//	reorg.go    moving the tip
//	overlay.go  the coin set while it moves
//	query.go    asking the tree; manual.go  overruling it
//	params.go   what a network's nodes agree on; paramsfile.go  the same as a file
//
// # Where it differs from Bitcoin
//
// No SegWit, no script interpreter: [P2PKH] is the only way to spend, and an
// output with another script is legal and lost. BIP16, which would look into such
// scripts, does not exist here. The rules of BIP34, 65, 66, 68 and 113 hold from
// block 1 on every network but main, without a vote of miners. Bitcoin Core's
// optional rule against the time warp at a retarget (BIP94) is not enforced, and
// never broken by our own miner.
//
// # Exercises
//
//  1. Make the fork choice prefer the longer chain instead of the heavier one
//     (node.better). TestMostWorkNotMostBlocks fails: an attacker can make many
//     easy blocks.
//  2. Let equal work win, too. TestEqualWorkKeepsFirstSeen fails, and two halves
//     of a network would swap tips for ever.
//  3. Retarget over 2,016 intervals instead of 2,015 (State.NextBits).
//     TestRetargetHistory fails at Bitcoin's block 32,256.
//  4. Forget the overlay and look coins up at the old tip only (overlay.gather).
//     TestReorgSpendsAcrossTheFork fails.
package chain
