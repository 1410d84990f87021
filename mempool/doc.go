// Package mempool is what is pending: the transactions that wait for a block,
// which of two that spend one coin stays, which are worth a place, and which the
// next block should hold.
//
// # What it knows
//
// Package chain's rules say what may ever be in a block. The pool asks them first
// and then asks more, its [Policy]: is the form one that a stranger on the way
// cannot rewrite, does the fee pay for the work, is the coin still free, is the
// chain of unconfirmed transactions short enough to be kept account of?
//
//	          Add                        Template
//	tx ──► the rules ──► the policy ──► pool ──► next block
//	          │               │          ▲ │
//	     chain.Rule        Reject        │ └──► evicted, replaced, expired
//	                                     │
//	      parents missing ──► orphans ───┘  when a parent comes
//
// The entries form a graph, parent to child, whose parents are always older than
// their children; each entry carries the sums over its ancestors and its
// descendants. Those two numbers decide everything about money: a transaction is
// mined with its ancestors, so a block chooses by the fee rate of a transaction and
// its ancestors ([Pool.Template]); it leaves with its descendants, so a full pool
// evicts by the fee rate of a transaction and its descendants.
//
//	a 200 sat ──► b 9000 sat      b is mined with a, for (200+9000)/2: "child pays
//	                              for parent". a is worth keeping for b's sake.
//
// # A reorganisation
//
//	1 ── 2 ──┬── 3a ── 4a            3a and 4a held payments. Which are still
//	         └── 3b ── 4b ── 5b      possible waits again; see Pool.Update.
//
// The pool is then built anew, first what was in 3a and 4a, then what waited. So
// a payment that comes back stands before the one in the pool that spends it; one
// whose coin 3b spent for somebody else is conflicted; one that spends the
// coinbase of 3a, which does not exist any more, too; and one that spends an old
// coinbase may be too early again, because the new chain can be shorter.
//
// # What it must not know
//
// Clocks, disks, randomness and goroutines. The time and the [View] of the chain
// are arguments; the same calls give the same answers, on every machine. Who sent a
// transaction, and what becomes of him, is the caller's business: [Condemns] says
// whether he is to blame. Signatures are checked by chain, last of all
// and once: with a chain.Memo in consensus.Params a payment that was checked here is
// not checked again in its block.
//
// # Errors
//
// A [Reject] is the pool's own no, a chain.Rule is everybody's, an [OrphanError] waits;
// anything else is the disk's. Reasons are Bitcoin Core's strings.
//
// # Where it differs from Bitcoin
//
//   - The only output that is passed on is pay to public key hash, or one data
//     carrier with one push.
//   - A payment may be replaced if it or an unconfirmed ancestor announces it, as
//     BIP125 is written; Core never looked at the ancestors (CVE-2021-31876), and
//     since version 28 needs no announcement at all: that is Policy.FullRBF. First
//     seen, first served is the default here, because a learner should see a double
//     spend refused.
//   - What a reorganisation gives back is kept although it pays too little, is of an
//     unusual form, or makes a chain that is too long; Core would drop the last two,
//     and nobody would send them again. Only the size of the pool limits it, and a
//     chain of a thousand.
//   - Orphans leave by age, not by lot, and the minimum fee of a full pool falls in
//     straight lines: the pool must be the same on every machine. Core's twelve hours
//     are 72 blocks' time here.
//   - A block is filled by the fee rate of a transaction and its ancestors; Core takes
//     its own if that is lower.
//   - No package relay, no TRUC, no carve-out, no prioritisetransaction.
//
// # Exercises
//
//  1. Choose for the block by each transaction's own fee rate (paysMore).
//     TestTemplateChildPaysForParent fails.
//  2. After a reorganisation put back what left after what waited
//     (update.rebuild). TestReorgChildOfReturned fails.
//  3. Let any double spend with a higher fee in (Pool.findConflicts).
//     TestRejects fails, and no payment is safe before its block.
package mempool
