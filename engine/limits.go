package engine

import (
	"time"

	"toychain/peer"
)

// Every limit of the engine, with its source.
const (
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
	// maxOrphanBytes is how many bytes they may have together. Parsed, a block of
	// nothing but empty outputs takes three and a half times its bytes. Ours.
	maxOrphanBytes = 8 << 20
	// maxSources is how many blocks we remember the bringers of. Ours.
	maxSources = 4096
	// maxSideDepth is how far below the tip a branch may start, and how far above it
	// a block may be that nobody asked for, if it has not more work than the best
	// chain: nobody needs it, and keeping it costs memory (DESIGN: side branches too
	// far behind or ahead; the figure is Core's MIN_BLOCKS_TO_KEEP).
	maxSideDepth = 288
	// headersAhead is how far above the tip headers are asked for before their
	// blocks have come: what somebody who has only headers can make us keep. Ours.
	headersAhead = 20_000
	// idleHeaders is how many headers of one peer are kept, from near the tip, that have
	// not more work than the tip. Ours: one answer.
	idleHeaders = peer.MaxHeaders
	// emptyClaims is how often in a row a peer may claim more work than we know of and
	// have no header to show for it. Ours: an honest one does that once, when its own
	// user takes back a block between its word and our question.
	emptyClaims = 10
	// headersShown is how many headers of a branch that starts far below the tip are
	// looked at until they must have more work than the tip. Ours.
	headersShown = 1_000_000
	// flushBlocks and flushBytes are how much may wait while catching up until it
	// is written: what a crash would have to download again. Ours.
	flushBlocks = 500
	flushBytes  = 1 << 20
	// noteSize is how many bytes a young block has that is worth noting down: about a
	// hundred payments. Ours.
	noteSize = 20_000
	// maxTipAge is how old a block is that a node must be catching up with (Core:
	// DEFAULT_MAX_TIP_AGE).
	maxTipAge = 24 * time.Hour
	// txsPerAsk is how many pending transactions are asked for at once (p2p
	// refuses more than 1000).
	txsPerAsk = 500
	// txAsks is how many such requests, for the parents of orphans, may be under way to
	// one peer; more orphans are kept, but their parents not asked for. Ours.
	txAsks = 8
	// poolEvery is how often some peer is asked for its pool again. Ours: Core's lines lose
	// nothing, and its wallet repeats a payment after a day at most.
	poolEvery = 10 * time.Second
)
