// Package rpc is Bitcoin Core's JSON-RPC dialect as toychain speaks it: the types of
// what the methods return, the error codes, and a client.
//
// # What it knows
//
// How values look on the wire, what can be called, and how to call it over HTTP:
//
//	your program ──► Client.Tree ──► GetBlockTree.Call ──► POST / ──► a node
//	         Tree ◄── JSON ◄──────── result, or *Error ◄──────────────┘
//
// Each method is described once, by a [Method] (methods_chain.go, methods_tx.go,
// methods_net.go, methods_own.go): its name, its parameters, the type of its result,
// its help text. The server answers by the same descriptions. The types of results
// (types.go, types_tx.go, types_net.go, types_own.go) have Core 28's member names in
// Core's order; what toychain adds comes last.
//
// A [Client] (client.go) carries calls. calls.go has a method of it for each call that
// toychain's programs make often; any other is made with [Method.Call], or by name with
// [Client.Call]. The client can also talk to Bitcoin Core.
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
