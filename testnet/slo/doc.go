// Package slo compares a network with its service level objectives.
//
//	what the nodes recorded ──► History ──► Observations ──► Judge ──► Levels
//	what a monitor saw ──────────────────────────┘            ▲
//	                                       targets (Parse) ───┘
//
// # What it knows
//
// A service level objective: a kind of event, when one counts as good, and what share of them
// must be good. A percentile is the same: "p95 within a second" is met exactly if 95 of 100
// take a second at most. From that follows the error budget: of 100 events 5 may be bad; 2
// were, so 60 % of the budget is left.
//
// And how to find events in what nodes record: a block arrives at a node, the nodes agree
// after a heal, a block becomes stale.
//
// # What it must not know
//
// Nodes and processes, clocks and files: it is functions of values. Package measure calls the
// nodes.
//
// # What counts
//
//   - Propagation: one event for each block and each node but the first one that had it. A pair
//     does not count if the node was down, paused or cut off from the first one at any moment
//     until it had the block, nor if the block is on no best chain any more and did not arrive.
//   - Agreement: one event for each heal, from the command until all nodes that run are on one
//     tip at one moment. If the network is partitioned again before, the event is open.
//   - Confirmation: one event for each payment, from the first mempool until the first node has
//     the block that holds it on the present best chain. A confirmation that a reorganisation
//     took back does not count.
//   - Stale: one event for each block; it is bad if it is on no node's best chain.
//   - Availability: one event for each health check of a node; it is bad if there was no answer,
//     whatever the reason, also for a node that was killed on purpose.
//
// An event that is not over yet is open: it is bad if it has taken longer than the target
// already, and does not count otherwise.
//
// # Limits
//
// All times are the nodes' clocks, in milliseconds: on one machine that is one clock. A
// percentile of few events is one of these events, not an estimate.
package slo
