// Package real is the world of node processes that scenarios are played in: a testnet
// in a folder of its own, asked by RPC.
//
// It knows testnets, and translates: what a script does becomes a method of
// [testnet.Testnet] or a call to a node, what a node answers becomes a value of package
// scenario. It must not know scripts: no name of a block or person is in here, and
// nothing waits for what a script expects. The other world, in virtual time, is to
// have the same shape.
package real
