package node

import "time"

// Every limit of the engine, with its source.
const (
	// headersPerAnswer is the most headers in one answer: a full one means that
	// there is more (Core: MAX_HEADERS_RESULTS).
	headersPerAnswer = 2000
	// blocksInFlight is how many blocks are asked of one peer at once (Core:
	// MAX_BLOCKS_IN_TRANSIT_PER_PEER).
	blocksInFlight = 16
	// blockWindow is how far above the last complete block bodies are asked for
	// (Core: BLOCK_DOWNLOAD_WINDOW).
	blockWindow = 1024
	// minStall and maxStall bound how long a peer may take for what it was asked
	// before somebody else is asked; it doubles at each stall and shrinks again
	// (Core: BLOCK_STALLING_TIMEOUT_DEFAULT and _MAX).
	minStall = 2 * time.Second
	maxStall = 64 * time.Second
	// maxOrphanBlocks is how many blocks without a known parent are kept while
	// their ancestors are asked for (DESIGN: 100).
	maxOrphanBlocks = 100
	// maxSources is how many blocks we remember the bringers of. Ours.
	maxSources = 4096
	// maxSideDepth is how far below the tip a branch may start if it has not
	// more work than the best chain: nobody needs it, and keeping it costs memory
	// (DESIGN: side branches too far behind; the figure is Core's
	// MIN_BLOCKS_TO_KEEP).
	maxSideDepth = 288
	// flushBlocks and flushBytes are how much may wait while catching up until it
	// is written: what a crash would have to download again. Ours.
	flushBlocks = 500
	flushBytes  = 4 << 20
	// txsPerAsk is how many pending transactions are asked for at once (p2p
	// refuses more than 1000).
	txsPerAsk = 500
	// checkBlocks is how many blocks are looked at when a node starts (Core:
	// DEFAULT_CHECKBLOCKS).
	checkBlocks = 6
	// tickEvery is how often a node's engine is told that time has passed.
	tickEvery = 500 * time.Millisecond
)
