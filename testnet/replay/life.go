package replay

import (
	"cmp"
	"slices"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/history"
)

// life returns the events of one node from its journal, in order.
func life(j *history.Journal) []Event {
	l := newIndex(j)
	out := slices.Concat(l.arrivals(), l.moves())
	slices.SortStableFunc(out, func(a, b Event) int { return a.place.compare(b.place) })
	for i := range out {
		out[i].Node = j.Node
	}
	return out
}

// index is a journal with indexes.
type index struct {
	*history.Journal
	blocks map[block.Hash]*rpc.TreeBlock
	turns  map[block.Hash]int // in the order of completion, from 1
	start  block.Hash         // genesis
}

func newIndex(j *history.Journal) *index {
	l := &index{Journal: j, blocks: make(map[block.Hash]*rpc.TreeBlock), turns: make(map[block.Hash]int)}
	var whole []*rpc.TreeBlock
	for i := range j.Tree.Blocks {
		b := &j.Tree.Blocks[i]
		l.blocks[b.Hash] = b
		if b.Height == 0 {
			l.start = b.Hash
		}
		if b.Order != 0 {
			whole = append(whole, b)
		}
	}
	// By time first: preciousblock changes a block's place in the order.
	slices.SortStableFunc(whole, func(a, b *rpc.TreeBlock) int {
		return cmp.Or(cmp.Compare(a.Arrived(), b.Arrived()), cmp.Compare(max(a.Order, 0), max(b.Order, 0)), cmp.Compare(a.Height, b.Height))
	})
	for i, b := range whole {
		l.turns[b.Hash] = i + 1
	}
	return l
}

// The order of events of one block within a millisecond.
const (
	kindHeader = iota
	kindBlock
	kindMove
)

// arrivals returns the arrival of each block but genesis.
func (l *index) arrivals() (out []Event) {
	for i := range l.Tree.Blocks {
		b := &l.Tree.Blocks[i]
		turn, whole := l.turns[b.Hash]
		if b.Height == 0 {
			continue
		}
		if !whole || b.Arrived() != b.ReceivedMS {
			out = append(out, Event{TimeMS: b.ReceivedMS, Event: Header, Block: refOf(b), place: order{b.ReceivedMS, 0, kindHeader}})
		}
		if whole {
			at := b.Arrived()
			out = append(out, Event{TimeMS: at, Event: Block, Block: refOf(b), Miner: b.Message, place: order{at, turn, kindBlock}})
		}
	}
	return out
}

// moves returns all tips: each reorganisation, and the blocks between them.
func (l *index) moves() (out []Event) {
	at, last := l.start, order{}
	add := func(e Event, ms int64, about block.Hash) {
		here := order{ms, l.turns[about], kindMove}
		if here.compare(last) > 0 {
			last = here
		}
		e.TimeMS, e.place = last.ms, last
		out = append(out, e)
	}
	grow := func(to block.Hash) (gap bool) {
		way, ok := l.way(at, to)
		for _, b := range way {
			add(Event{Event: Tip, Block: refOf(b)}, b.Arrived(), b.Hash)
		}
		at = to
		return !ok
	}
	for i := range l.Reorgs {
		r := &l.Reorgs[i]
		gap := grow(r.From.Hash)
		add(Event{Event: Reorg, Block: &r.To, Reorg: r, Gap: gap}, r.TimeMS, r.To.Hash)
		at = r.To.Hash
	}
	if end := l.blocks[l.Tree.Tip]; end != nil && grow(end.Hash) {
		add(Event{Event: Tip, Block: refOf(end), Gap: true}, end.Arrived(), end.Hash)
	}
	return out
}

// way returns the blocks after one up to another, including it; false if the other is not on
// top of it.
func (l *index) way(from, to block.Hash) (out []*rpc.TreeBlock, ok bool) {
	for to != from {
		b := l.blocks[to]
		if b == nil || b.Height == 0 {
			return nil, false
		}
		out = append(out, b)
		to = b.Prev
	}
	slices.Reverse(out)
	return out, true
}
