package p2p

import (
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"

	"toychain/internal/longtest"
)

// pair starts a third node and, connected with it, the first of those that withKey gives one
// key.
func pair(t *testing.T) (third, first *testNode, withKey func(*Config)) {
	t.Helper()
	key, _, err := NewKey([32]byte{7})
	if err != nil {
		t.Fatal(err)
	}
	withKey = func(c *Config) { c.Key = key }
	third, first = startNode(t), startNode(t, withKey)
	first.connect(third)
	return third, first, withKey
}

// A copied directory: two processes with one key. The third node keeps the first of them
// and says so; the copy learns why it is refused, and is accepted when the first is gone.
func TestSameKey(t *testing.T) {
	third, first, withKey := pair(t)
	copied := startNode(t, withKey)
	if err := copied.Keep(third.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*testNode{third, copied} {
		n.wait("a warning", func() bool { return len(n.Warnings()) > 0 })
		if w := n.Warnings(); len(w) != 1 || !strings.Contains(w[0], "same key") || !strings.Contains(w[0], string(first.ID())) {
			t.Errorf("the warnings are %q", w)
		}
	}
	if w := first.Warnings(); len(w) > 0 {
		t.Errorf("the node that was first warns of %q", w)
	}
	third.waitJoined(first)
	first.stop()
	copied.waitJoined(third)
}

// A dead connection that TCP still calls open makes room for the peer's new process.
func TestSameKeyAfterACrash(t *testing.T) {
	longtest.Only(t) // it takes as long as answers waits
	third, first, withKey := pair(t)
	first.swarm.SetStreamHandler(func(network.Stream) {}) // as if it were gone
	again := startNode(t, withKey)
	if err := again.Keep(third.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	first.wait("that its connection is closed", func() bool { return len(first.swarm.Conns()) == 0 })
	if w := third.Warnings(); len(w) > 0 {
		t.Errorf("the warnings are %q", w)
	}
}
