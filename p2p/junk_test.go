package p2p

import (
	"testing"
	"time"

	"toychain/peer"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// What is not accepted of a peer's gossip is counted in bytes and in time, each of which has
// a limit that is there again after a minute.
func TestJunkBudget(t *testing.T) {
	n := &Net{junk: map[corepeer.ID]*bucket{}, addrman: newAddrMan("self")}
	now := time.Unix(1000, 0)
	charge := func(p corepeer.ID, bytes int, took time.Duration, want bool) {
		t.Helper()
		n.charge(p, bytes, took, now)
		if got := n.ignores(p, 1, now); got != want {
			t.Errorf("%s is ignored: %v, want %v", p, got, want)
		}
	}
	charge("bulk", maxJunk, 0, false)
	charge("bulk", 1, 0, true)
	charge("slow", 0, maxJunkTime, false)
	charge("slow", 0, time.Second, true)
	now = now.Add(time.Minute)
	charge("bulk", 0, 0, false)
	charge("slow", 0, 0, false)
	for range maxNew + 10 {
		n.charge(corepeer.ID(time.Now().String()), 0, 0, now)
	}
	now = now.Add(time.Minute)
	n.charge("last", 1, 0, now)
	if len(n.junk) > maxNew+1 {
		t.Errorf("%d peers are remembered", len(n.junk))
	}
}

// A peer that has used up what it may cost is ignored, then disconnected, and not banned; a
// peer that the user named stays.
func TestJunkIsIgnored(t *testing.T) {
	victim, bulk, friend := startNode(t), startNode(t), startNode(t)
	victim.judges(func([]byte) peer.Verdict { return peer.Ignore })
	bulk.connect(victim)
	friend.connect(victim)
	id, err := decode(bulk.ID())
	if err != nil {
		t.Fatal(err)
	}
	victim.charge(id, 2*maxJunk, 0, time.Now())
	charged := time.Now()
	publish := func(n *testNode, text string) {
		t.Helper()
		if err := n.PublishTx(testContext(t), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	publish(bulk, "junk")
	victim.wait("the junk to be ignored", func() bool {
		victim.Net.mu.Lock()
		defer victim.Net.mu.Unlock()
		return victim.junk[id].at.After(charged)
	})
	if victim.Ignored() == 0 {
		t.Error("what is ignored is not counted")
	}
	publish(friend, "of use")
	victim.wait("the other peer's message", func() bool { return len(victim.txs) == 1 && victim.txs[0] == "of use" })
	named := bulk.Addrs()[0]
	if err := victim.Keep(named); err != nil {
		t.Fatal(err)
	}
	if !victim.ignores(id, maxIgnored, time.Now()) || len(victim.swarm.ConnsToPeer(id)) == 0 {
		t.Error("a peer that the user named was disconnected, or is not ignored")
	}
	if err := victim.Forget(bulk.ID()); err != nil {
		t.Fatal(err)
	}
	victim.charge(id, maxJunk, 0, time.Now())
	victim.ignores(id, maxJunk, time.Now())
	victim.waitLeft(bulk)
	bulk.waitLeft(victim)
	if err := bulk.Connect(testContext(t), victim.Addrs()[0]); err == nil {
		t.Error("it is connected again at once")
	}
	if victim.Net.mu.Lock(); !victim.owes(id, time.Now()) || victim.owes(id, time.Now().Add(2*time.Minute)) {
		t.Error("it is refused for ever, or not at all")
	}
	victim.Net.mu.Unlock()
	if len(victim.Banned()) != 0 {
		t.Errorf("banned: %v", victim.Banned())
	}
}
