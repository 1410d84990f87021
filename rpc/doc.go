// Package rpc is Bitcoin Core's JSON-RPC dialect as toychain speaks it: the types of
// what the methods return, the error codes, and a client.
//
// # What it knows
//
// How values look on the wire, and how to ask a node for them over HTTP:
//
//	your program ──► Client.Tips ──► Call "getchaintips" ──► POST / ──► a node
//	        []Tip ◄── JSON ◄──────── result, or *Error ◄────────────────┘
//
// The types (types.go, types_tx.go, types_net.go and types_own.go) have Core 28's
// member names in Core's order; what toychain adds comes last. [Client] (client.go)
// carries calls; calls.go, calls_net.go and batch.go have a method for each call that
// toychain's own programs make. Any other method is called by name, with [Client.Call].
// The client can also talk to Bitcoin Core.
//
// # What it must not know
//
// How a call is answered: that is package rpc/server. So a program that only calls
// nodes, or reads what one said, links no network stack and no database. A test of the
// whole module holds it to that.
//
// # Errors
//
// An *[Error] if the node refuses a call, with Core's code (codes.go). Otherwise
// [ErrUnreachable] if no node answers, [ErrRefused] if the password is wrong, and
// [ErrBusy] if the node has too many calls to answer already.
package rpc
