// Package measure holds a running testnet against its service level objectives.
//
//	events.jsonl ─────► intervals: which nodes could reach which, and when ──┐
//	the nodes' journals ─────────────────────────────────────────────────────┼─► slo.Judge ─► Service
//	a monitor: health checks, payments as they enter a mempool ──────────────┘
//
// It knows how to ask a testnet and how to watch it for a while. It must not know how a
// node is started or connected: it changes nothing.
//
// # Errors
//
// A node that does not tell is listed as silent. No running node at all is an error.
package measure
