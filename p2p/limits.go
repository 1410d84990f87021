package p2p

import (
	"time"

	"toychain/block"
)

// Every limit of this package, with where it comes from. A limit is checked
// before memory is spent on what it limits.
const (
	// MaxMessage is the most bytes of one gossip message and of one sync frame's
	// payload. Core: MAX_PROTOCOL_MESSAGE_LENGTH.
	MaxMessage = block.MaxMessage

	// MaxAgesAsked is the most blocks whose ages one request may ask for. Ours: more
	// than a network finds in the time between two requests.
	MaxAgesAsked = 100

	// MaxAddrsTold is the most addresses in one answer. A tenth of Core's
	// MAX_ADDR_TO_SEND: our networks are small.
	MaxAddrsTold = 100

	// MaxAddr is the most bytes of one address, in its binary form. Ours: a DNS
	// name has at most 255.
	MaxAddr = 512

	// MaxAgent is the most bytes of the name that a node gives its software.
	// Half of Core's MAX_SUBVERSION_LENGTH: one byte says how long it is.
	MaxAgent = 128
)

// How many peers, streams and messages at once.
const (
	// MaxOut is how many connections a node seeks. Once it has them it only
	// waits for others to call. Core: MAX_OUTBOUND_FULL_RELAY_CONNECTIONS.
	MaxOut = 8

	// DefaultMaxPeers is how many connections a node holds in all. Half of
	// Core's DEFAULT_MAX_PEER_CONNECTIONS, so that 50 nodes on one machine can
	// all know each other.
	DefaultMaxPeers = 64

	// moreConns is how many connections may be open beside two for each peer, in
	// whatever state: calls that have not said yet who calls, or are ending. Ours.
	moreConns = 16

	// connsOfPeer is how many connections one peer may have with us at once: one, and
	// what two that call each other at the same time make. libp2p's own.
	connsOfPeer = 8

	// maxStreams is how many streams one peer may have open towards us, and
	// maxSyncStreams how many of them speak the sync protocol: one status, a few
	// requests. Ours; each may hold a yamux window of 256 KB.
	maxStreams     = 48
	maxSyncStreams = 24

	// maxAsking is how many requests we have open towards one peer; more wait
	// for their turn. Ours, well below maxSyncStreams.
	maxAsking = 8

	// blocksJudged and txsJudged are how many gossip messages the Handler is
	// asked about at once. What comes above that is lost to gossip, and sync
	// repairs it. Ours.
	blocksJudged = 32
	txsJudged    = 512

	// gossipQueue is how many messages wait for one slow peer, or to be judged.
	// Ours: pubsub's 32 loses messages in a burst.
	gossipQueue = 256

	// maxContacts is how many peers' addresses are remembered, maxAddrs how many
	// addresses of each. Ours.
	maxContacts = 1000
	maxAddrs    = 8
)

// How long things may take.
const (
	// frameTimeout is how long one frame may take to be read or written: a peer
	// slower than MaxMessage in this time is too slow. Core gives a block
	// download twice the block interval; our blocks come every few seconds.
	frameTimeout = 20 * time.Second

	// requestTimeout is how long the whole answer to one request may take. The
	// caller usually gives a context that ends sooner.
	requestTimeout = 2 * time.Minute

	// statusEvery is how often a peer tells its status although nothing
	// happened, and statusSilence how long it may stay silent. Shorter than
	// Core's ping (two minutes, TIMEOUT_INTERVAL 20 minutes): a paused process
	// should be noticed while somebody watches.
	statusEvery   = 20 * time.Second
	statusSilence = 60 * time.Second

	// topicWait is how long it may take until gossip reaches a new peer before it
	// counts as joined without that. Ours.
	topicWait = 2 * time.Second

	// dialTimeout is how long one call may take, ours or another's, handshakes
	// included. Ours.
	dialTimeout = 5 * time.Second

	// connectTimeout is how long Connect waits for the peer's first status. Ours.
	connectTimeout = 10 * time.Second

	// redialFirst and redialKept are the wait after the first failed call and
	// the longest one, for peers the user named; redialFound is the longest for
	// peers found by hearsay. Ours: short, because people wait for it.
	redialFirst = 250 * time.Millisecond
	redialKept  = 10 * time.Second
	redialFound = time.Minute

	// BanTime is how long a peer that broke the protocol is refused. Core's
	// default is a day; nobody at a table wants to wait that long.
	BanTime = 10 * time.Minute
)
