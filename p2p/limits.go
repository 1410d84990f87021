package p2p

import "time"

// Every limit of this package, with its source. A length is checked against its limit
// before memory is allocated for it.
const (
	// MaxMessage is the maximum size of a gossip message and of a sync frame's payload,
	// in bytes: a block. Core's MAX_PROTOCOL_MESSAGE_LENGTH is as large as its blocks, 4 MB.
	MaxMessage = 1_000_000
	// maxGossip is the maximum size of GossipSub's message, with its envelope. Ours.
	maxGossip = MaxMessage + 4096
	// MaxAddrs is how many addresses one response may have. A tenth of Core's MAX_ADDR_TO_SEND.
	MaxAddrs = 100
	// MaxAddr is the maximum size of a binary address. Ours: a DNS name has at most 255 bytes.
	MaxAddr = 512
	// MaxAgent is the maximum length of the name that a node gives its software. Half of
	// Core's MAX_SUBVERSION_LENGTH, because one byte holds the length.
	MaxAgent = 128
)

// Bytes in memory, of all peers together. Core bounds them for each peer (maxsendbuffer,
// maxreceivebuffer); ours must fit a container of 128 MB.
const (
	// maxMemory is the budget of the process: see budget. Of it the engine reserves 12 MiB, for
	// blocks whose ancestors are not here.
	maxMemory = 36 << 20
	// minServing is reserved for what waits for its readers: responses, and gossip.
	minServing = 4 << 20
	// minReceiving is reserved for messages larger than smallMessage, half received or not yet
	// seen by GossipSub.
	minReceiving = 4 << 20
	smallMessage = 64 << 10
	// unmarshalFactor is how often a gossip message is in memory while GossipSub parses it.
	unmarshalFactor = 2
	// minJudging is reserved for blocks and transactions that wait for a verdict, counted
	// judgedFactor times: parsed, a block of nothing but empty outputs takes three and a half
	// times its bytes.
	minJudging   = 6 << 20
	judgedFactor = 5
)

// What one peer's gossip that is not accepted may cost, at once and again in each minute. Ours.
const (
	maxJunk     = 32 << 20         // bytes; then its messages are ignored
	maxJunkTime = 30 * time.Second // of judging, which cost as much
	maxIgnored  = 3 * maxJunk      // then it is disconnected, unless the user named it
)

// Numbers of peers, streams and messages at the same time.
const (
	// MaxOut is the number of connections that a node seeks. Once it has them, it only
	// accepts inbound ones; if a heal made more of them, it closes the latest: see trim.
	// Core: MAX_OUTBOUND_FULL_RELAY_CONNECTIONS.
	MaxOut = 8
	// DefaultMaxIn is the maximum number of inbound peers; those that the user named are not
	// counted. With MaxOut, half of Core's DEFAULT_MAX_PEER_CONNECTIONS: 50 nodes on one
	// machine can all be connected to each other.
	DefaultMaxIn = 56
	// These are how many inbound peers each merit protects: see selectToEvict. Core's numbers.
	protectedGroups = 4
	protectedPings  = 8
	protectedTxs    = 4
	protectedBlocks = 4
	// maxHandshakes is the number of inbound connections whose peer is not known yet: see
	// handshakes. Ours.
	maxHandshakes = 64
	// moreConns is the number of connections allowed beyond connsOfPeer for each peer:
	// handshakes, as many that are closing, and some that are dialed. Ours.
	moreConns = 2*maxHandshakes + 16
	// connsOfPeer is the maximum number of connections with one peer: one, and those that
	// appear when two nodes dial each other at the same time or one has crashed. Ours.
	connsOfPeer = 3
	// maxStreams is the maximum number of streams that one peer may have open towards us,
	// and maxSyncStreams how many of them may speak the sync protocol: one status stream
	// and a few requests. Ours; each stream may hold a yamux window of 256 KB.
	maxStreams     = 48
	maxSyncStreams = 12
	// maxResponses is the number of one peer's requests that are answered at once. Ours.
	maxResponses = 2
	// maxRequests is how many requests we have open towards one peer; others wait. Ours.
	maxRequests = 8
	// blockValidations and txValidations are how many gossip messages the Handler judges at
	// the same time. Others are lost to gossip, and sync recovers them. Ours.
	blockValidations = 32
	txValidations    = 512
	// gossipQueue is the number of messages that may wait for one slow peer, or for
	// validation. Ours: pubsub's 32 loses messages in a burst.
	gossipQueue = 256
	// maxTried and maxNew are the sizes of the address manager's tables. Core:
	// ADDRMAN_TRIED_BUCKET_COUNT and ADDRMAN_NEW_BUCKET_COUNT, of 64 entries each.
	maxTried = 256
	maxNew   = 1000
	// maxFromSource is how many entries of new one source may have, maxFromGroup how many
	// the sources of one network (see groupOf), except on this machine. Core:
	// ADDRMAN_NEW_BUCKETS_PER_SOURCE_GROUP, 64 of 1024 buckets; our networks are small.
	maxFromSource = 100
	maxFromGroup  = 250
	// maxAddrs is the number of addresses of a peer in tried, maxHeard in new. Ours.
	maxAddrs = 8
	maxHeard = 3
	// cutWithin is how long it takes at most until both sides of a cut have their blocklists. Ours.
	cutWithin = 10 * time.Second
	// healDials is how often a peer that was cut off is dialed although there is no room: the
	// other side of the cut may be healed a moment later. Ours.
	healDials = 4
	// healEvery is the time between two connections that a heal restores (Core opens one outbound
	// connection each half second: ThreadOpenConnections).
	healEvery = 500 * time.Millisecond
	// maxFailures is how often hearsay is dialed in vain. Core: ADDRMAN_MAX_FAILURES.
	maxFailures = 10
)

// How often something may happen: at once, and in a minute.
const (
	// tellAtOnce and tellPerMinute are how many unknown peers one peer may tell us. Core:
	// MAX_ADDR_PROCESSING_TOKEN_BUCKET and MAX_ADDR_RATE_PER_SECOND (0.1).
	tellAtOnce    = MaxAddrs
	tellPerMinute = 6
	// dialsAtOnce and dialsPerMinute are how many addresses that never worked are dialed.
	// Peers that the user named, or healed, and those in tried are not counted. Ours: a new
	// node fills its outbound slots at once, and an attacker cannot use nodes to flood
	// another machine with connections.
	dialsAtOnce    = 2 * MaxOut
	dialsPerMinute = 12
)

// Time limits.
const (
	// frameTimeout is the time in which one frame must be read or written. Core allows a block
	// download twice the block interval; our blocks are seconds apart.
	frameTimeout = 20 * time.Second
	// slowAfter is how long a peer may hold memory for which others wait. Ours.
	slowAfter = 2 * time.Second
	// requestTimeout is the time for a whole response. Callers' contexts usually end sooner.
	requestTimeout = 2 * time.Minute
	// statusEvery is how often a node repeats its status, and statusSilence how long a peer
	// may be silent. Shorter than Core's ping (two minutes, TIMEOUT_INTERVAL 20 minutes), so
	// that a paused process is noticed while a user watches.
	statusEvery   = 20 * time.Second
	statusSilence = 60 * time.Second
	// topicWait is how long a new peer may be out of gossip's reach before it joins. Ours.
	topicWait = 2 * time.Second
	// dialTimeout is the time for a connection attempt, inbound or outbound, with handshakes.
	dialTimeout = 5 * time.Second
	// connectTimeout is how long Connect waits for the peer's first status. Ours.
	connectTimeout = 10 * time.Second
	// redialFirst and redialKept are the wait after the first failed dial and the longest
	// wait, for peers that the user named; redialFound is the longest wait for peers known
	// by hearsay. Ours: short, because a user waits for it.
	redialFirst = 250 * time.Millisecond
	redialKept  = 10 * time.Second
	redialFound = time.Minute
	// evictedWait is how long an evicted peer has no other evicted: else two would take turns.
	evictedWait = time.Minute
	// BanTime is how long a peer that violated the protocol is banned. Core's default is a
	// day; in a lesson that would be for ever.
	BanTime = 10 * time.Minute
)
