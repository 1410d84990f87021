// Command bench compares toychain with btcd, in one run on one machine. Start it with
// bench/run, which needs Go and nothing else; with a C compiler there are rows for the build
// whose signatures Bitcoin Core's library checks, too.
//
// # What it knows
//
// How to start both as real processes on loopback, and what a user can observe of them: their
// RPC, which is the same dialect, and the memory that the operating system reports. Both are
// given the same blocks of Bitcoin's regtest, byte for byte. What needs no node (hashing
// headers, checking signatures) is measured in this process.
//
//	chains.go     the blocks: empty ones, ones full of payments, two branches
//	subject.go    toychain and btcd: how each is started and connected to the other
//	process.go    a child process: its start, its memory, its end
//	rows.go       the rows of the table, each with its target
//	nodes.go      measuring nodes: catching up, propagation, restarts, memory
//	kernels.go    measuring without nodes: the nonce search, signatures
//	table.go      the table, as text, Markdown or JSON
//
// # How it measures
//
// The speed of a machine drifts, so only ratios within a run are meaningful. Each row is
// measured in several rounds. In each round every contender has a turn, in alternating order;
// the table shows the median of the rounds. A turn starts with new processes and empty
// directories.
//
// # What it must not know
//
// What is inside a node. It imports packages for making blocks and for talking to nodes, not
// node, store, mempool or p2p: a user could measure whatever it measures.
//
// # Errors
//
// A figure that cannot be measured stops the run with the reason and the end of the node's log.
// A rival without an equivalent is shown as "-". Figures of Bitcoin Core are quoted from an
// earlier measurement, with its date, because Core is not available from Go's module proxy.
package main
