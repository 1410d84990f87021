package node

import "time"

// Every limit of the driver, with its source.
const (
	// checkBlocks is how many blocks are looked at when a node starts (Core:
	// DEFAULT_CHECKBLOCKS).
	checkBlocks = 6
	// tickEvery is how often the engine gets a Tick.
	tickEvery = 500 * time.Millisecond
)
