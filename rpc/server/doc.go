// Package server answers programs that talk to a node: Bitcoin Core's JSON-RPC
// dialect over HTTP, whose types and client are in package rpc.
//
// # What it knows
//
// A [Server] answers for one node.Node what Bitcoin Core 28 would answer, so that
// bitcoin-cli and every library that was written for Core can talk to a toychain
// node:
//
//	client ──► POST / ──► password ──► body ──► a worker's place ──► method ──► node
//	           401        400, 413, 503         503 "Work queue depth exceeded"
//
// One table (method.go) has every method with its parameters, their kinds, and
// what it does. Named parameters, errors about arguments and the help texts are all
// made from it; ask "help" for the list. The methods stand in files by noun:
//
//	blockchain.go blocks.go stats.go wait.go    the chain
//	rawtx.go sendtx.go decode.go proof.go       transactions; script.go shows scripts
//	mempool.go                                  what is pending
//	mining.go template.go                       new blocks
//	network.go peers.go                         other nodes
//	control.go                                  the node itself; help; odds and ends
//	tree.go txhistory.go txcoins.go             what Core does not have: branches,
//	folder.go stale.go address.go faults.go     how many died, addresses, faults
//
// and under them what carries calls: jsonrpc.go (versions, batches), params.go,
// auth.go, conns.go (all limits), server.go. Beside calls there are /events (server-sent
// events), /metrics (Prometheus: metrics.go, healing.go; docs/metrics.md has them all) and
// /healthz, which alone needs no password.
//
// # How a call reads
//
// The engine belongs to one goroutine. A method asks it through node.Look for a
// moment, copies out what it needs, and does everything slow (reading blocks and
// indexes from the store, hashing, writing JSON) on its own goroutine. So a
// hundred readers do not hold up one block.
//
// # Nobody can hold it up
//
// Whoever has no password is refused by the request's head alone. Bodies, batches,
// answers, connections and calls under way are bounded by named constants
// (conns.go); when connections run out, the one that has been silent longest is
// closed, never one that is being served. Calls that wait for something have places
// of their own and take none from the quick ones. A panic in a method is our bug: it
// is logged, and the caller gets an error.
//
// # What it must not know
//
// Rules, and keys: the wallet signs on the client's side. What an answer means is
// decided below; here it is only shown.
//
// # Errors
//
// An rpc.Error with Core's code and Core's words.
//
// # Where it differs from Bitcoin
//
//   - There is no SegWit: txid and hash are the same, so are size and vsize, and a
//     weight is four times a size. Scripts are shown whole, but known by type only
//     if toychain can spend or make them; every other one is "nonstandard".
//   - testdata/core28.txt holds every parameter, field and error code of Core's
//     documentation against ours, with the reason where they differ.
//   - addnode of a node that was added before is no error: it is called again.
//   - Peers are named by libp2p's ids and multiaddrs: addnode, disconnectnode and
//     setban take these. Numbers of Bitcoin's own protocol (services, version) are
//     those of a Core 28 node, for clients that insist on them.
//   - getrawtransaction finds transactions of all blocks, those of dead branches too
//     (confirmations 0): there is always an index.
//   - estimatesmartfee looks at the pool instead of the past.
//   - getblocktemplate does not ask for the segwit rule, and works without peers.
//   - Not here: wallets, ZMQ, REST, pruning, muhash.
package server
