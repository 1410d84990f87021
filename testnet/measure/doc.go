// Package measure compares a running testnet with its service level objectives.
//
//	events.jsonl ─────► intervals: which nodes could reach each other, and when ──┐
//	the nodes' journals ──────────────────────────────────────────────────────────┼─► slo.Judge ─► Report
//	a monitor: health checks, transactions as they enter a mempool ───────────────┘
//
// It knows how to call the nodes of a testnet and how to watch them for a while. It must not
// know how a node is started or connected: it changes nothing.
//
// # Errors
//
// A node whose journal cannot be read is listed as silent. No running node at all is an error.
package measure
