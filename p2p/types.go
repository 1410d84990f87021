package p2p

import (
	"context"
	"time"

	"toychain/block"
	"toychain/peer"
)

// Link is how bad the line to a peer is.
type Link = peer.Link

// PeerInfo is what is known of a connected peer.
type PeerInfo struct {
	ID        peer.ID
	Addr      string        // the other end of the connection, a multiaddr without /p2p/
	Inbound   bool          // it called us
	Agent     string        // what it says its software is
	Connected time.Time     // since when
	BytesIn   uint64        // read from its streams, all protocols; encryption not counted
	BytesOut  uint64        // written to its streams
	Received  time.Time     // when the last of BytesIn came; zero for never
	Sent      time.Time     // when the last of BytesOut left; zero for never
	Block     time.Time     // when it last brought a block: a good one by gossip, or one that we asked for; zero for never
	Tx        time.Time     // likewise a transaction
	Latency   time.Duration // last ping's round trip; 0 before the first
	Joined    bool          // its status arrived: it is one of us
	Status    peer.Status   // the last it told; zero until Joined
	Heard     time.Time     // when
	First     block.Height  // of the first that it told
	Kept      bool          // named by the user: called again for ever
	Link      Link          // what SetLink set; zero for a perfect line
}

// Handler is what the node above answers. Its methods are called on this
// package's goroutines, many at once; a call with a context may block until the
// context ends, one without should only take a note. For one peer, Joined, PeerStatus and Left come one after the
// other and in that order. All calls have returned when Net.Run returns.
type Handler interface {
	// Joined: the peer told its status, so it speaks our protocol, and a message
	// published from now on reaches it. (Should gossip not reach it in two seconds,
	// it joins all the same: status and sync still work.)
	// PeerStatus follows.
	Joined(peer peer.ID, inbound bool)
	// Left: the connection is gone, or SetLink made us deaf to the peer. Told
	// once for each Joined.
	Left(peer peer.ID)
	// PeerStatus: the peer's status, first after Joined and then each new one.
	// When several came at once only the last is told.
	PeerStatus(peer peer.ID, s peer.Status)

	// Status is what this node says of itself.
	Status(ctx context.Context) (peer.Status, error)
	// Block judges a block that came by gossip. raw is not used again here.
	Block(ctx context.Context, from peer.ID, raw []byte) peer.Verdict
	// Tx judges a transaction that came by gossip.
	Tx(ctx context.Context, from peer.ID, raw []byte) peer.Verdict

	// Headers returns what follows the first hash of the locator that is on our
	// best chain, up to stop (zero: no stop); at most MaxHeaders.
	Headers(ctx context.Context, locator []block.Hash, stop block.Hash) ([]block.Header, error)
	// BlockBytes returns a block as it travels; nil, nil when unknown.
	BlockBytes(ctx context.Context, id block.Hash) ([]byte, error)
	// PoolIDs returns the pending transactions; the first MaxPoolIDs are told.
	PoolIDs(ctx context.Context) ([]block.Hash, error)
	// TxBytes returns a pending transaction as it travels; nil, nil when unknown.
	TxBytes(ctx context.Context, id block.Hash) ([]byte, error)
	// BlockAges returns how long ago each of these blocks was born, which is when a node
	// had it first: by its own work, or as the one that brought it here says. AgeUnknown
	// if that cannot be told, AgeLater if it may soon be.
	BlockAges(ctx context.Context, ids []block.Hash) ([]time.Duration, error)
}

// Ages that are none.
const (
	AgeUnknown time.Duration = -1
	AgeLater   time.Duration = -2
)
