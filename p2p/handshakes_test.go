package p2p

import (
	"fmt"
	"net"
	"testing"
	"time"

	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// accepted is an inbound connection.
type accepted struct {
	from   ma.Multiaddr
	closed bool
}

func (a *accepted) Close() error                  { a.closed = true; return nil }
func (a *accepted) LocalMultiaddr() ma.Multiaddr  { return nil }
func (a *accepted) RemoteMultiaddr() ma.Multiaddr { return a.from }

// Of too many unfinished handshakes the oldest goes, of the network from which the most come.
func TestHandshakes(t *testing.T) {
	h, now := &handshakes{}, time.Unix(1000, 0)
	var all []*accepted
	from := func(network string, n int) {
		for range n {
			a := &accepted{from: ma.StringCast(fmt.Sprintf("/ip4/%s/tcp/%d", network, 1+len(all)))}
			all = append(all, a)
			h.begin(a, now)
		}
	}
	from("10.1.0.1", 1)
	from("10.2.0.1", maxHandshakes-1)
	h.end(all[1])
	if from("10.1.0.1", 1); len(h.open) != maxHandshakes {
		t.Errorf("%d are open", len(h.open))
	}
	from("10.3.0.1", 2)
	for i, a := range all {
		if want := i == 2 || i == 3; a.closed != want {
			t.Errorf("%d, from %v, is closed: %v", i, a.from, a.closed)
		}
	}
	now = now.Add(dialTimeout + 1)
	from("10.2.0.1", 1)
	if len(h.open) != 1 {
		t.Errorf("%d are open after the others timed out", len(h.open))
	}
}

// Silent TCP connections, more than a node has room for, keep no newcomer out, not even until they
// time out, and the node's peers stay.
func TestHalfOpenConnections(t *testing.T) {
	for attempt := 0; ; attempt++ {
		victim, friend, late := startNode(t), startNode(t), startNode(t)
		addr, err := manet.ToNetAddr(ma.StringCast(victim.Addrs()[0]).Decapsulate(ma.StringCast("/p2p/" + string(victim.ID()))))
		if err != nil {
			t.Fatal(err)
		}
		victim.connect(friend)
		begun := time.Now()
		for range connsOfPeer*(DefaultMaxIn+MaxOut) + moreConns + 100 {
			c, err := net.Dial("tcp", addr.String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
		err = late.call(victim)
		took := time.Since(begun)
		if took > dialTimeout && attempt < 2 {
			continue // the silent ones have timed out: again, if it was the machine that is slow
		}
		if err != nil || took > dialTimeout {
			t.Errorf("a newcomer, after %v: %v", took, err)
		}
		if _, err := friend.RequestPool(testContext(t), victim.ID()); err != nil {
			t.Errorf("the friend: %v", err)
		}
		if open := locked(&victim.gater.handshakes.mu, &victim.gater.handshakes.open); len(open) > maxHandshakes {
			t.Errorf("%d handshakes are open", len(open))
		}
		return
	}
}
