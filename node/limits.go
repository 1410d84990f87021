package node

import "time"

// Every limit of the driver, with its source.
const (
	// maxBirths is how many blocks' ages are remembered, and maxDue how many more that
	// came wait for somebody to say how old they are. Of what comes faster, as in a first
	// download, nothing is told. Ours.
	maxBirths = 2000
	maxDue    = 500
	// ageEvery is how often a peer is asked for ages at most, ageTimeout how long it may
	// take, and agePatience how long it may not know yet. Ours.
	ageEvery    = 250 * time.Millisecond
	ageTimeout  = 2 * time.Second
	agePatience = 10 * time.Second
	// checkBlocks is how many blocks are looked at when a node starts (Core:
	// DEFAULT_CHECKBLOCKS).
	checkBlocks = 6
	// tickEvery is how often a node's engine is told that time has passed.
	tickEvery = 500 * time.Millisecond
)
