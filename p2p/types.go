package p2p

import (
	"context"
	"time"

	"toychain/block"
	"toychain/peer"
)

// Link is the quality of the link to a peer.
type Link = peer.Link

// PeerInfo describes a connected peer. A zero time means never.
type PeerInfo struct {
	ID             peer.ID
	Number         int           // of the session, counted from 0 (Core: the peer's id)
	Addr           string        // the other end of the connection, a multiaddr without /p2p/
	Inbound        bool          // the peer dialed us
	Agent          string        // the software that the peer reports
	Connected      time.Time     // when the session began
	BytesIn        uint64        // read from its streams, all protocols; encryption not counted
	BytesOut       uint64        // written to its streams
	Received       time.Time     // when the last of BytesIn arrived
	Sent           time.Time     // when the last of BytesOut left
	Block          time.Time     // when it last delivered an accepted block, by gossip or on request
	Tx             time.Time     // likewise a transaction
	Latency        time.Duration // round trip of the last ping; 0 before the first
	Joined         bool          // its status arrived and the Handler was notified
	Status         peer.Status   // the last one received; zero until Joined
	StartingHeight block.Height  // of its first status
	Manual         bool          // named by the user: dialed again whenever it is gone
	Link           Link          // what SetLink set; zero for a perfect link
}

// PeerAddrs is where a peer listens, as far as the address manager knows.
type PeerAddrs struct {
	ID         peer.ID
	Addrs      []string  // multiaddrs without /p2p/, one at least; the one that the user named is the first
	Manual     bool      // named by the user
	LastJoined time.Time // zero for a peer known by hearsay only
	Tried      bool      // it joined where we dialed it
}

// Ban is how long a peer is refused.
type Ban struct{ Since, Until time.Time }

// Handler is the node above this package. Its methods are called on this package's
// goroutines, many at once. A method with a context may block until the context ends; one
// without must return at once. For one peer, Joined, PeerStatus and Left are called one
// after the other and in that order. No call is in progress when Net.Run returns.
type Handler interface {
	// Joined reports that a peer's first status arrived: it speaks our protocol, and
	// a message published from now on reaches it. (If gossip does not reach it within
	// two seconds, it joins all the same: status and sync work.) PeerStatus follows.
	Joined(peer peer.ID, inbound bool)
	// Left reports that the connection is gone, or that SetLink made the link one-way.
	// It is called once for each Joined.
	Left(peer peer.ID)
	// PeerStatus delivers the peer's status, first after Joined and then each new one.
	// Of several that arrive together only the last is delivered.
	PeerStatus(peer peer.ID, s peer.Status)

	// Status returns this node's own status.
	Status(ctx context.Context) (peer.Status, error)
	// Block judges a block that arrived by gossip. p2p does not use raw afterwards. The
	// time is what the work took, without that of waiting for others' work: it is charged
	// to the peer, if the block is not accepted.
	Block(ctx context.Context, from peer.ID, raw []byte) (peer.Verdict, time.Duration)
	// Tx judges a transaction that arrived by gossip.
	Tx(ctx context.Context, from peer.ID, raw []byte) (peer.Verdict, time.Duration)

	// Headers returns the headers after the first hash of the locator that is on our
	// best chain, up to stop (zero: no stop); at most MaxHeaders.
	Headers(ctx context.Context, locator []block.Hash, stop block.Hash) ([]block.Header, error)
	// BlockBytes returns a serialized block; nil, nil if it is not known.
	BlockBytes(ctx context.Context, id block.Hash) ([]byte, error)
	// PoolIDs returns the txids of the mempool; only the first MaxPoolIDs are sent.
	PoolIDs(ctx context.Context) ([]block.Hash, error)
	// TxBytes returns a serialized transaction of the mempool; nil, nil if it is not there.
	TxBytes(ctx context.Context, id block.Hash) ([]byte, error)
}
