package peer

// Limits that both the engine, which decides what to request, and p2p, which carries it,
// must know.
const (
	// MaxHeaders is the most headers in one answer. Core: MAX_HEADERS_RESULTS.
	MaxHeaders = 2000
	// MaxLocator is the most hashes in a locator. Core: MAX_LOCATOR_SZ.
	MaxLocator = 101
	// MaxBlocksAsked is the most blocks one request may name.
	// Core: MAX_BLOCKS_IN_TRANSIT_PER_PEER.
	MaxBlocksAsked = 16
	// MaxTxsAsked is the most transactions one request may name.
	// Core: MAX_GETDATA_SZ.
	MaxTxsAsked = 1000
	// MaxPoolIDs is the most txids in one answer about a pool: they fit in a message of 1 MB.
	// Core's MAX_INV_SZ is 50,000.
	MaxPoolIDs = 30_000
)
