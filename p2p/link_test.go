package p2p

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/peer"
)

func (n *testNode) link(o *testNode, l Link) {
	n.t.Helper()
	if err := n.SetLink(o.ID(), l); err != nil {
		n.t.Fatal(err)
	}
}

// What a lossy line drops can still be heard from others: it does not count as
// seen.
//
//	a ──x── b        a hears nothing of b's gossip
//	 \     /
//	  ─ c ─
func TestLostGossipComesAround(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	a.link(b, Link{Loss: 1})
	lost := strings.Repeat("lost ", 4000)
	before := a.Peers()[0].BytesIn
	if err := b.PublishTx(testContext(t), []byte(lost)); err != nil {
		t.Fatal(err)
	}
	a.wait("what it loses", func() bool { return a.Peers()[0].BytesIn >= before+uint64(len(lost)) })
	b.Announce(peer.Status{Height: 1}) // only gossip is lost
	a.wait("the status", func() bool { return a.heard[b.ID()].Height == 1 })
	if n := len(a.gossiped()); n != 0 {
		t.Errorf("heard %d messages", n)
	}
	c := startNode(t)
	c.connect(a, b)
	// c passes on only to its neighbours in the mesh, and a becomes one of them
	// with a heartbeat: until then b's blocks stop at c.
	a.wait("what c passes on", func() bool {
		if err := b.PublishBlock(testContext(t), fmt.Appendf(nil, "around %d", time.Now().UnixNano())); err != nil {
			t.Fatal(err)
		}
		return len(a.blocks) > 0
	})
	a.link(b, Link{})
	if err := b.PublishTx(testContext(t), []byte("heard")); err != nil {
		t.Fatal(err)
	}
	a.wait("the transaction", func() bool { return got(a.txs, "heard") == 1 })
}

// A delay holds back gossip, status, and both ways of a request if it is set at
// both ends; nothing is lost or reordered.
func TestDelayAndJitter(t *testing.T) {
	a, b := startNode(t), startNode(t)
	for i := range 200 {
		raw := fmt.Appendf(nil, "tx %d", i)
		b.pool = append(b.pool, block.Sum(raw))
		b.poolTxs[block.Sum(raw)] = raw
	}
	a.connect(b)
	const delay = 50 * time.Millisecond
	a.link(b, Link{Delay: 50, Jitter: 20})
	b.link(a, Link{Delay: 50, Jitter: 20})

	begun := time.Now()
	count := 0
	err := a.RequestTxs(testContext(t), b.ID(), b.pool, func([]byte) error { count++; return nil })
	if took := time.Since(begun); err != nil || count != len(b.pool) || took < 2*delay {
		t.Errorf("%d transactions in %v, %v", count, took, err)
	}
	begun = time.Now()
	if err := a.PublishBlock(testContext(t), []byte("slow")); err != nil {
		t.Fatal(err)
	}
	b.wait("the block", func() bool { return got(b.blocks, "slow") == 1 })
	if took := time.Since(begun); took < delay {
		t.Errorf("a block took %v", took)
	}
	// Lifted, the line is quick again, on the streams that were slow too.
	a.link(b, Link{})
	b.link(a, Link{})
	begun = time.Now()
	if err := a.PublishBlock(testContext(t), []byte("quick")); err != nil {
		t.Fatal(err)
	}
	b.wait("the block", func() bool { return got(b.blocks, "quick") == 1 })
	if got := len(a.Peers()); got != 1 {
		t.Errorf("%d peers", got)
	}
	t.Log("after the delay a block took", time.Since(begun))
}

func TestBandwidth(t *testing.T) {
	a, b := startNode(t), startNode(t)
	id := chainOf(b.fake, 1)[0]
	b.bodies[id] = append(b.bodies[id], make([]byte, 300_000)...)
	a.connect(b)
	b.link(a, Link{Bandwidth: 1_000_000})
	begun := time.Now()
	if err := a.RequestBlocks(testContext(t), b.ID(), []block.Hash{id}, func([]byte) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 250*time.Millisecond {
		t.Errorf("300 KB at 1 MB/s took %v", took)
	}
}

// Cutting a peer forgets what is still under way to it.
func TestCutDropsWhatIsUnderWay(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	a.link(b, Link{Delay: 60_000})
	for range 20 {
		if err := a.PublishBlock(testContext(t), []byte("never")); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	if err := a.SetBlocklist([]peer.ID{b.ID()}); err != nil {
		t.Fatal(err)
	}
	a.waitLeft(b)
	b.waitLeft(a)
	a.stop()
	b.stop()
	if took := time.Since(begun); took > 50*time.Second {
		t.Errorf("it took %v", took)
	}
	if len(b.blocks) != 0 {
		t.Error("a block arrived before its time")
	}
}

func TestLinkChecks(t *testing.T) {
	a := startNode(t)
	nan := 0.0
	nan /= nan
	for _, l := range []Link{{Delay: -1}, {Jitter: -1}, {Loss: -0.1}, {Loss: 1.1}, {Loss: nan}, {Bandwidth: -1}} {
		if err := a.SetLink(a.ID(), l); err == nil {
			t.Errorf("accepted %+v", l)
		}
	}
	if err := a.SetLink("nobody", Link{}); err == nil {
		t.Error("accepted a link to nobody")
	}
}

// Bandwidth is shared by all that goes to the peer, delay adds to it.
func TestLineDue(t *testing.T) {
	now := time.Unix(1000, 0)
	l := &shaper{Link: Link{Delay: 1000, Bandwidth: 100}}
	for i, want := range []time.Duration{2 * time.Second, 3 * time.Second, 4 * time.Second} {
		if got := l.arrival(100, now).Sub(now); got != want {
			t.Errorf("parcel %d is due after %v, want %v", i, got, want)
		}
	}
	later := now.Add(time.Minute)
	if got := l.arrival(50, later).Sub(later); got != 1500*time.Millisecond {
		t.Errorf("after a pause: %v", got)
	}
}
