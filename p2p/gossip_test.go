package p2p

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"toychain/peer"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// lineOf makes a - b - c, where a and c may not talk to each other, and waits
// until b passes on what a says. That is not so at once: a node passes on only to
// its neighbours in the mesh, and a heartbeat must make them that.
func lineOf(t *testing.T) (a, b, c *testNode) {
	t.Helper()
	a, b, c = startNode(t), startNode(t), startNode(t)
	if err := a.SetBlocklist([]peer.ID{c.ID()}); err != nil {
		t.Fatal(err)
	}
	if err := c.SetBlocklist([]peer.ID{a.ID()}); err != nil {
		t.Fatal(err)
	}
	a.connect(b)
	c.connect(b)
	for _, topic := range []struct {
		publish func(context.Context, []byte) error
		heard   *[]string
	}{{a.PublishTx, &c.txs}, {a.PublishBlock, &c.blocks}} {
		c.wait("what b passes on", func() bool {
			if err := topic.publish(testContext(t), fmt.Appendf(nil, "probe %d", time.Now().UnixNano())); err != nil {
				t.Fatal(err)
			}
			return len(*topic.heard) > 0
		})
	}
	return a, b, c
}

// Only what is accepted is passed on.
//
//	a ── b ── c
func TestVerdicts(t *testing.T) {
	a, b, c := lineOf(t)
	b.judges(func(raw []byte) peer.Verdict {
		switch string(raw) {
		case "ignored":
			return peer.Ignore
		case "rejected":
			return peer.Reject
		}
		return peer.Accept
	})
	for _, m := range []string{"ignored", "rejected", "accepted"} {
		if err := a.PublishBlock(testContext(t), []byte(m)); err != nil {
			t.Fatal(err)
		}
		b.wait(m, func() bool { return got(b.blocks, m) == 1 })
	}
	c.wait("the accepted", func() bool { return got(c.blocks, "accepted") == 1 })
	if heard := c.gossiped(); got(heard, "ignored")+got(heard, "rejected") != 0 {
		t.Errorf("c heard %v", heard)
	}
	if len(b.Banned()) != 0 {
		t.Errorf("a verdict bans nobody, yet banned: %v", b.Banned())
	}
}

// The trap of the seen cache: what was ignored once is not judged again when it
// comes again, not even from another peer. So whoever ignores a block because
// its parent is unknown must ask for the parent, and for the block.
func TestIgnoredIsNotJudgedAgain(t *testing.T) {
	a, b, c := lineOf(t)
	b.judges(func(raw []byte) peer.Verdict {
		if string(raw) == "orphan" {
			return peer.Ignore
		}
		return peer.Accept
	})
	if err := a.PublishBlock(testContext(t), []byte("orphan")); err != nil {
		t.Fatal(err)
	}
	b.wait("the orphan", func() bool { return got(b.blocks, "orphan") == 1 })
	if err := c.PublishBlock(testContext(t), []byte("orphan")); err != nil {
		t.Fatal(err)
	}
	if err := c.PublishBlock(testContext(t), []byte("next")); err != nil {
		t.Fatal(err)
	}
	b.wait("what follows", func() bool { return got(b.blocks, "next") == 1 })
	if n := got(b.gossiped(), "orphan"); n != 1 {
		t.Errorf("judged %d times", n)
	}
}

// A message is named by topic and content: bytes that were rejected as a block
// may be a good transaction.
func TestSameBytesOnBothTopics(t *testing.T) {
	a, b := startNode(t), startNode(t)
	b.judges(func([]byte) peer.Verdict { return peer.Reject })
	a.connect(b)
	if err := a.PublishBlock(testContext(t), []byte("same")); err != nil {
		t.Fatal(err)
	}
	b.wait("the block", func() bool { return got(b.blocks, "same") == 1 })
	if err := a.PublishTx(testContext(t), []byte("same")); err != nil {
		t.Fatal(err)
	}
	b.wait("the transaction", func() bool { return got(b.txs, "same") == 1 })
}

// A publisher's own Handler is not asked, whatever it would say.
func TestOwnPublishIsNotJudged(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.judges(func([]byte) peer.Verdict { return peer.Reject })
	a.connect(b)
	if err := a.PublishBlock(testContext(t), []byte("mine")); err != nil {
		t.Fatal(err)
	}
	b.wait("the block", func() bool { return got(b.blocks, "mine") == 1 })
	a.stop()
	if len(a.blocks) != 0 {
		t.Errorf("judged %v", a.blocks)
	}
}

// While blocks are being judged, all places for them taken, transactions pass.
func TestSlowBlocksDoNotHoldUpTxs(t *testing.T) {
	a, b := startNode(t), startNode(t)
	release := make(chan struct{})
	b.slowBlock = func(ctx context.Context) {
		select {
		case <-release:
		case <-ctx.Done():
		}
	}
	a.connect(b)
	for i := range blockValidations {
		if err := a.PublishBlock(testContext(t), []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	b.wait("blocks", func() bool { return len(b.blocks) == blockValidations })
	if err := a.PublishTx(testContext(t), []byte("quick")); err != nil {
		t.Fatal(err)
	}
	b.wait("the transaction", func() bool { return got(b.txs, "quick") == 1 })
	close(release)
}

// Run ends a judgement through its context, and returns only when the Handler
// has.
func TestRunWaitsForTheHandler(t *testing.T) {
	a, b := startNode(t), startNode(t)
	cancelled, released := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	t.Cleanup(release) // else a test that failed would wait for b for ever
	b.slowBlock = func(ctx context.Context) { <-ctx.Done(); close(cancelled); <-released }
	a.connect(b)
	if err := a.PublishBlock(testContext(t), []byte("long")); err != nil {
		t.Fatal(err)
	}
	b.wait("the block", func() bool { return len(b.blocks) == 1 })
	stopped := make(chan struct{})
	go func() { b.stop(); close(stopped) }()
	<-cancelled
	b.wait("the host to close", func() bool { return len(b.Addrs()) == 0 })
	a.waitLeft(b)
	select {
	case <-stopped:
		t.Error("Run returned while the Handler was judging")
	default:
	}
	release()
	<-stopped
}

func TestPublishLimits(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	if err := a.PublishBlock(testContext(t), make([]byte, MaxMessage+1)); err == nil {
		t.Error("a message that is too long was published")
	}
	if err := a.PublishBlock(testContext(t), make([]byte, MaxMessage)); err != nil {
		t.Fatal(err)
	}
	b.wait("the longest message", func() bool { return len(b.blocks) == 1 && len(b.blocks[0]) == MaxMessage })
	a.stop()
	if err := a.PublishBlock(testContext(t), nil); err == nil {
		t.Error("published after the end")
	}
}

// A peer is reached when it wants both topics and there is a stream to it, whichever
// comes first; without the stream GossipSub would drop what is published.
func TestReachTakesTopicsAndAStream(t *testing.T) {
	told := 0
	g := &gossip{reachable: func(corepeer.ID) { told++ }, reach: map[corepeer.ID]reach{}}
	topic := func(change int) func() {
		return func() { g.change("p", func(r *reach) { r.topics += change }) }
	}
	a := &arrivals{g: g}
	up, down := func() { a.OnNewOutboundStream("p", "") }, func() { a.OnClosedOutboundStream("p") }
	for i, step := range []struct {
		do   func()
		want bool
	}{
		{topic(1), false}, {topic(1), false}, {up, true}, {topic(-1), false}, {topic(1), true},
		{down, false}, {topic(-1), false}, {topic(-1), false}, {up, false}, {topic(1), false}, {topic(1), true},
	} {
		before := told
		step.do()
		if got := g.reaches("p"); got != step.want || (told > before) != step.want {
			t.Errorf("step %d: reached %v, told %d times, want %v", i, got, told-before, step.want)
		}
	}
	down()
	topic(-2)()
	if len(g.reach) != 0 {
		t.Errorf("%d peers are remembered that are gone", len(g.reach))
	}
}

// Peers that a prune recommends are not dialed.
func TestPruneTellsNoPeers(t *testing.T) {
	a := &arrivals{}
	a.admit("p", &pubsub.RPC{})
	rpc := &pubsub.RPC{RPC: pb.RPC{Control: &pb.ControlMessage{Prune: []*pb.ControlPrune{{Peers: []*pb.PeerInfo{{PeerID: []byte("x")}}}, {}}}}}
	a.admit("p", rpc)
	for _, prune := range rpc.Control.Prune {
		if len(prune.Peers) != 0 {
			t.Errorf("still recommended: %v", prune.Peers)
		}
	}
}
