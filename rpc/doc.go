// Package rpc is how programs talk to a node: Bitcoin Core's JSON-RPC dialect over
// HTTP, the server and the client.
package rpc
