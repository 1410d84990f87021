package p2p

import (
	"context"
	"strings"
	"testing"
	"time"

	"toychain/peer"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

func TestGateCutsAndHeals(t *testing.T) {
	nodes := mesh(t, 4)
	left, right := nodes[:2], nodes[2:]
	ids := func(ns []*testNode) (out []peer.ID) {
		for _, n := range ns {
			out = append(out, n.ID())
		}
		return out
	}
	each := func(f func(l, r *testNode)) {
		for _, l := range left {
			for _, r := range right {
				f(l, r)
			}
		}
	}
	for round := range 3 {
		// n1 n2 | n3 n4
		for _, n := range left {
			if err := n.SetBlocklist(ids(right)); err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range right {
			if err := n.SetBlocklist(ids(left)); err != nil {
				t.Fatal(err)
			}
		}
		each(func(l, r *testNode) {
			l.waitLeft(r)
			r.waitLeft(l)
			l.waitGossip(r, false) // else it would seem to work again before it does
			r.waitGossip(l, false)
			if err := l.Connect(testContext(t), r.Addrs()[0]); err == nil || !strings.Contains(err.Error(), "blocklist") {
				t.Fatalf("connect to a blocked peer: %v", err)
			}
		})
		cut := "during cut " + string(rune('0'+round))
		if err := left[0].PublishBlock(testContext(t), []byte(cut)); err != nil {
			t.Fatal(err)
		}
		left[1].wait("the left's block", func() bool { return got(left[1].blocks, cut) == 1 })

		// (After the heal it may come: gossip tells what it had in the last seconds.)
		for _, r := range right {
			r.wait("nothing", func() bool {
				if got(r.blocks, cut) != 0 {
					t.Error("a block crossed the cut")
				}
				return true
			})
		}
		for _, n := range nodes {
			if err := n.SetBlocklist(nil); err != nil {
				t.Fatal(err)
			}
		}
		each((*testNode).waitBoth)
		after := "after heal " + string(rune('0'+round))
		if err := right[0].PublishBlock(testContext(t), []byte(after)); err != nil {
			t.Fatal(err)
		}
		for _, n := range []*testNode{left[0], left[1], right[1]} {
			n.wait("traffic", func() bool { return got(n.blocks, after) == 1 })
		}
	}
}

// A gate closed on one side only: the other side keeps calling, is refused each
// time, and nobody is told that anybody joined.
func TestGateOneSided(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	if err := a.SetBlocklist([]peer.ID{b.ID()}); err != nil {
		t.Fatal(err)
	}
	a.waitLeft(b)
	b.waitLeft(a)
	err := b.Connect(testContext(t), a.Addrs()[0])
	if err == nil || !strings.Contains(err.Error(), string(a.ID())) {
		t.Fatalf("connect to a closed gate: %v", err)
	}
	// b calls again, less and less often.
	b.wait("b's calls to fail", func() bool { return b.contact(a.ID()).fails >= 3 })
	// However long the wait has become, healing does not wait for it.
	b.change(a.ID(), func(c *knownPeer) { c.nextDial = time.Now().Add(time.Hour) })
	a.change(b.ID(), func(c *knownPeer) { c.nextDial = time.Now().Add(time.Hour) })
	if err := a.SetBlocklist([]peer.ID{}); err != nil {
		t.Fatal(err)
	}
	a.waitJoined(b)
	b.waitJoined(a)
}

// libp2p asks the gate, and then the connection stands; the gate may have been
// closed between the two, when there was no connection to close.
func TestSlipsThroughTheGate(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	a.gater.block([]corepeer.ID{b.host.ID()}) // and nothing is closed
	r := a.enter()
	s := r.session(b.host.ID())
	r.tasks.Done()
	if s != nil {
		t.Error("a session with a peer that the gate refuses")
	}
	a.waitLeft(b)
	b.waitLeft(a)
}

// contact returns a copy of what the node's book says of a peer.
func (n *testNode) contact(p peer.ID) (c knownPeer) {
	n.change(p, func(at *knownPeer) { c = *at })
	return c
}

func (n *testNode) change(p peer.ID, f func(*knownPeer)) {
	n.t.Helper()
	id, err := decode(p)
	if err != nil {
		n.t.Fatal(err)
	}
	n.Net.mu.Lock()
	defer n.Net.mu.Unlock()
	if c := n.addrman.peers[id]; c != nil {
		f(c)
	} else {
		n.t.Fatalf("%s is not in the book", p)
	}
}

func TestBan(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	if err := a.Ban(b.ID(), time.Hour); err != nil {
		t.Fatal(err)
	}
	a.waitLeft(b)
	b.waitLeft(a)
	if err := a.Connect(testContext(t), b.Addrs()[0]); err == nil || !strings.Contains(err.Error(), "banned") {
		t.Errorf("connect to a banned peer: %v", err)
	}
	if _, ok := a.Banned()[b.ID()]; !ok {
		t.Errorf("banned: %v", a.Banned())
	}
	b.change(a.ID(), func(c *knownPeer) { c.nextDial = time.Now().Add(time.Hour) })
	if err := a.Unban(b.ID()); err != nil {
		t.Fatal(err)
	}
	a.waitJoined(b)
	if err := a.Unban(b.ID()); err == nil {
		t.Error("unbanned twice")
	}
}

func TestSetActive(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	a.SetActive(false)
	a.waitLeft(b)
	if err := a.Connect(testContext(t), b.Addrs()[0]); err == nil || !strings.Contains(err.Error(), "switched off") {
		t.Errorf("connect while switched off: %v", err)
	}
	a.SetActive(true)
	a.waitJoined(b)
}

func TestOneWayLink(t *testing.T) {
	a, b := startNode(t), startNode(t)
	a.connect(b)
	// a is deaf to b.
	if err := a.SetLink(b.ID(), Link{OneWay: true}); err != nil {
		t.Fatal(err)
	}
	a.waitLeft(b)
	unheard := strings.Repeat("unheard ", 2000)
	before := a.Peers()[0].BytesIn
	if err := b.PublishBlock(testContext(t), []byte(unheard)); err != nil {
		t.Fatal(err)
	}
	a.wait("what it refuses to hear", func() bool { return a.Peers()[0].BytesIn >= before+uint64(len(unheard)) })
	if err := a.PublishBlock(testContext(t), []byte("heard")); err != nil {
		t.Fatal(err)
	}
	b.wait("a's block", func() bool { return got(b.blocks, "heard") == 1 })
	if _, err := a.RequestPool(testContext(t), b.ID()); err == nil {
		t.Error("a deaf node got an answer")
	}
	if _, err := b.RequestPool(testContext(t), a.ID()); err == nil {
		t.Error("a deaf node answered")
	}
	a.Announce(peer.Status{Height: 5})
	b.wait("a's status", func() bool { return b.heard[a.ID()].Height == 5 })
	b.Announce(peer.Status{Height: 6})
	// (After the line is good again it may come: gossip tells what it had.)
	if got(a.gossiped(), unheard) != 0 {
		t.Error("a heard what it should not")
	}
	if err := a.SetLink(b.ID(), Link{}); err != nil {
		t.Fatal(err)
	}
	a.wait("b's last status", func() bool { return a.heard[b.ID()].Height == 6 })
	if err := b.PublishBlock(testContext(t), []byte("heard again")); err != nil {
		t.Fatal(err)
	}
	a.wait("b's block", func() bool { return got(a.blocks, "heard again") == 1 })
}

// refused connects n to addr, which must fail for this reason. Under load a call may
// run out of time before it knows the reason; then it is made again.
func (n *testNode) refused(addr, why string) {
	n.t.Helper()
	if err := again(n.t, func(ctx context.Context) error {
		err := n.Connect(ctx, addr)
		switch {
		case err == nil:
			n.t.Errorf("connect %q: no error, want %q", addr, why)
		case !strings.Contains(err.Error(), why):
			return err
		}
		return nil
	}); err != nil {
		n.t.Errorf("connect %q: %v, want %q", addr, err, why)
	}
}

func TestAnotherNetwork(t *testing.T) {
	a := startNode(t)
	b := startNode(t, func(c *Config) { c.Digest = "ffff0000" })
	for range 3 {
		b.refused(a.Addrs()[0], "runs another network's rules")
	}
	ctx := testContext(t)
	b.wait("the end of the connection", func() bool { return len(a.Peers()) == 0 && len(b.Peers()) == 0 })
	if ctx.Err() != nil || len(a.told())+len(b.told()) != 0 {
		t.Errorf("events %v %v", a.told(), b.told())
	}
}

func TestConnectErrors(t *testing.T) {
	a, b, c := startNode(t), startNode(t), startNode(t)
	b.stop()
	for _, row := range []struct{ addr, want string }{
		{"", "want one like"},
		{"/ip4/127.0.0.1/tcp/1", "want one like"},
		{"/p2p/" + string(b.ID()), "want one like"},
		{a.Addrs()[0], "own"},
		{"/ip4/127.0.0.1/tcp/1/p2p/" + string(b.ID()), "connection refused"}, // no system gives that port away
		{strings.Replace(c.Addrs()[0], string(c.ID()), string(b.ID()), 1), "another peer listens there: " + string(c.ID())},
		{strings.Replace(a.Addrs()[0], string(a.ID()), string(b.ID()), 1), "dial to self"},
	} {
		a.refused(row.addr, row.want)
	}
}
