package chain

import "errors"

// Errors that break no rule.
var (
	// ErrKnown: we have this block or header already.
	ErrKnown = errors.New("already known")
	// ErrUnknown: no block with this hash.
	ErrUnknown = errors.New("block not found")
	// ErrGenesis: the first block cannot be invalidated.
	ErrGenesis = errors.New("the genesis block cannot be invalidated")
	// ErrNoBody: the header is known, its transactions are not here.
	ErrNoBody = errors.New("block not available: only its header is known")
)
