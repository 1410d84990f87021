package engine

import (
	"time"

	"toychain/peer"
)

// Every limit of the engine, with its source.
const (
	// blockWindow is how far above the last complete block bodies are requested (Core:
	// BLOCK_DOWNLOAD_WINDOW).
	blockWindow = 1024
	// minStall and maxStall bound how long a peer may take to deliver before another peer
	// is asked; the time doubles at each stall and shrinks again (Core:
	// BLOCK_STALLING_TIMEOUT_DEFAULT and _MAX).
	minStall = 2 * time.Second
	maxStall = 64 * time.Second
	// maxOrphanBlocks is how many blocks without a known parent are kept while their
	// ancestors are requested (DESIGN: 100).
	maxOrphanBlocks = 100
	// maxOrphanBytes is how many bytes they may have together. Ours.
	maxOrphanBytes = 4 << 20
	// maxSideDepth is how far below the tip a branch may fork, and how far above the tip a
	// block may be that we did not request, unless it has more work than the best chain:
	// keeping it costs memory (DESIGN: side branches too far behind or ahead; the figure is
	// Core's MIN_BLOCKS_TO_KEEP).
	maxSideDepth = 288
	// maxSideBytes is how many bytes of side blocks that we did not request are kept at once,
	// and again in each minute, from all peers together, and maxPeerSideBytes of one peer. Ours.
	maxSideBytes     = 8 << 20
	maxPeerSideBytes = 4 << 20
	// headersAhead is how far above the tip headers are requested before their blocks are
	// here: what a peer that has only headers can make us keep. Ours.
	headersAhead = 20_000
	// maxUselessHeaders is how many headers of one peer are kept, from near the tip, that do
	// not have more work than the tip. Ours: one answer.
	maxUselessHeaders = peer.MaxHeaders
	// maxEmptyClaims is how often in a row a peer may claim more work than we know of and
	// send no header. Ours: an honest peer does that once, when its own user invalidates a
	// block between its status and our request.
	maxEmptyClaims = 10
	// maxPresyncHeaders is how many headers of a branch that forks far below the tip are
	// counted until they must have more work than the tip. Ours.
	maxPresyncHeaders = 1_000_000
	// flushBlocks and flushBytes are how much may wait while catching up until it
	// is written: what a crash would have to download again. Ours.
	flushBlocks = 500
	flushBytes  = 1 << 20
	// syncWithin is how soon after a write a tick is wanted, which syncs it: see Save. Ours.
	syncWithin = 500 * time.Millisecond
	// announceWithin is how soon our peers are told of a new tip while we catch up: see announce. Ours.
	announceWithin = time.Second
	// maxTipAge is how old a block is that a node must be catching up with (Core:
	// DEFAULT_MAX_TIP_AGE).
	maxTipAge = 24 * time.Hour
	// txsPerRequest is how many pending transactions are requested at once (p2p refuses more
	// than 1000).
	txsPerRequest = 500
	// maxTxRequests is how many such requests, for the parents of orphans, may be in flight
	// to one peer; more orphans are kept, but their parents are not requested. Ours.
	maxTxRequests = 8
	// minMempoolWait is how long it takes until one of the peers is asked for its mempool again;
	// twice as long each time, up to maxMempoolWait, until one has something new, a peer joins
	// or a branch loses. Ours: Core's links lose nothing, and its wallet broadcasts a transaction
	// again within a day.
	minMempoolWait = 10 * time.Second
	maxMempoolWait = 80 * time.Second
)
