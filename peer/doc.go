// Package peer has the words about a peer that packages share which must not know each
// other: the network stack, the RPC's client and the scripts of a test network.
//
// It imports nothing of ours, and must not know libp2p.
package peer
