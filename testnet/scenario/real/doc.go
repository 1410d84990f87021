// Package real is the world of node processes for scenarios: a testnet in its own directory,
// called by RPC.
//
// It knows testnets: [World] is a [testnet.Testnet] with what else a script needs, such as
// rogue peers. It must not know scripts: names of blocks or people, and what a script waits
// for.
package real
