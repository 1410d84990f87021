package chain

import "errors"

// ConnectError is the error of a block that broke a rule only when it was connected: its
// header and its body hold, and what fails are the coins that it spends or creates, or a
// block below it. Which node sent such a block says nothing about that node: it may have
// stored the block on a side branch, unconnected, as this one would have done.
type ConnectError struct{ Err error }

func (e *ConnectError) Error() string { return e.Err.Error() }

func (e *ConnectError) Unwrap() error { return e.Err }

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
