package p2p

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"strings"
	"sync"
	"time"

	"toychain/peer"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// gossip holds the two topics. Every message passes through a validator, which asks the
// Handler. There is no subscriber, because the Handler receives a message by judging it.
type gossip struct {
	blocks, txs *pubsub.Topic
	reachable   func(corepeer.ID) // called when a publish reaches a peer on both topics

	mu    sync.Mutex
	reach map[corepeer.ID]reach
}

// reach is what is needed to reach a peer by gossip. Its subscription to a topic may arrive
// before GossipSub opens a stream to it; a message published in between is lost.
type reach struct {
	topics int // of ours that it subscribes to
	stream bool
}

func (r reach) whole() bool { return r.topics == 2 && r.stream }

// gossipParams returns GossipSub's parameters for a network of 2 to 50 nodes on fast links:
// each node sends to about four others. The heartbeat is the default, a second: each costs a
// node at rest a message to some peers, and nothing waits for it but a transaction that the
// mesh has lost. A new neighbour learns of our tip from its status.
func gossipParams() pubsub.GossipSubParams {
	p := pubsub.DefaultGossipSubParams()
	p.D, p.Dlo, p.Dhi, p.Dout, p.Dscore = 4, 2, 8, 1, 2
	p.HeartbeatInitialDelay = 50 * time.Millisecond
	return p
}

// messageID names a message by its topic and its content, so that the same block published
// by two nodes is one message. Without the topic an attacker could publish a transaction as
// a block: it would be rejected there and count as seen where it belongs.
//
// GossipSub tells peers outside of its mesh the IDs of messages (IHAVE) and sends those that they
// ask for (IWANT), each time a copy. For blocks admit leaves both out: with 56 keys an attacker
// would ask for 56 copies of each, up to 1 MB. A block that gossip did not bring is found by the
// status of any peer that has it.
func (names protocols) messageID(m *pb.Message) string {
	h := sha256.New()
	h.Write([]byte(m.GetTopic()))
	h.Write([]byte{0})
	h.Write(m.Data)
	kind := byte('t')
	if m.GetTopic() == names.blocks {
		kind = 'b'
	}
	return string(h.Sum([]byte{kind}))
}

func isBlockID(id string) bool { return strings.HasPrefix(id, "b") }

// joinTopics starts GossipSub, which runs until ctx ends. judgeBlock and judgeTx ask the
// Handler about a message of another node; reachable is called when a publish reaches a peer
// on both topics.
func joinTopics(ctx context.Context, h host.Host, ls *links, arriving *arrivals,
	judgeBlock, judgeTx func(context.Context, peer.ID, []byte) peer.Verdict, reachable func(corepeer.ID)) (*gossip, error) {
	g := &gossip{reachable: reachable, reach: map[corepeer.ID]reach{}}
	names := arriving.names
	arriving.g, arriving.received, arriving.held = g, map[corepeer.ID][]*holding{}, map[*pb.Message]*holding{}
	ps, err := pubsub.NewGossipSub(ctx, gossipHost{h, arriving},
		pubsub.WithRawTracer(arriving),
		pubsub.WithGossipSubParams(gossipParams()),
		pubsub.WithFloodPublish(true), // our own messages go to every peer
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(), // a block does not reveal its miner
		pubsub.WithMessageIdFn(names.messageID),
		pubsub.WithMaxMessageSize(maxGossip),
		pubsub.WithPeerOutboundQueueSize(gossipQueue),
		pubsub.WithValidateQueueSize(gossipQueue),
		pubsub.WithValidateThrottle(blockValidations+txValidations),
		pubsub.WithSubscriptionFilter(pubsub.NewAllowlistSubscriptionFilter(names.blocks, names.txs)),
		pubsub.WithAppSpecificRpcInspector(func(from corepeer.ID, rpc *pubsub.RPC) error {
			ls.drop(from, rpc)
			arriving.admit(from, rpc)
			return nil
		}),
		pubsub.WithLogger(slog.New(slog.DiscardHandler)),
		pubsub.WithRPCLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, err
	}
	self := h.ID()
	if g.blocks, err = joinTopic(ps, names.blocks, blockValidations, validator(self, judgeBlock, arriving)); err != nil {
		return nil, err
	}
	if g.txs, err = joinTopic(ps, names.txs, txValidations, validator(self, judgeTx, arriving)); err != nil {
		return nil, err
	}
	for _, t := range []*pubsub.Topic{g.blocks, g.txs} {
		events, err := t.EventHandler()
		if err != nil {
			return nil, err
		}
		go g.watch(ctx, events)
	}
	return g, nil
}

// joinTopic joins one topic. At most atOnce of its messages are validated at the same time,
// each on its own goroutine: a slow block does not delay transactions.
func joinTopic(ps *pubsub.PubSub, name string, atOnce int, v pubsub.ValidatorEx) (*pubsub.Topic, error) {
	if err := ps.RegisterTopicValidator(name, v, pubsub.WithValidatorConcurrency(atOnce)); err != nil {
		return nil, err
	}
	t, err := ps.Join(name)
	if err != nil {
		return nil, err
	}
	_, err = t.Relay() // take part without a subscriber
	return t, err
}

// validator translates a verdict for GossipSub. Our own messages pass: the caller that
// published them has judged them.
func validator(self corepeer.ID, judge func(context.Context, peer.ID, []byte) peer.Verdict, arriving *arrivals) pubsub.ValidatorEx {
	return func(ctx context.Context, from corepeer.ID, m *pubsub.Message) pubsub.ValidationResult {
		defer arriving.done(m.Message)
		if from == self {
			return pubsub.ValidationAccept
		}
		if len(m.Data) > MaxMessage {
			return pubsub.ValidationReject
		}
		switch judge(ctx, text(from), m.Data) {
		case peer.Accept:
			return pubsub.ValidationAccept
		case peer.Reject:
			return pubsub.ValidationReject
		}
		return pubsub.ValidationIgnore
	}
}

// drop removes from rpc what the link from that peer loses. It must happen before GossipSub
// processes rpc: a message that a validator ignores counts as seen, and GossipSub would then
// not accept it from any other peer.
func (ls *links) drop(from corepeer.ID, rpc *pubsub.RPC) {
	link := ls.link(from)
	if link == (Link{}) {
		return
	}
	if link.OneWay && rpc.Control != nil {
		rpc.Control.Ihave, rpc.Control.Iwant, rpc.Control.Idontwant = nil, nil, nil
	}
	kept := rpc.Publish[:0]
	for _, m := range rpc.Publish {
		if !ls.loses(from) {
			kept = append(kept, m)
		}
	}
	rpc.Publish = kept
}

// watch counts the topics that each peer subscribes to.
func (g *gossip) watch(ctx context.Context, events *pubsub.TopicEventHandler) {
	defer events.Cancel()
	for {
		e, err := events.NextPeerEvent(ctx)
		if err != nil {
			return
		}
		change := 1
		if e.Type == pubsub.PeerLeave {
			change = -1
		}
		g.change(e.Peer, func(r *reach) { r.topics = max(0, r.topics+change) })
	}
}

// change updates what is known about reaching a peer.
func (g *gossip) change(p corepeer.ID, f func(*reach)) {
	g.mu.Lock()
	r := g.reach[p]
	f(&r)
	g.reach[p] = r
	if r == (reach{}) {
		delete(g.reach, p)
	}
	g.mu.Unlock()
	if r.whole() {
		g.reachable(p)
	}
}

// reaches reports whether a message that we publish reaches p.
func (g *gossip) reaches(p corepeer.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reach[p].whole()
}

func (a *arrivals) OnNewOutboundStream(p corepeer.ID, _ protocol.ID) {
	a.g.change(p, func(r *reach) { r.stream = true })
}

func (a *arrivals) OnClosedOutboundStream(p corepeer.ID) {
	a.g.change(p, func(r *reach) { r.stream = false })
}

// ignoringTracer is a pubsub.RawTracer that ignores every event.
type ignoringTracer struct{}

func (ignoringTracer) OnNewOutboundStream(corepeer.ID, protocol.ID)             {}
func (ignoringTracer) OnClosedOutboundStream(corepeer.ID)                       {}
func (ignoringTracer) Join(string)                                              {}
func (ignoringTracer) Leave(string)                                             {}
func (ignoringTracer) Graft(corepeer.ID, string)                                {}
func (ignoringTracer) Prune(corepeer.ID, string)                                {}
func (ignoringTracer) ValidateMessage(*pubsub.Message)                          {}
func (ignoringTracer) DeliverMessage(*pubsub.Message)                           {}
func (ignoringTracer) RejectMessage(*pubsub.Message, string)                    {}
func (ignoringTracer) DuplicateMessage(*pubsub.Message)                         {}
func (ignoringTracer) ThrottlePeer(corepeer.ID)                                 {}
func (ignoringTracer) RecvRPC(*pubsub.RPC)                                      {}
func (ignoringTracer) SendRPC(*pubsub.RPC, corepeer.ID)                         {}
func (ignoringTracer) SendRPCCompleted(*pubsub.RPC, corepeer.ID, time.Duration) {}
func (ignoringTracer) DropRPC(*pubsub.RPC, corepeer.ID)                         {}
func (ignoringTracer) UndeliverableMessage(*pubsub.Message)                     {}
