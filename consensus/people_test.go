package consensus_test

import (
	"time"

	"toychain/internal/chaingen"
)

var (
	miner = chaingen.Miner
	alice = chaingen.NewKey("alice")
	bob   = chaingen.NewKey("bob")
	carol = chaingen.NewKey("carol")
)

const coin = 100_000_000 // in the smallest unit

// now is a clock that has seen all blocks of the tests go by.
var now = time.Unix(2_000_000_000, 0)
