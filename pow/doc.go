// Package pow is the lottery: which hashes win, how much work a win stands
// for, how hard the next draw must be, and how to buy tickets fast.
//
// # What it knows
//
// A hash is read as a number of 256 bits. A miner changes the nonce, the last
// four bytes of the header, until that number is not larger than the target. All
// hashes are equally likely, so nothing but trying helps, and the target alone
// says how many tries a win takes (whitepaper §4):
//
//	0                target                                       2^256
//	|==== winners ====|------------------ losers ------------------|
//
//	chance of one try   (target+1) / 2^256
//	tries on average     2^256 / (target+1)     this is the Work of one block
//
// Work is added up along a chain, and the chain with the most of it is the one
// that took the most tries to make. Counting blocks would not do: a thousand easy
// ones cost less than one hard one.
//
//	target.go    Target, and the four bytes "bits" that stand for it in a header
//	work.go      Work, the sum by which branches are compared
//	retarget.go  the next target, from how long the last blocks took
//	search.go    the search for a nonce; internal/sha256d does the hashing
//	uint256.go   the little arithmetic on 256 bits that the others need
//
// # What it must not know
//
// Which target a block is supposed to have, and when it changes: that takes the
// chain and its parameters (package chain). It reads no clock and draws no random
// number; the caller says where the search starts and when it ends.
//
// # Errors
//
// Only reading bits can fail, with one of the constants of type [BadBits].
//
// # Where it differs from Bitcoin
//
// In results, nowhere that Bitcoin ever was. Core multiplies a target by a time
// in 256 bits and silently loses what does not fit; here nothing is lost
// ([Retarget]). And a network with absurdly quick blocks cannot compute itself a
// target of zero here.
package pow
