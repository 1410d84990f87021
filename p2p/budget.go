package p2p

import (
	"context"
	"slices"
	"sync"
	"time"
)

// budget bounds the bytes that one kind of work holds at the same time, for all peers
// together: a limit for each peer is none for an attacker, who has as many keys as he likes.
// Work waits for its bytes in the order of asking. Work that depends on a peer and takes
// longer than slowAfter is cut off while others wait: else a few peers that do not read would
// hold everything.
type budget struct {
	most int
	turn chan struct{} // capacity 1: the first of those that wait

	mu    sync.Mutex
	used  int
	held  []*holding    // the oldest first
	freed chan struct{} // closed and replaced when bytes come back
}

// holding is a part of a budget that is in use.
type holding struct {
	b     *budget
	bytes int
	since time.Time
	stop  func() // cuts the peer off; nil: the work ends without a peer
}

func newBudget(most int) *budget {
	return &budget{most: most, turn: make(chan struct{}, 1), freed: make(chan struct{})}
}

// take waits for n bytes, or until ctx ends. More than there are altogether are given when
// nothing else is in use.
func (b *budget) take(ctx context.Context, n int, stop func()) (*holding, error) {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-b.turn }()
	for {
		h, freed, oldest := b.try(n, stop)
		if h != nil {
			return h, nil
		}
		var slow <-chan time.Time
		if oldest != nil {
			slow = time.After(time.Until(oldest.since.Add(slowAfter)))
		}
		select {
		case <-freed:
		case <-slow:
			stop := oldest.stop
			oldest.stop = nil // only the first of those that wait gets here
			stop()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try takes n bytes if they are there. Otherwise it returns a channel that is closed when some
// come back, and the oldest holding that can be cut off.
func (b *budget) try(n int, stop func()) (h *holding, freed <-chan struct{}, oldest *holding) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used == 0 || b.used+n <= b.most {
		h = &holding{b, n, time.Now(), stop}
		b.used += n
		b.held = append(b.held, h)
		return h, nil, nil
	}
	if i := slices.IndexFunc(b.held, func(h *holding) bool { return h.stop != nil }); i >= 0 {
		oldest = b.held[i]
	}
	return nil, b.freed, oldest
}

// shrink gives bytes back until n are left, and with 0 the holding ends. nil has none.
func (h *holding) shrink(n int) {
	if h == nil {
		return
	}
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	n = min(n, h.bytes)
	h.b.used -= h.bytes - n
	if h.bytes = n; n == 0 {
		h.b.held = slices.DeleteFunc(h.b.held, func(o *holding) bool { return o == h })
	}
	close(h.b.freed)
	h.b.freed = make(chan struct{})
}

func (h *holding) release() { h.shrink(0) }

// MemoryUse is how many bytes of a limit are in use.
type MemoryUse struct {
	Part       string
	Used, Most int
}

// Memory returns what peers make this node hold in memory at the moment.
func (n *Net) Memory() (out []MemoryUse) {
	for part, b := range map[string]*budget{"serving": n.serving, "receiving": n.receiving, "judging": n.judging} {
		out = append(out, MemoryUse{part, locked(&b.mu, &b.used), b.most})
	}
	return out
}
