package p2p

import (
	"math/rand/v2"
	"sync"
	"time"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// holds reports whether what is sent has to wait.
func (l *line) holds() bool { return l.Delay > 0 || l.Jitter > 0 || l.Bandwidth > 0 }

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
	at = at.Add(l.Delay.Duration())
	if l.Jitter > 0 {
		at = at.Add(rand.N(l.Jitter.Duration()))
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
