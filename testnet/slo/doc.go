// Package slo holds a network against what it promises: its service levels.
//
//	what the nodes wrote down ──► History ──► Observations ──► Judge ──► Levels
//	what was seen by watching ──────────────────────┘            ▲
//	                                          targets (Parse) ───┘
//
// # What it knows
//
// What makes a service level: a kind of event, when one counts as good, and what share
// of them must be good. A percentile is the same thing said differently: "p95 within a
// second" is kept exactly if 95 of 100 take a second at most. From that follows the error
// budget: of 100 events 5 may be bad; 2 were, so 60 % of the budget is left.
//
// And how to read events out of what nodes keep: a block arrives at a node, the nodes
// agree after a heal, a block goes stale.
//
// # What it must not know
//
// Nodes and processes, clocks and files: it is functions of values. Whoever calls it
// has asked the nodes; see testnet.Testnet.Levels.
//
// # What counts
//
//   - Propagation: one event for each block and each node but the one where it was
//     born. A block is born where it was first seen. A node that was away (killed, paused) or cut
//     off from there at any moment until it had the block is nobody's fault, so that pair
//     does not count. Nor does a block that is in no node's history any more and did not
//     arrive: nobody owes anyone a stale block.
//   - Agreement: one event for each heal, from the command until all nodes that are not
//     away stand on one tip at one moment. If the network is cut again before, or it is
//     not over yet, the event is open.
//   - Confirmation: one event for each payment, from when the first node had it in its
//     pool until the birth of the block that holds it in the history that counts now. A
//     confirmation that a reorganisation took back is none.
//   - Stale: one event for each block; it is bad if no node has it in its history.
//   - Availability: one event for each time that a node was asked for its health; it is
//     bad if there was no answer, whatever the reason. A node killed on purpose is not
//     available either: that is what a budget is there to be spent on.
//
// An event that is not over yet is open: it is bad if it has taken longer than the
// target already, and does not count otherwise.
//
// # Limits
//
// All times are the nodes' own clocks, in milliseconds: on one machine that is one
// clock. A percentile of few events is one of these events, not an estimate of a law.
package slo
