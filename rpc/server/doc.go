// Package server answers Bitcoin Core's JSON-RPC dialect over HTTP for one node. The
// types of the dialect, and a client, are in package rpc.
//
// # What it knows
//
// A [Server] answers what Bitcoin Core 28 would answer, so that bitcoin-cli and every
// library that was written for Core can talk to a toychain node:
//
//	request ──► password ──► place ──► body ──► arguments ──► handler ──► node
//	            401          503       400,     by the method's           answers
//	                                   413      description
//
// Beside it is a door without a password, which only shows: REST (rest.go, restutxos.go).
//
// Each method is described once, in package rpc: its name, its parameters as the fields
// of a struct, its result as a type. The table in methods.go gives each description a
// handler, a function of the call and its arguments:
//
//	on(rpc.GetBlockHash, getBlockHash)
//
//	func getBlockHash(c *call, a rpc.HeightArg) (block.Hash, error)
//
// Named parameters, errors about arguments and the help texts are all made from the
// description. To add a method, write the description, the handler, and a row of the
// table; the tests say which test is missing. The handlers are in files by subject:
//
//	blockchain.go blocks.go stats.go wait.go    the chain
//	rawtx.go sendtx.go                          transactions
//	decode.go script.go                         their form
//	mempool.go pending.go                       what is pending
//	mining.go template.go                       new blocks
//	network.go peers.go addresses.go bans.go    other nodes, and network faults
//	control.go                                  the node itself
//	tree.go reorgs.go address.go                what Core does not have
//	txhistory.go txcoins.go                     the history of one transaction
//
// Below them are the layers that carry a call, in the order in which it passes them:
// server.go, conns.go, auth.go, calls.go, jsonrpc.go and json.go, args.go, and reply.go, which
// sends the answer: a small one in one piece, a large one (a stream) as it is made.
// limits.go states who can reach the server and what each party can use up.
// Besides calls there are /events (server-sent events), /metrics (metrics.go;
// docs/metrics.md lists them) and /healthz, which needs no password.
// directory.go answers two of the methods from the files of a node that does not run.
//
// # How a handler reads the node
//
// The engine belongs to one goroutine. A handler reads it through look for a moment,
// copies what it needs, and does everything slow (reading blocks and indexes from the
// store, hashing, writing JSON) on its own goroutine. So a hundred readers do not delay
// a block. A result that may be large is a stream, which makes and writes one row after the
// other; the same mechanism writes every other one of more than a hundred rows. A panic in a
// handler is a bug of ours: it is logged, and fails one call.
//
// # What it must not know
//
// Rules, and keys. What is valid is decided below this package, which only shows it; the
// wallet signs on the client's side.
//
// # Errors
//
// An rpc.Error with Core's code and Core's words.
//
// # Where it differs from Bitcoin
//
//   - testdata/core28.txt compares every parameter, field and error code with Core's
//     documentation, and gives the reason for each difference.
//   - There is no SegWit: txid and hash are equal, so are size and vsize, and weight is
//     four times the size. Scripts are shown whole, but have a type only if toychain can
//     spend or create them; every other one is "nonstandard".
//   - addnode of a peer that was added before is not an error: it is dialled again.
//   - Peers are named by libp2p's IDs and multiaddrs: addnode, disconnectnode and setban
//     take these. Values of Bitcoin's peer-to-peer protocol (services, version) are
//     those of a Core 28 node, for clients that demand them.
//   - getrawtransaction finds the transactions of all blocks, also of stale ones
//     (confirmations 0): they are always indexed.
//   - estimatesmartfee estimates from the mempool, not from past blocks.
//   - getblocktemplate does not demand the segwit rule, and works without peers.
//   - chain is "main" or, on every other network, "regtest", whose prefixes all of them
//     use; our own field network names it.
//   - There are no wallets, and yet a path /wallet/NAME: a method that the node does not have
//     fails there with -18, as a wallet that is not loaded.
//   - Not here: wallets, ZMQ, block filters, pruning, muhash.
package server
