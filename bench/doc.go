// Command bench measures toychain beside btcd, in one run on one machine. Start it
// with bench/run, which needs Go and nothing else.
//
// # What it knows
//
// How to start both as real processes on loopback, and what a user can see of them:
// their RPC, which is the same dialect, and the memory that the system says they
// take. Both are given the same blocks, byte for byte, of Bitcoin's regtest. What
// has no process (hashing headers, checking signatures) is measured in this one.
//
//	chains.go     the blocks: empty ones, ones full of payments, two branches
//	subject.go    toychain and btcd: how each is started and told of the other
//	process.go    a child process: its start, its memory, its end
//	rows.go       the rows of the table, each with its target
//	nodes.go      measuring nodes: catching up, propagation, restarts, memory
//	kernels.go    measuring without nodes: the nonce search, signatures
//	table.go      the table, as text, Markdown or JSON
//
// # How it measures
//
// A machine's speed drifts, so only ratios within a run mean anything. Each row is
// measured in several rounds, and in each round everybody has a turn, every second
// time in the opposite order; the median of the rounds is what the table shows. A
// turn starts with new processes and empty folders.
//
// # What it must not know
//
// What is inside a node. It imports packages for making blocks and for talking to
// nodes, not node, store, mempool or p2p: whatever it measures a user could.
//
// # Errors
//
// A figure that cannot be measured stops the run with the reason and the end of the
// node's log. A rival that has no such thing is shown as "-". Figures of Bitcoin
// Core are quoted from an earlier measurement, with its date, because Core cannot
// be had from Go's module proxy.
package main
