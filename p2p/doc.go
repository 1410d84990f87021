// Package p2p is the network: a libp2p host, two gossip topics, one sync
// protocol, and the gate that cuts.
//
// # What it knows
//
// Who is connected, how to find and keep peers, and how blocks, transactions
// and statuses travel between nodes. A [Net] is one node's place in the network;
// the [Handler] is the node above, which is asked what a message is worth and
// what to answer.
//
//	      Handler: Joined, Left, PeerStatus · Block, Tx · Status, Headers, BlockBytes, BlockAges, PoolIDs, TxBytes
//	         ▲                                   ▲                      ▲
//	 session │                            gossip │                sync  │
//	one for each peer:               two topics, everybody to      one request and its
//	status out, status in            everybody:                    answer on a stream:
//	                                 blocks/1   txs/1              headers, blocks, pool,
//	         ▲                                   ▲                 txs, peers, ages
//	         └───────────────┬───────────────────┴──────────────────────┘
//	                   shaped streams     SetLink: delay, jitter, bandwidth (shape.go, queue.go)
//	                   yamux              many streams on one connection
//	                   noise              encryption; who is at the other end
//	                   gate               SetGate, Ban, SetActive: asked at every stage (gate.go)
//	                   TCP
//	         ▲
//	    book │ whom to call, and when again (book.go); peers.json (peersfile.go)
//
// # What it must not know
//
// What "valid" means. It imports package block for the shapes of hashes and
// headers and nothing else of ours: not chain, not pow, not the pool. It judges
// one thing only, whether a peer keeps to the protocol: frames of known kinds,
// lengths within limits, the block that was asked for and not another. Who
// breaks that is dropped and refused for [BanTime], here. Who sends an invalid
// block is the node's affair: it answers [Reject] and calls [Net.Ban].
//
// # The names
//
// A digest of the network's parameters is part of every name, so that nodes of
// different rules find nothing to say to each other and hang up, with a reason:
//
//	/toychain/<digest>/blocks/1   topic: a block as it travels
//	/toychain/<digest>/txs/1      topic: a transaction as it travels
//	/toychain/<digest>/sync/1     streams of frames: length 4 | kind 1 | payload (wire.go)
//
// # Joining
//
// On a new connection each side opens a stream to the other and writes its
// [Status] to it, and again whenever its tip changes. When the peer's status is
// here, gossip reaches it (it has named its topics, and our stream to it is open) and
// libp2p's identify has told where it listens, the peer has joined. A new node asks it for more peers and calls them, until
// it has [MaxOut]: one seed is enough to become a mesh.
//
// # Gossip forgets
//
// Gossip is quick and keeps no promise. What a node built on it must know:
//
//   - It reaches who is connected now. A block published during a cut is not
//     published again after it; the status that follows a heal must lead to a
//     request.
//   - A message is judged once in two minutes ([Ignore] included). A node that
//     ignores a block because it lacks the parent will not be offered the block
//     again: it must ask for both.
//   - Our own publish reaches every peer. What we pass on for others reaches our
//     neighbours in GossipSub's mesh, and a new peer becomes one with the next
//     heartbeat, a quarter of a second later.
//   - When more than 32 blocks or 512 transactions wait to be judged, more are
//     dropped, and count as seen.
//   - While a message is being judged, peers tell each other that they have it.
//     A judge that takes a few milliseconds for a big block saves each node four
//     copies of it; one that takes a second delays everybody behind it.
//
// # Limits
//
//	a message or a frame   4,000,000 bytes    Core: MAX_PROTOCOL_MESSAGE_LENGTH
//	headers in an answer   2,000              Core: MAX_HEADERS_RESULTS
//	hashes in a locator    101                Core: MAX_LOCATOR_SZ
//	blocks in a request    16                 Core: MAX_BLOCKS_IN_TRANSIT_PER_PEER
//	txs in a request       1,000              Core: MAX_GETDATA_SZ
//	txids of a pool        50,000             Core: MAX_INV_SZ
//	ages in a request      100                ours: what a network finds in seconds
//	addresses in an answer 100                a tenth of Core's MAX_ADDR_TO_SEND
//	connections            64, of which 8 are sought; 8 with one peer
//	streams of one peer    48, of which 24 of the sync protocol
//	a frame may take       20 s, a request 2 min, a silence 60 s, a first word 15 s, a handshake 5 s
//	a ban                  10 min
//
// All are constants in limits.go, with the reason for each; limits_test.go at the top
// of the module names the test that tries it. A length is held against its limit before
// memory is spent on it, and memory is spent on what arrives, not on what is announced.
// Of an answer of many blocks only one is in memory at a time, at either end.
//
// # Errors
//
// They name the peer by the last eight characters of its ID, or whole where the
// user has to do something about it. [MissingError] lists what a peer does not
// have; [ErrNotJoined] says that there is nobody to ask. A dial error is one
// line that says what stands at the other end: nobody, another peer, a node of
// other rules, a gate.
//
// # Where it differs from Bitcoin
//
// Bitcoin's nodes speak TCP with messages of their own (version, inv, getdata,
// headers, block…) and announce a hash before they send what it names. Here
// libp2p encrypts, names peers by keys and gossips whole messages. The work is
// in the status, so that a node knows before it asks who has more. The limits
// are Core's where Core has them; bans are shorter, because somebody is
// watching. There is no relay, no NAT traversal, no DNS seed, no defence against
// an attacker with many keys. And a node says how old a block is to whom it brought it
// (getages): a lab wants to know how fast blocks travel, where Bitcoin's nodes take care
// not to show whose block it was.
//
// # What to read
//
// types.go and limits.go first. Then session.go and status.go (how two nodes
// meet), gossip.go, wire.go, serve.go and ask.go (the sync protocol), gate.go
// and control.go (cutting and healing), book.go and dial.go (finding peers).
// host.go shows what a libp2p host is made of; link.go, shape.go and queue.go
// make lines bad.
//
// # Exercises
//
// Each is a small change that looks harmless. Say what it breaks before the
// test does.
//
//  1. messageID hashes topic and content. Leave the topic out:
//     TestSameBytesOnBothTopics.
//  2. Lost gossip is dropped before GossipSub sees it (lines.drop). Drop it in
//     the validator instead, as Ignore: TestLostGossipComesAround.
//  3. Judge blocks on GossipSub's own goroutines, with
//     pubsub.WithValidatorInline(true): TestSlowBlocksDoNotHoldUpTxs.
//  4. hostLimits raises the limit for transient streams, those that nobody knows
//     yet what they are for. Leave libp2p's: TestHalfOpenStreams.
//  5. readGrowing could be make([]byte, n): TestAnnouncedIsNotAllocated.
//  6. A block that came is compared with the block asked for. Trust the peer:
//     TestGarbageAnswersAreBanned.
//  7. SetGate calls heal. The redial loop would call anyway: TestGateOneSided.
//  8. TCP port reuse is switched off in addTCP. Switch it on: TestPortInUse.
//  9. session asks the gate although libp2p has just asked it, while the gate was
//     being changed. Trust libp2p: TestSlipsThroughTheGate.
//  10. A queue that is closed first sends what is in it. Close the stream at
//     once: TestQueueEmptiesBeforeItCloses.
package p2p
