// Package mempool holds the transactions that wait for a block. It decides which of two
// transactions that spend the same coin stays, which ones are worth keeping, and which ones
// the next block should hold.
//
// # What it knows
//
// The rules of package consensus decide what a block may ever hold. The pool checks them first
// and then its [Policy]: is the form one that a relaying node cannot change, does the fee pay
// for the work, is the coin unspent in the pool, is the chain of unconfirmed transactions short
// enough?
//
//	          Add                        Template
//	tx ──► the rules ──► the policy ──► pool ──► next block
//	          │               │          ▲ │
//	   consensus.Rule      Reject        │ └──► evicted, replaced, expired
//	                                     │
//	      parents missing ──► orphans ───┘  when a parent arrives
//
// The entries form a graph, parent to child, in which parents are always older than their
// children. Each entry has the sums over its ancestors and over its descendants. Those two
// decide everything about fees: a transaction is mined with its ancestors, so a block selects
// by the fee rate of a transaction with its ancestors ([Pool.Template]); it is removed with its
// descendants, so a full pool evicts by the fee rate of a transaction with its descendants.
//
//	a 200 sat ──► b 9000 sat      b is mined with a, for (200+9000)/2: "child pays
//	                              for parent". a is worth keeping because of b.
//
// # A reorganisation
//
//	1 ── 2 ──┬── 3a ── 4a            3a and 4a held transactions. Those that are still
//	         └── 3b ── 4b ── 5b      possible return to the pool; see Pool.Update.
//
// The pool is then rebuilt, first from 3a and 4a, then from the old pool. So a transaction that
// returns precedes the one in the pool that spends it; one whose coin 3b spent is conflicted,
// and so is one that spends the coinbase of 3a, which no longer exists; and one that spends an
// old coinbase may be too early again, because the new chain can be shorter.
//
// # What it must not know
//
// Clocks, disks, randomness and goroutines. The time and the [View] of the chain are arguments;
// the same calls give the same results on every machine. The pool does not know which peer sent
// a transaction: [Condemns] reports whether the sender is to be penalized, and the caller does
// it. Signatures are checked last, by the [View]'s verifier, which remembers them: a
// transaction that was checked here is not checked again in its block.
//
// # Errors
//
// A [Reject] is the policy's, a consensus.Rule every node's, an [OrphanError] waits for parents;
// any other error is the disk's. Reasons are Bitcoin Core's strings.
//
// # Where it differs from Bitcoin
//
//   - The only outputs that are relayed are pay to public key hash, and one data carrier with
//     one push.
//   - A transaction may be replaced if it or an unconfirmed ancestor signals it, as BIP125 is
//     written. Core never looked at the ancestors (CVE-2021-31876), and since version 28 it
//     requires no signal at all: that is Policy.FullRBF. First seen, first served is the default
//     here, because a learner should see a double spend rejected.
//   - What a reorganisation returns is kept even if it pays too little, has an unusual form, or
//     makes a chain that is too long; Core would drop the last two, and no node would send them
//     again. Only the size of the pool limits it, and a chain of a thousand.
//   - Orphans are removed by age, not at random, and the minimum fee rate of a full pool falls
//     in straight lines: the pool must be the same on every machine. Core's twelve hours are 72
//     times the block interval here.
//   - A block is filled by the fee rate of a transaction with its ancestors; Core takes the
//     transaction's own if that is lower.
//   - What a user adds to the fee of one transaction is at most 21,000 coins, either way: see
//     [Pool.Prioritise].
//   - No package relay, no TRUC, no carve-out.
//
// # Exercises
//
//  1. Select for the block by each transaction's own fee rate (paysMore).
//     TestTemplateChildPaysForParent fails.
//  2. After a reorganisation readmit the transactions of the disconnected blocks after those of
//     the pool (update.rebuild). TestReorgChildOfReturned fails.
//  3. Accept any double spend with a higher fee (Pool.findConflicts). TestRejects fails, and no
//     payment is safe before its block.
package mempool
