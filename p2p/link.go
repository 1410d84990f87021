package p2p

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// Link is how bad the line to one peer is. The zero Link is a perfect line. A
// Link is one node's view: Delay, Jitter and Bandwidth hold back what this node
// sends, Loss and OneWay drop what it hears. For a line that is bad both ways
// set it at both ends.
type Link struct {
	// Delay is how long each byte is under way.
	Delay time.Duration
	// Jitter is the most that is added to Delay, at random for each write. What
	// one stream carries stays in order.
	Jitter time.Duration
	// Loss is the part of the gossip messages that are not heard, 0 to 1.
	// Streams are not touched: they would only ask again.
	Loss float64
	// OneWay: this node refuses to hear the peer, which may still hear us:
	// gossip, status and requests from it are dropped, and we ask it nothing.
	// What libp2p itself needs to keep the connection still passes.
	OneWay bool
	// Bandwidth is the bytes a second that the line carries; 0 means no limit.
	Bandwidth int64
}

func (l Link) check() error {
	switch {
	case l.Delay < 0 || l.Jitter < 0:
		return fmt.Errorf("link: delay %v and jitter %v may not be negative", l.Delay, l.Jitter)
	case !(l.Loss >= 0 && l.Loss <= 1):
		return fmt.Errorf("link: loss %v is not between 0 and 1", l.Loss)
	case l.Bandwidth < 0:
		return fmt.Errorf("link: bandwidth %d may not be negative", l.Bandwidth)
	}
	return nil
}

// holds reports whether what is sent has to wait.
func (l Link) holds() bool { return l.Delay > 0 || l.Jitter > 0 || l.Bandwidth > 0 }

// line is the way to one peer that SetLink made bad: its Link, and when it will
// have sent what it was given.
type line struct {
	Link

	mu   sync.Mutex
	free time.Time // when the last byte given so far leaves, by Bandwidth
}

// due returns when n bytes that are sent now arrive.
func (l *line) due(n int, now time.Time) time.Time {
	at := now
	if l.Bandwidth > 0 {
		l.mu.Lock()
		if l.free.Before(now) {
			l.free = now
		}
		l.free = l.free.Add(time.Duration(float64(n) / float64(l.Bandwidth) * float64(time.Second)))
		at = l.free
		l.mu.Unlock()
	}
	at = at.Add(l.Delay)
	if l.Jitter > 0 {
		at = at.Add(rand.N(l.Jitter))
	}
	return at
}

// lines are the ways to all peers with a Link that is not zero.
type lines struct {
	mu sync.RWMutex
	m  map[corepeer.ID]*line
}

func (ls *lines) set(p corepeer.ID, l Link) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l == (Link{}) {
		delete(ls.m, p)
		return
	}
	if ls.m == nil {
		ls.m = map[corepeer.ID]*line{}
	}
	ls.m[p] = &line{Link: l}
}

// to returns the line to p, nil when it is perfect.
func (ls *lines) to(p corepeer.ID) *line {
	ls.mu.RLock()
	defer ls.mu.RUnlock()
	return ls.m[p]
}

func (ls *lines) link(p corepeer.ID) Link {
	if l := ls.to(p); l != nil {
		return l.Link
	}
	return Link{}
}

// deaf reports whether we refuse to hear p.
func (ls *lines) deaf(p corepeer.ID) bool { return ls.link(p).OneWay }

// loses draws whether a gossip message from p gets lost.
func (ls *lines) loses(p corepeer.ID) bool {
	l := ls.link(p)
	return l.OneWay || l.Loss > 0 && rand.Float64() < l.Loss
}
