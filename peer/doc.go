// Package peer holds the words about a peer that packages share which must not know each
// other: engine and p2p, the RPC's client, the scripts of a test network. Which peer, what
// it says of itself, what becomes of a message that it sent, how bad the link to it is,
// and the limits that both sides respect.
//
// It knows no network and no rule: engine decides without libp2p, p2p carries messages
// without knowing what is valid, and neither imports the other.
package peer
