package node

import "time"

// Every limit of the driver, with its source.
const (
	// checkBlocks is how many blocks are looked at when a node starts (Core:
	// DEFAULT_CHECKBLOCKS).
	checkBlocks = 6
	// minTick is how soon after one Tick the engine gets another one.
	minTick = 50 * time.Millisecond
	// idleAfter is for how long nothing may have been written in batches until a node counts as
	// idle.
	idleAfter = 2 * time.Second
	// deepMove is how many blocks leave or join when a move of the tip is so long that others
	// are answered while the disk is awaited.
	deepMove = 100
	// tellMoveEvery is how often the log tells how far a long move of the tip is, or restoring
	// the mempool.
	tellMoveEvery = 2 * time.Second
)
