// Package pow is proof of work: which hashes meet a target, how much work that proves,
// how hard the next block must be, and the search for a nonce.
//
// # What it knows
//
// Proof of work is a lottery, and one try is one hash of a header. The hash is read as
// a number of 256 bits, and it wins if that is at most the target. A miner tries one
// nonce after the other; it is the header's last four bytes. All hashes are equally
// likely, so there is no better way than trying, and the target alone says how many
// tries a block takes on average (whitepaper §4):
//
//	0               target                                       2^256
//	|==== winners ====|------------------ losers ------------------|
//
//	chance of one try   (target+1) / 2^256
//	tries on average     2^256 / (target+1)     this is the Work of one block
//
// Work is added up along a chain, and nodes follow the chain with the most of it, the
// one that took the most tries to make. The number of blocks is no measure: a thousand
// easy blocks can cost less than one hard one.
//
//	target.go    Target, and the four bytes "bits" that stand for it in a header
//	work.go      Work, the sum by which branches are compared
//	retarget.go  the next target, from how long the last blocks took
//	search.go    the search for a nonce; internal/sha256d does the hashing
//	uint256.go   arithmetic on 256 bits
//
// # What it must not know
//
// Which target a block must have, and when it changes: that depends on the chain and
// its parameters (package consensus). It reads no clock and draws no random number; the
// caller says where the search starts and when it ends.
//
// # Errors
//
// [TargetFromBits] returns one of the constants of type [BadBits], wrapped with the
// bits. Nothing else can fail but reading text.
//
// # Where it differs from Bitcoin
//
// In no result that Bitcoin's chain ever had. When Core multiplies a target by a time,
// it keeps 256 bits of the product and silently drops the others; [Retarget] drops
// none, and it never returns a target of zero, to which very fast blocks could lead.
package pow
