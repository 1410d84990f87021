// Package node is the real node: it drives an engine with libp2p, LevelDB and the wall
// clock.
//
// # What it knows
//
// A [Node] owns one goroutine that calls the [engine.Engine] (loop.go). All others, libp2p's
// goroutines, RPC calls, the miner, send that goroutine a function and wait: if the call
// returns an error, the function did not run. Validation happens on that goroutine, but
// signatures are spread over all cores, and parsing and sending happen elsewhere
// (effects.go).
//
//	loop.go         the goroutine, its mailbox, one input at a time
//	effects.go      carrying effects out; what p2p asks of the node
//	miner.go        templates and the nonce search
//	events.go       subscribers
//	mempoolfile.go  the mempool in a file, from a clean end to the next start; restore.go reads it
//
// # What it must not know
//
// JSON, command lines, other nodes' processes.
//
// # Errors
//
// Trouble with the disk ends the node: what is in memory is ahead of the disk, so nothing
// may be built on it. [ErrStopped] is returned to calls that come too late.
//
// # Where it differs from Bitcoin
//
// Core's validation is called from many threads under one lock, cs_main. Here one goroutine
// owns the state, and the lock is a mailbox.
package node
