// Package explorer serves a page that shows a whole network: its block tree, its nodes, and
// what happened, live or recorded.
//
//	nodes ──── Live ──┐                      ┌── /api/snapshot   the state and the last events
//	(rpc.Client)      ├──►  Log  ──► Server ─┼── /api/events     the same, and then what changes
//	trace ──── Play ──┘     (one order)      ├── /block/HASH …   pages that need no JavaScript
//	                                         └── /               the page, from the binary
//
// # What it knows
//
// How what nodes say becomes one ordered [Log] of what happened in the network: a block is
// there, a node has it, a node's best chain ends in it, the network is cut. The state at any
// moment is a fold of the events up to it, in Go ([State]) and in the page (web/state.js), so a
// slider can go back to any of them. Which lane a block is drawn in comes from testnet/draw,
// which draws for terminals too.
//
// # What it must not know
//
// How to run or change nodes: it reads through RPC, and what the page's buttons do goes
// through [Controls], which package main fills. It links no node and no libp2p. A recording
// comes from a file, and a simulation tells what happens ([Told]; package tab has one).
//
// # Trust
//
// The page is for the person at this machine. The server listens on loopback unless it is told
// otherwise, answers only requests that name the host it listens on (a page of another site
// whose name was made to point here gets 403), and changes nothing without the token that only
// its own page has. What miners and payers wrote is data: templates escape it, the page never
// makes markup of it, and the policy forbids every script that is not in the binary.
//
// # A reading order
//
//	log.go      events, the state, snapshots; what a slow reader gets
//	live.go     running nodes as a source; acts.go: what was done to them; facts.go: their figures
//	chat.go     what is said on the chain
//	told.go     a simulation as a source
//	trace.go    a recording as a source
//	server.go   HTTP: guards, the stream; assets.go: the page's files and the policy
//	control.go  changes
//	pages.go    blocks, transactions, addresses; explain.go: their fields in words
//	export.go   a site without this program
//
// # Errors
//
// A node that does not answer is shown as such and asked again. Run returns errors of the
// listener only.
package explorer
