// Package answer puts what a node knows into the words of its RPC: trees, reorganisations, coins,
// refusals.
//
//	engine, tree, mempool  ──answer──►  types of package rpc
//
// # What it knows
//
// The types of package rpc, and what Bitcoin Core's methods call things: each function makes a value of
// one out of a value of the engine, the tree or the mempool.
//
// # What it must not know
//
// Where the values come from: package rpc/server asks a real node and its store, and a simulated node
// (package virtual) has neither. Arguments of methods, logins and HTTP are the server's.
//
// # Where it differs
//
// From Core: see the documentation of the methods in package rpc.
package answer
