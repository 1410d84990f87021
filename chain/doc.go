// Package chain keeps every branch of the block tree and chooses among them: which history
// is the chain, and how to move from one to another.
//
// # What it knows
//
// The [Tree] keeps every header of every branch. Fork choice: the most accumulated work wins;
// on equal work the branch that was complete first stays. A branch counts when all its blocks
// are here and none is known to break a rule; package consensus says which do.
//
//	             ┌── 4a ── 5a          the old tip
//	1 ── 2 ── 3 ─┤
//	             └── 4b ── 5b ── 6b    more work: disconnect 5a, 4a; connect 4b, 5b, 6b
//
// A reorganisation goes back to the fork and forward again on an overlay of the coin set, and
// is handed to the [Disk] as one [Commit]: a crash leaves the old tip or the new one. Bodies
// come first, as in Core, whose block files are written before the coins:
//
//	header and body hold ──► Put: the block is stored ──► coins and signatures hold ──► Commit: it is connected
//	                              └ after a crash here ConnectStored goes on
//
// So every body that a tip stands on is on the disk before the tip is, and one Commit may be
// of many blocks. What happened is a return value. The values contain each other like this:
//
//	Change            what happened to the best chain: from which tip to which
//	 ├─ Step          one block leaves or joins
//	 │   └─ Delta     the coins that it removes and adds (package consensus)
//	 ├─ Reorg         if blocks left: the journal's entry, what became of each transaction
//	 └─ Failure       a block that turned out to be invalid when its turn came
//
//	Commit            the same on its way to the disk: Steps, Reorgs, the sum of all Deltas,
//	                  and an Entry for each header whose status changed
//
// # A reading order
//
//	tree.go        headers and bodies come in; the choice among branches
//	reorg.go       moving the tip; the journal
//	overlay.go     the coin set while the tip moves
//	write.go       what goes to the disk, and when it is safe there
//	query.go       asking the tree: locators, tips, ancestors
//	outline.go     asking a large tree: what is near its forks, what changed
//	invalidate.go  a user overrides the choice
//	verify.go      signatures on all cores, each once
//	disk.go        the types above, and what the tree needs of its storage
//
// # What it must not know
//
// Peers, disks and clocks. The time is an argument and the disk is an interface of seven
// methods.
//
// # Errors
//
// A broken rule is a consensus.Rule. [ErrKnown], consensus.ErrNoParent and the rule
// consensus.TimeTooNew mean "not now". Any other error is the disk's, and the tree must not
// be used after it.
//
// # Where it differs from Bitcoin
//
// Core keeps its block index, its coins and its block files in three places with three ways
// to the disk; here there is one, which keeps the order of the writes. The journal of
// reorganisations is our own.
//
// # Exercises
//
//  1. Make the fork choice prefer the longer chain instead of the heavier one
//     (node.better). TestMostWorkNotMostBlocks fails: an attacker can make many
//     easy blocks.
//  2. Let equal work win, too. TestEqualWorkKeepsFirstSeen fails, and two halves
//     of a network would swap tips for ever.
//  3. Retarget over 2,016 intervals instead of 2,015 (State.NextBits in package
//     consensus). TestRetargetHistory fails at Bitcoin's block 32,256.
//  4. Skip the overlay and look coins up at the old tip only (overlay.lookUp).
//     TestReorgSpendsAcrossTheFork fails.
package chain
