package mempool

import (
	"cmp"
	"container/heap"

	"toychain/block"
	"toychain/chain"
)

// Template returns the transactions that the next block should hold, parents before
// children: what pays best first, as far as maxBytes and maxSigOps reach, which are
// the block's limits without its header and coinbase.
//
// A transaction is weighed together with those of its ancestors that are not chosen
// yet, because it brings them along: a child can pay for its parent. Of two that pay
// the same the one that came first wins (Core: BlockAssembler::addPackageTxs).
func (p *Pool) Template(v View, maxBytes, maxSigOps int) []*Entry {
	tip := v.Tip()
	t := &template{
		pool: p, bytes: maxBytes, sigops: maxSigOps,
		height: tip.Height + 1, median: tip.MedianTime(),
		queue: make(queue, 0, p.Len()), of: make(map[*entry]*pick, p.Len()),
	}
	for e := range p.all() {
		c := &pick{entry: e, left: e.ancestors, at: len(t.queue)}
		t.queue, t.of[e] = append(t.queue, c), c
	}
	heap.Init(&t.queue)
	for len(t.queue) > 0 {
		t.consider(heap.Pop(&t.queue).(*pick))
	}
	return t.out
}

// template is a choice in the making.
type template struct {
	pool          *Pool
	bytes, sigops int // what is left of the block
	height        block.Height
	median        uint32
	queue         queue
	of            map[*entry]*pick
	out           []*Entry
}

// pick is a transaction that may be chosen.
type pick struct {
	*entry
	left   Sum // it and those of its ancestors that are not chosen
	chosen bool
	at     int // place in the queue, -1 if it left it
}

// score is what choosing c earns: with its ancestors, or alone if that is less,
// for then the ancestors will be chosen for their own sake (Core:
// CompareTxMemPoolEntryByAncestorFee).
func (c *pick) score() Sum {
	if own := c.alone(); own.cmpRate(c.left) < 0 {
		return own
	}
	return c.left
}

// consider chooses c and its ancestors, if they fit.
func (t *template) consider(c *pick) {
	if c.chosen || c.left.Size > t.bytes {
		return
	}
	var group []*pick
	sigops := 0
	for _, e := range t.pool.above([]*entry{c.entry}) {
		if a := t.of[e]; !a.chosen {
			if !chain.IsFinal(e.tx, t.height, t.median) {
				return
			}
			group = append(group, a)
			sigops += e.sigops
		}
	}
	if sigops > t.sigops {
		return
	}
	for _, a := range group {
		t.choose(a)
	}
}

func (t *template) choose(c *pick) {
	c.chosen = true
	if c.at >= 0 {
		heap.Remove(&t.queue, c.at)
	}
	t.bytes -= c.size
	t.sigops -= c.sigops
	t.out = append(t.out, t.pool.snapshot(c.entry))
	for _, e := range t.pool.below(c.children) {
		d := t.of[e]
		d.left = d.left.minus(c.alone())
		if d.at >= 0 {
			heap.Fix(&t.queue, d.at)
		}
	}
}

// queue is a heap of what may be chosen, the best on top.
type queue []*pick

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	return cmp.Or(q[j].score().cmpRate(q[i].score()), cmp.Compare(q[i].seq, q[j].seq)) < 0
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

func (q *queue) Push(x any) {
	c := x.(*pick)
	c.at = len(*q)
	*q = append(*q, c)
}

func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	last.at = -1
	*q = (*q)[:len(*q)-1]
	return last
}
