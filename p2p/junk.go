package p2p

import (
	"errors"
	"maps"
	"math"
	"time"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// Junk is gossip that we did not accept. No rule forbids it, since an honest peer may have
// another tip or another mempool; but a peer of which there is too much is ignored, and
// disconnected if it goes on. What we requested is no gossip.

// charge counts a message that was not accepted: its bytes, and the time of judging it in
// bytes, as many as a peer may send in that time.
func (n *Net) charge(p corepeer.ID, bytes int, took time.Duration, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.junk) > maxNew { // forget those that have no debt any more
		maps.DeleteFunc(n.junk, func(_ corepeer.ID, j *bucket) bool { return j.take(0, 0, maxJunk, now) })
	}
	if n.junk[p] == nil {
		n.junk[p] = &bucket{}
	}
	n.junk[p].take(float64(bytes)+took.Seconds()/maxJunkTime.Seconds()*maxJunk, math.Inf(1), maxJunk, now)
}

// owes reports whether a peer sent so much junk that it is not to be connected: not within a
// minute after it was disconnected. The caller holds mu.
func (n *Net) owes(p corepeer.ID, now time.Time) bool {
	j := n.junk[p]
	return j != nil && !j.take(0, maxIgnored-maxJunk, maxJunk, now) && !n.addrman.peers[p].manual()
}

// Ignored returns how many messages of peers were dropped unseen since New.
func (n *Net) Ignored() int64 { return n.ignored.Load() }

// ignores reports whether a message of a peer is to be dropped unseen.
func (n *Net) ignores(p corepeer.ID, bytes int, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	j := n.junk[p]
	if j == nil || j.take(0, maxJunk, maxJunk, now) {
		return false
	}
	n.ignored.Add(1)
	if !j.take(float64(bytes), maxIgnored, maxJunk, now) && n.running != nil && !n.addrman.peers[p].manual() {
		n.running.tasks.Go(func() { n.disconnect(p, errors.New("the peer sent too much that was of no use")) })
	}
	return true
}
