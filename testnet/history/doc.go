// Package history reads what was recorded about a test network: what was done to it, and
// what its nodes kept of their lives.
//
//	Action    a line of events.jsonl: partition, heal, kill, clock, …
//	Journal   a node's block tree and its reorganisations
//
//	MergeReorgs     the same reorganisation of several nodes, as one
//	StaleOf         the stale rate of the whole network
//	Clocks          times that a node recorded with a wrong clock, corrected
//
// It must not know how nodes are asked, nor files or processes: it is functions of values,
// which packages replay and measure share.
//
// # Errors
//
// None: a node whose journal could not be read is Silent, and the journal says why.
package history
