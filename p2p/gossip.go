package p2p

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

// gossip is the two topics. Every message passes through a validator, which asks
// the Handler; there is no subscriber beside it, because judging a message and
// receiving it are the same thing here.
type gossip struct {
	blocks, txs *pubsub.Topic

	mu    sync.Mutex
	ready map[peer.ID]int // on how many of our topics we can reach the peer
}

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
	judgeBlock, judgeTx func(context.Context, PeerID, []byte) Verdict, reachable func(peer.ID)) (*gossip, error) {
	ps, err := pubsub.NewGossipSub(ctx, h,
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
		pubsub.WithAppSpecificRpcInspector(func(from peer.ID, rpc *pubsub.RPC) error {
			ls.drop(from, rpc)
			return nil
		}),
		pubsub.WithLogger(slog.New(slog.DiscardHandler)),
		pubsub.WithRPCLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, err
	}
	g := &gossip{ready: map[peer.ID]int{}}
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
		go g.watch(ctx, events, reachable)
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
func validator(self peer.ID, judge func(context.Context, PeerID, []byte) Verdict) pubsub.ValidatorEx {
	return func(ctx context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
		if from == self {
			return pubsub.ValidationAccept
		}
		if len(m.Data) > MaxMessage {
			return pubsub.ValidationReject
		}
		switch judge(ctx, text(from), m.Data) {
		case Accept:
			return pubsub.ValidationAccept
		case Reject:
			return pubsub.ValidationReject
		}
		return pubsub.ValidationIgnore
	}
}

// drop takes out of rpc what the line from that peer loses. It must happen
// before GossipSub looks: a message that a validator ignores counts as seen, and
// would then not be heard from anybody else.
func (ls *lines) drop(from peer.ID, rpc *pubsub.RPC) {
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

// watch counts the topics on which each peer can be reached.
func (g *gossip) watch(ctx context.Context, events *pubsub.TopicEventHandler, reachable func(peer.ID)) {
	defer events.Cancel()
	for {
		e, err := events.NextPeerEvent(ctx)
		if err != nil {
			return
		}
		g.mu.Lock()
		if e.Type == pubsub.PeerJoin {
			g.ready[e.Peer]++
		} else if g.ready[e.Peer]--; g.ready[e.Peer] <= 0 {
			delete(g.ready, e.Peer)
		}
		both := g.ready[e.Peer] == 2
		g.mu.Unlock()
		if both {
			reachable(e.Peer)
		}
	}
}

// reaches reports whether what we publish reaches p.
func (g *gossip) reaches(p peer.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ready[p] == 2
}

// publish sends raw to everybody on the topic.
func publish(ctx context.Context, t *pubsub.Topic, raw []byte) error {
	if len(raw) > MaxMessage {
		return fmt.Errorf("publish: %d bytes, at most %d", len(raw), MaxMessage)
	}
	return t.Publish(ctx, raw)
}
