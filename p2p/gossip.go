package p2p

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync"
	"time"
	"toychain/peer"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// gossip is the two topics. Every message passes through a validator, which asks
// the Handler; there is no subscriber beside it, because judging a message and
// receiving it are the same thing here.
type gossip struct {
	blocks, txs *pubsub.Topic
	reachable   func(corepeer.ID) // told when a publish reaches a peer on both topics

	mu    sync.Mutex
	reach map[corepeer.ID]reach
}

// reach is what it takes to reach a peer. Its word that it wants a topic may come
// before GossipSub has begun to open a stream to it; what is published in between goes
// nowhere.
type reach struct {
	topics int // of ours that it wants
	stream bool
}

func (r reach) whole() bool { return r.topics == 2 && r.stream }

// gossipParams are GossipSub's, for a network of 2 to 50 nodes on fast lines:
// each node sends to about four others, and a heartbeat of a quarter of the
// usual length brings a new neighbour into the mesh before anybody notices.
// The history is as long in time as the default.
func gossipParams() pubsub.GossipSubParams {
	p := pubsub.DefaultGossipSubParams()
	p.D, p.Dlo, p.Dhi, p.Dout, p.Dscore = 4, 2, 8, 1, 2
	p.HeartbeatInterval = 250 * time.Millisecond
	p.HeartbeatInitialDelay = 50 * time.Millisecond
	p.HistoryLength, p.HistoryGossip = 20, 12
	return p
}

// messageID names a message by its topic and its content, so that the same
// block published by two nodes is one message. Without the topic a stranger
// could publish a transaction as a block: refused there, it would count as seen
// where it belongs.
func messageID(m *pb.Message) string {
	h := sha256.New()
	h.Write([]byte(m.GetTopic()))
	h.Write([]byte{0})
	h.Write(m.Data)
	return string(h.Sum(nil))
}

// joinTopics starts GossipSub, which runs until ctx ends. judge asks the Handler
// about a message of another node; reachable is told when a publish reaches a
// peer on both topics.
func joinTopics(ctx context.Context, h host.Host, ls *lines, names protocols,
	judgeBlock, judgeTx func(context.Context, peer.ID, []byte) peer.Verdict, reachable func(corepeer.ID)) (*gossip, error) {
	g := &gossip{reachable: reachable, reach: map[corepeer.ID]reach{}}
	ps, err := pubsub.NewGossipSub(ctx, h,
		pubsub.WithRawTracer(streams{g: g}),
		pubsub.WithGossipSubParams(gossipParams()),
		pubsub.WithFloodPublish(true), // our own messages go to every peer
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(), // who made a block is nobody's business
		pubsub.WithMessageIdFn(messageID),
		pubsub.WithMaxMessageSize(MaxMessage+4096), // and the envelope
		pubsub.WithPeerOutboundQueueSize(gossipQueue),
		pubsub.WithValidateQueueSize(gossipQueue),
		pubsub.WithValidateThrottle(blocksJudged+txsJudged),
		pubsub.WithSubscriptionFilter(pubsub.NewAllowlistSubscriptionFilter(names.blocks, names.txs)),
		pubsub.WithAppSpecificRpcInspector(func(from corepeer.ID, rpc *pubsub.RPC) error {
			ls.drop(from, rpc)
			return nil
		}),
		pubsub.WithLogger(slog.New(slog.DiscardHandler)),
		pubsub.WithRPCLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, err
	}
	self := h.ID()
	if g.blocks, err = joinTopic(ps, names.blocks, blocksJudged, validator(self, judgeBlock)); err != nil {
		return nil, err
	}
	if g.txs, err = joinTopic(ps, names.txs, txsJudged, validator(self, judgeTx)); err != nil {
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

// joinTopic joins one topic. Its messages are judged at most atOnce at a time,
// each on a goroutine of its own: a block that takes long holds up no
// transaction.
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

// validator makes a verdict a GossipSub result. Our own messages pass: whoever
// published them has judged them.
func validator(self corepeer.ID, judge func(context.Context, peer.ID, []byte) peer.Verdict) pubsub.ValidatorEx {
	return func(ctx context.Context, from corepeer.ID, m *pubsub.Message) pubsub.ValidationResult {
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

// drop takes out of rpc what the line from that peer loses. It must happen
// before GossipSub looks: a message that a validator ignores counts as seen, and
// would then not be heard from anybody else.
func (ls *lines) drop(from corepeer.ID, rpc *pubsub.RPC) {
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

// watch counts the topics that each peer wants.
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

// change notes something about a peer.
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

// reaches reports whether what we publish reaches p.
func (g *gossip) reaches(p corepeer.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reach[p].whole()
}

// streams hears from GossipSub's own loop of its streams to others.
type streams struct {
	deafTracer
	g *gossip
}

func (s streams) OnNewOutboundStream(p corepeer.ID, _ protocol.ID) {
	s.g.change(p, func(r *reach) { r.stream = true })
}

func (s streams) OnClosedOutboundStream(p corepeer.ID) {
	s.g.change(p, func(r *reach) { r.stream = false })
}

// deafTracer is a pubsub.RawTracer that wants to know nothing.
type deafTracer struct{}

func (deafTracer) OnNewOutboundStream(corepeer.ID, protocol.ID)             {}
func (deafTracer) OnClosedOutboundStream(corepeer.ID)                       {}
func (deafTracer) Join(string)                                              {}
func (deafTracer) Leave(string)                                             {}
func (deafTracer) Graft(corepeer.ID, string)                                {}
func (deafTracer) Prune(corepeer.ID, string)                                {}
func (deafTracer) ValidateMessage(*pubsub.Message)                          {}
func (deafTracer) DeliverMessage(*pubsub.Message)                           {}
func (deafTracer) RejectMessage(*pubsub.Message, string)                    {}
func (deafTracer) DuplicateMessage(*pubsub.Message)                         {}
func (deafTracer) ThrottlePeer(corepeer.ID)                                 {}
func (deafTracer) RecvRPC(*pubsub.RPC)                                      {}
func (deafTracer) SendRPC(*pubsub.RPC, corepeer.ID)                         {}
func (deafTracer) SendRPCCompleted(*pubsub.RPC, corepeer.ID, time.Duration) {}
func (deafTracer) DropRPC(*pubsub.RPC, corepeer.ID)                         {}
func (deafTracer) UndeliverableMessage(*pubsub.Message)                     {}

// publish sends raw to everybody on the topic.
func publish(ctx context.Context, t *pubsub.Topic, raw []byte) error {
	if len(raw) > MaxMessage {
		return fmt.Errorf("publish: %d bytes, at most %d", len(raw), MaxMessage)
	}
	return t.Publish(ctx, raw)
}
