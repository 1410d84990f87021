package p2p

import (
	"math/rand/v2"
	"sync"
	"time"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// delays reports whether data sent over the link has to wait.
func (l *shaper) delays() bool { return l.Delay > 0 || l.Jitter > 0 || l.Bandwidth > 0 }

// shaper shapes the traffic to one peer: its Link, and when the data accepted so far will
// have been sent.
type shaper struct {
	Link

	mu   sync.Mutex
	free time.Time // when the last byte accepted so far leaves, by Bandwidth
}

// arrival returns when n bytes that are sent now arrive.
func (l *shaper) arrival(n int, now time.Time) time.Time {
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
	at = at.Add(l.Delay.Duration())
	if l.Jitter > 0 {
		at = at.Add(rand.N(l.Jitter.Duration()))
	}
	return at
}

// links holds the shapers of all peers whose Link is not zero.
type links struct {
	in, out count // over all links since the start

	mu sync.RWMutex
	m  map[corepeer.ID]*shaper
}

func (ls *links) set(p corepeer.ID, l Link) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l == (Link{}) {
		delete(ls.m, p)
		return
	}
	if ls.m == nil {
		ls.m = map[corepeer.ID]*shaper{}
	}
	ls.m[p] = &shaper{Link: l}
}

// to returns the shaper for p, nil if the link is perfect.
func (ls *links) to(p corepeer.ID) *shaper {
	ls.mu.RLock()
	defer ls.mu.RUnlock()
	return ls.m[p]
}

func (ls *links) link(p corepeer.ID) Link {
	if l := ls.to(p); l != nil {
		return l.Link
	}
	return Link{}
}

// oneWay reports whether this node ignores what p sends.
func (ls *links) oneWay(p corepeer.ID) bool { return ls.link(p).OneWay }

// loses draws at random whether a gossip message from p is lost.
func (ls *links) loses(p corepeer.ID) bool {
	l := ls.link(p)
	return l.OneWay || l.Loss > 0 && rand.Float64() < l.Loss
}
