// Package p2p is the network: a libp2p host, two gossip topics, one sync protocol, and the
// blocklist that partitions.
//
// # What it knows
//
// Which peers are connected, how to find and keep them, and how blocks, transactions and
// statuses travel between nodes. A [Net] is one node's view of the network. The [Handler] is
// the node above: it judges messages and answers requests.
//
//	      Handler: Joined, Left, PeerStatus · Block, Tx · Status, Headers, BlockBytes, PoolIDs, TxBytes
//	         ▲                                   ▲                      ▲
//	 session │                            gossip │                sync  │
//	one for each peer:               two topics, from             one request and its
//	status out, status in            all to all:                  response on a stream:
//	                                 blocks/1   txs/1             headers, blocks, pool,
//	         ▲                                   ▲                txs, peers
//	         └───────────────┬───────────────────┴──────────────────────┘
//	                   shaped streams     SetLink: delay, jitter, bandwidth (transport.go, shape.go, queue.go)
//	                   yamux              many streams on one connection
//	                   noise              encryption, and proof of the peer's ID
//	                   gater              SetBlocklist, Ban, SetActive: asked at every stage (gater.go)
//	                   TCP
//	         ▲
//	 addrman │ which peers to dial, and when next (addrman.go); peers.json (peersfile.go)
//
// # What it must not know
//
// What "valid" means. Of our packages it imports block, for hashes and headers, and peer, and
// nothing else: not consensus, not chain, not the mempool. It judges only whether a peer keeps
// to the protocol: frames of known kinds, lengths within limits, the requested block and not
// another. A peer that violates it is disconnected and banned for [BanTime], here. A peer
// that sends an invalid block is the Handler's business: it answers [peer.Reject] and calls
// [Net.Ban].
//
// # The names
//
// A digest of the network's parameters is part of every name, so that nodes with different
// rules have no protocol in common and disconnect, with a reason:
//
//	/toychain/<digest>/blocks/1   topic: a serialized block
//	/toychain/<digest>/txs/1      topic: a serialized transaction
//	/toychain/<digest>/sync/1     streams of frames: length 4 | kind 1 | payload (wire.go)
//
// # Joining
//
// On a new connection each side opens a stream to the other and writes its [peer.Status] to
// it, and again whenever its tip changes. The peer has joined when its status has arrived,
// when gossip reaches it (it has subscribed to the topics, and our stream to it is open), and
// when libp2p's identify has reported where it listens. A new node then requests more peers
// from it and dials them, until it has dialed [MaxOut]: one seed is enough to join a mesh.
// Those that a partition closed are restored when it is healed, and those that have taken
// their places are closed: see trim. Inbound peers are counted apart; when their slots are
// taken, the least useful makes room for a newcomer (evict.go).
//
// What a peer tells about others may be false: see addrman.go.
//
// # Gossip is unreliable
//
// Gossip is quick and guarantees nothing. A node built on it must know:
//
//   - A message reaches the peers that are connected now. A block published during a
//     partition is not published again after it; the statuses that follow a heal must lead to
//     requests.
//   - A message is judged once in two minutes ([peer.Ignore] included). A node that ignores a
//     block because it lacks the parent will not be offered the block again: it must request
//     both.
//   - Blocks are not offered by hash (GossipSub's IHAVE and IWANT): a node that gossip did not
//     bring a block learns of it by a status.
//   - Our own messages reach every peer. Messages that we relay reach our neighbours in
//     GossipSub's mesh, and a new peer becomes one, if there are too few, with the next
//     heartbeat, within a second.
//   - When more than 32 blocks or 512 transactions wait for validation, further ones are
//     dropped and count as seen.
//   - While a message is being validated, peers announce to each other that they have it. A
//     validator that takes a few milliseconds for a big block saves each node four copies of
//     it; one that takes a second delays every node behind it.
//
// # Limits
//
//	a message or a frame    1,000,000 bytes    a block; Core's MAX_PROTOCOL_MESSAGE_LENGTH is 4 MB
//	headers in a response   2,000              Core: MAX_HEADERS_RESULTS
//	hashes in a locator     101                Core: MAX_LOCATOR_SZ
//	blocks in a request     16                 Core: MAX_BLOCKS_IN_TRANSIT_PER_PEER
//	txs in a request        1,000              Core: MAX_GETDATA_SZ
//	txids of a mempool      30,000             what fits; Core's MAX_INV_SZ is 50,000
//	addresses in a response 100                a tenth of Core's MAX_ADDR_TO_SEND
//	addresses known         256 peers that joined where we dialed them, 1,000 entries of hearsay,
//	                        of which 100 of one source and 250 of the sources in one /16
//	hearsay                 100 unknown peers from one source, then 6 a minute;
//	                        16 dials, then 12 a minute
//	connections             8 that the node seeks, 56 peers that dial it, and those that the
//	                        user named; 3 with one peer
//	half-open connections   64, 5 s each; one more ends the oldest of the network (/16) that has most
//	streams of one peer     48, of which 12 of the sync protocol; 2 are answered at a time
//	times                   a frame or a gossip message 20 s, a request 2 min, silence 60 s, a first status 15 s, a handshake 5 s
//	a ban                   10 min
//
// and of all peers together one budget of 36 MiB in memory (budget.go), of which is reserved for
//
//	responses and gossip     4 MiB that wait for their readers
//	messages above 64 KB     4 MiB until GossipSub has seen them whole, twice: as bytes, and parsed
//	blocks and transactions  6 MiB that wait for a verdict, each counted five times
//	orphans                  4 MiB of blocks without a parent, kept by the engine
//	bodies                   8 MiB of bodies whose ancestors are to come, kept by the tree
//
// and the rest, 10 MiB, for the first three as they need it. Work waits for its bytes in the order
// of asking, and the peer that has held a part for more than two seconds is cut off. Not counted
// are the mempool, which has its own limits, yamux's windows, 256 KB for a stream that is not
// read, and LevelDB's 8 MiB. GossipSub copies a message for each peer before it writes: a block
// that we relay for 8 neighbours in the mesh, one of our own for all. These copies are counted, but
// they cannot wait: if no peer reads, a block of our own of 1 MB takes 56 MB, until work that
// waits for memory has the slow ones cut off, or for 20 s.
//
// Of gossip that is not accepted (junk.go) one peer may send 32 MiB, or what takes 30 s to judge,
// and the same again each minute; then it is ignored, after 96 MiB disconnected, and not connected
// again within a minute. Side blocks are accepted, and kept, only as the engine allows: 4 MiB of
// one peer in a minute, 8 MiB of all.
//
// All are constants in limits.go and in package peer, each with its source; limits_test.go at
// the top of the module names the test of each. A length is checked before memory is
// allocated, and memory grows with what arrives, except for gossip. Of a response of many
// blocks only one is in memory at a time, on either side.
//
// # Errors
//
// Errors name a peer by the last eight characters of its ID, or by the whole ID where the
// user has to act on it. [peer.MissingError] lists what a peer does not have; [ErrNotJoined]
// means that there is no such peer to ask. A dial error is one line that says what is at the
// other end: no listener, another peer, a node with other rules, a node that refuses us.
//
// # Where it differs from Bitcoin
//
// Bitcoin's nodes exchange their own messages over TCP (version, inv, getdata, headers,
// block…) and announce a hash before they send the object. Here libp2p encrypts, identifies
// peers by keys and gossips whole messages. A status contains the work, so that a node knows
// before it requests which peer has more. The limits are Core's where Core has them; bans are
// shorter, because a user is watching. There is no relay, no NAT traversal and no DNS seed. An
// attacker with many keys is bounded in what he can make a node hold, dial and forget; he can
// still slow it down, and take the slots of peers that are of no use.
//
// # What to read
//
// types.go and limits.go first. Then session.go and status.go (how two nodes meet),
// gossip.go, wire.go, serve.go and request.go (the sync protocol), gater.go and control.go
// (partitions and healing), addrman.go, source.go and dial.go (finding peers), handshakes.go and
// evict.go (whom to keep), budget.go and gossipstream.go (memory), junk.go, samekey.go (a copied
// directory). host.go shows what a libp2p host consists of; transport.go, shape.go, queue.go and
// link.go shape traffic.
//
// # Exercises
//
// Each is a small change that looks harmless. Predict what it breaks before the test tells
// you.
//
//  1. messageID hashes topic and content. Omit the topic: TestSameBytesOnBothTopics.
//  2. Lost gossip is dropped before GossipSub processes it (links.drop). Drop it in the
//     validator instead, as Ignore: TestLostGossipComesAround.
//  3. Validate blocks on GossipSub's own goroutines, with
//     pubsub.WithValidatorInline(true): TestSlowBlocksDoNotHoldUpTxs.
//  4. hostLimits raises the limit for transient streams, those without a negotiated
//     protocol. Keep libp2p's: TestHalfOpenStreams.
//  5. readGrowing could be make([]byte, n): TestAnnouncedIsNotAllocated.
//  6. A block that arrives is compared with the requested hash. Trust the peer:
//     TestGarbageAnswersAreBanned.
//  7. SetBlocklist calls heal. dialLoop would dial anyway: TestGateOneSided.
//  8. TCP port reuse is switched off in addTCP. Switch it on: TestPortInUse.
//  9. session asks the gater although libp2p has just asked it, while the gater was changing.
//     Trust libp2p: TestSlipsThroughTheGate.
//  10. A queue that is closed sends its content first. Close the stream at once:
//     TestQueueEmptiesBeforeItCloses.
package p2p
