// Package peer holds the words that engine and p2p share: which peer, what it says of
// itself, what becomes of a message that it sent, and the limits that both must respect.
//
// It knows no network and no rule: engine decides without libp2p, p2p carries messages
// without knowing what is valid, and neither imports the other.
package peer
