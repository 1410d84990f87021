package node

import "time"

// Every limit of the driver, with its source.
const (
	// checkBlocks is how many blocks are looked at when a node starts (Core:
	// DEFAULT_CHECKBLOCKS).
	checkBlocks = 6
	// tickEvery is how often the engine gets a Tick.
	tickEvery = 500 * time.Millisecond
	// deepMove is how many blocks leave or join when a move of the tip is so long that others
	// are answered while the disk is awaited.
	deepMove = 100
	// tellMoveEvery is how often the log tells how far a long move of the tip is.
	tellMoveEvery = 2 * time.Second
)
