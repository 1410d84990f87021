package peer

import (
	"fmt"

	"toychain/block"
)

// PeerID names a node: libp2p's text form of its public key's hash, 12D3Koo….
type ID string

// Short is the end of the ID, enough to tell peers apart in a log line.
func (p ID) Short() string {
	if len(p) <= 8 {
		return string(p)
	}
	return string(p[len(p)-8:])
}

// Verdict is what a Handler thinks of a gossip message.
type Verdict int

const (
	// Ignore: neither forward it nor penalize the sender. It is the zero value: in
	// doubt nothing happens.
	Ignore Verdict = iota
	// Accept: it is good; pass it on to others.
	Accept
	// Reject: no honest peer sends this; do not relay it. Whether the sender is
	// to be banned as well is the Handler's choice: see Net.Ban.
	Reject
)

func (v Verdict) String() string {
	switch v {
	case Accept:
		return "accept"
	case Reject:
		return "reject"
	}
	return "ignore"
}

// Status is what a node says about itself: on each new connection, whenever its
// tip changes, and now and then. Nothing in it is checked here.
type Status struct {
	Tip    block.Hash   // the best block
	Height block.Height // its height, not negative
	Work   [32]byte     // the work of the chain up to it, big-endian
	Agent  string       // the software, at most MaxAgent printable ASCII characters
}

// MissingError: the peer answered, but does not have some of what it was asked
// for. The rest was delivered.
type MissingError struct {
	Peer ID
	IDs  []block.Hash // at least one, in the order asked
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("peer %s does not have %v (%d missing in all)", e.Peer.Short(), e.IDs[0], len(e.IDs))
}
