package p2p

import (
	"context"
	"slices"
	"sync"
	"time"
)

// budget bounds the bytes that all peers together make this process hold: a limit for each peer
// is none for an attacker, who has as many keys as he likes. Each part has bytes that are
// reserved for it, so that no kind of work can keep another from going on; what no part has
// reserved goes to the part that asks first:
//
//	├ serving ┤ receiving ┤ judging ┤ orphans ┤ bodies ┤ free ┤
//	   reserved for each; the two last are the engine's            = total
type budget struct {
	total int

	mu    sync.Mutex // guards what follows, and the parts
	parts []*part
	freed chan struct{} // closed and replaced when bytes come back
}

// part is one kind of work. Work waits for its bytes in the order of asking. Work that depends
// on a peer and takes longer than slowAfter is cut off while others wait: else a few peers that
// do not read would hold everything.
type part struct {
	b        *budget
	name     string
	reserved int
	turn     chan struct{} // capacity 1: the first of those that wait

	used int
	held []*holding // the oldest first
}

// holding is a piece of a part that is in use.
type holding struct {
	p     *part
	bytes int
	since time.Time
	stop  func() // cuts the peer off; nil: the work ends without a peer
}

func newBudget(total int) *budget { return &budget{total: total, freed: make(chan struct{})} }

// reserve adds a part.
func (b *budget) reserve(name string, bytes int) *part {
	p := &part{b: b, name: name, reserved: bytes, turn: make(chan struct{}, 1)}
	b.parts = append(b.parts, p)
	return p
}

// fits reports whether a part may have n bytes more: it has reserved them, or they are free. A
// part that has nothing gets what it asks for, or it would wait for ever. The caller holds mu.
func (p *part) fits(n int) bool {
	if p.used == 0 || p.used+n <= p.reserved {
		return true
	}
	taken := n
	for _, q := range p.b.parts {
		taken += max(q.used, q.reserved)
	}
	return taken-max(0, p.reserved-p.used) <= p.b.total
}

// take waits for n bytes, or until ctx ends.
func (p *part) take(ctx context.Context, n int, stop func()) (*holding, error) {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-p.turn }()
	for {
		h, freed, oldest := p.try(n, stop)
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
			oldest.cut()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try takes n bytes if they are there. Otherwise it returns a channel that is closed when some
// come back, and the oldest holding that can be cut off.
func (p *part) try(n int, stop func()) (h *holding, freed <-chan struct{}, oldest *holding) {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	if p.fits(n) {
		return p.add(n, stop), nil, nil
	}
	if i := slices.IndexFunc(p.held, func(h *holding) bool { return h.stop != nil }); i >= 0 {
		oldest = p.held[i]
	}
	return nil, p.b.freed, oldest
}

// force takes n bytes that are in use already, whether they are there or not: then others wait
// until enough come back.
func (p *part) force(n int, stop func()) *holding {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	return p.add(n, stop)
}

// add begins a holding. The caller holds mu.
func (p *part) add(n int, stop func()) *holding {
	h := &holding{p, n, time.Now(), stop}
	p.used += n
	p.held = append(p.held, h)
	return h
}

// keep says that the peer has done its part: it is not cut off any more.
func (h *holding) keep() (stop func()) {
	if h == nil {
		return nil
	}
	h.p.b.mu.Lock()
	defer h.p.b.mu.Unlock()
	stop, h.stop = h.stop, nil
	return stop
}

// cut cuts the peer off, once.
func (h *holding) cut() {
	if stop := h.keep(); stop != nil {
		stop()
	}
}

// shrink gives bytes back until n are left, and with 0 the holding ends. nil has none.
func (h *holding) shrink(n int) {
	if h == nil {
		return
	}
	b := h.p.b
	b.mu.Lock()
	defer b.mu.Unlock()
	n = min(n, h.bytes)
	h.p.used -= h.bytes - n
	if h.bytes = n; n == 0 {
		h.p.held = slices.DeleteFunc(h.p.held, func(o *holding) bool { return o == h })
	}
	close(b.freed)
	b.freed = make(chan struct{})
}

func (h *holding) release() { h.shrink(0) }

// Memory is how many bytes peers make this process hold.
type Memory struct {
	Total int // the most of all parts together
	Parts []MemoryPart
}

// MemoryPart is one part of Memory. It may have more than is reserved for it, as long as no
// other part needs that.
type MemoryPart struct {
	Name           string
	Used, Reserved int
}

// Memory returns what the budget is used for at the moment.
func (n *Net) Memory() Memory {
	n.memory.mu.Lock()
	defer n.memory.mu.Unlock()
	m := Memory{Total: n.memory.total}
	for _, p := range n.memory.parts {
		m.Parts = append(m.Parts, MemoryPart{p.name, p.used, p.reserved})
	}
	return m
}

// Reserve reserves a part of the budget for the Handler, which keeps to it and reports, with the
// function that is returned, how many bytes it uses. To be called before Run.
func (n *Net) Reserve(name string, bytes int) (report func(used int)) {
	p := n.memory.reserve(name, bytes)
	return func(used int) {
		n.memory.mu.Lock()
		defer n.memory.mu.Unlock()
		p.used = used
	}
}
