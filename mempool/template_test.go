package mempool_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/mempool"
)

const blockRoom, blockSigOps = 999_000, 20_000

// A child can pay for its parent. Alone the parent would come last; with its child it
// comes before c, but after e, which is worse than the child alone.
//
//	a 100 ── b 10,000        together 5,050 each
//	c 2,000
//	d 20,000
//	e 6,000
func TestTemplateChildPaysForParent(t *testing.T) {
	w := newWorld(t, freely)
	a := spend(100, 1, w.reward(1))
	b := spend(10_000, 1, out(a, 0))
	c := spend(2000, 1, w.reward(2))
	d := spend(20_000, 1, w.reward(3))
	e := spend(6000, 1, w.reward(4))
	w.add(a, c, b, d, e)
	wantIDs(t, "template", entryIDs(w.pool.Template(w.tree, blockRoom, blockSigOps)), d, e, a, b, c)

	// A block that they fill to the byte is for both; one a byte smaller not for half of them.
	wantIDs(t, "to the byte", entryIDs(w.pool.Template(w.tree, 4*85, blockSigOps)), d, e, a, b)
	wantIDs(t, "small", entryIDs(w.pool.Template(w.tree, 4*85-1, blockSigOps)), d, e, c)
	// Signature operations are short: each payment has one, its output's.
	wantIDs(t, "three operations", entryIDs(w.pool.Template(w.tree, blockRoom, 3)), d, e, c)
	wantIDs(t, "no room", entryIDs(w.pool.Template(w.tree, 84, blockSigOps)))
}

// A parent that pays well does not carry a child that does not.
func TestTemplateParentDoesNotPayForChild(t *testing.T) {
	w := newWorld(t, freely)
	a := spend(10_000, 1, w.reward(1))
	b := spend(100, 1, out(a, 0))
	c := spend(2000, 1, w.reward(2))
	w.add(a, b, c)
	wantIDs(t, "template", entryIDs(w.pool.Template(w.tree, blockRoom, blockSigOps)), a, c, b)
}

// Of equals the first comes first.
func TestTemplateTies(t *testing.T) {
	w := newWorld(t, freely)
	var txs []*block.Tx
	for _, n := range []int{3, 1, 4, 2, 5} {
		txs = append(txs, spend(1000, 1, w.reward(n)))
	}
	w.add(txs...)
	wantIDs(t, "template", entryIDs(w.pool.Template(w.tree, blockRoom, blockSigOps)), txs...)
}

// Nothing is chosen that the next block may not hold, even if the tip is not the
// one that the pool was told of.
func TestTemplateFinal(t *testing.T) {
	w := newWorld(t, freely)
	a := spend(1000, 1, w.reward(1))
	a.LockTime, a.Inputs[0].Sequence = 12, 0xfffffffe
	b := spend(9000, 1, out(a, 0))
	c := spend(1000, 1, w.reward(2))
	w.add(a, b, c)
	wantIDs(t, "template", entryIDs(w.pool.Template(w.tree, blockRoom, blockSigOps)), a, b, c)
	wantIDs(t, "lower", entryIDs(w.pool.Template(at{w.tree, w.tip.Parent.State}, blockRoom, blockSigOps)), c)
}

// at is a view with another tip.
type at struct {
	*chain.Tree
	tip consensus.State
}

func (a at) Tip() consensus.State { return a.tip }

// The template is what a slow and obvious search finds: look at all that is left,
// take the best with its ancestors, start again.
func TestTemplateIsTheObviousOne(t *testing.T) {
	w := newWorld(t, freely)
	coins := w.split(40)
	rapid.Check(t, func(r *rapid.T) {
		pool := mempool.New(mempool.DefaultPolicy())
		randomGraph(r, w, pool, coins)
		room := rapid.IntRange(0, 6000).Draw(r, "room")
		ops := rapid.IntRange(0, 60).Draw(r, "sigops")
		got := entryIDs(pool.Template(w.tree, room, ops))
		if want := obviousTemplate(pool.Entries(), room, ops); !slices.Equal(got, want) {
			r.Fatalf("template %s\nwant     %s", got, want)
		}
	})
}

// split mines a payment of one reward to n coins and returns them.
func (w *world) split(n int) (coins []consensus.UTXO) {
	tx := spend(0, n, w.reward(1))
	w.connect(w.tip.Mine("split", tx))
	for i := range n {
		coins = append(coins, out(tx, i))
	}
	return coins
}

// randomGraph fills a pool with payments of the coins and of each other.
func randomGraph(r *rapid.T, w *world, pool *mempool.Pool, coins []consensus.UTXO) {
	free := slices.Clone(coins)
	for range rapid.IntRange(1, 40).Draw(r, "payments") {
		var spent []consensus.UTXO
		for range rapid.IntRange(1, 3).Draw(r, "inputs") {
			if len(free) > 0 {
				i := rapid.IntRange(max(0, len(free)-8), len(free)-1).Draw(r, "coin")
				spent = append(spent, free[i])
				free = slices.Delete(free, i, i+1)
			}
		}
		if len(spent) == 0 {
			return
		}
		size := spend(0, 2, spent...).Size()
		fee := block.Amount(size * rapid.IntRange(1, 5).Draw(r, "rate"))
		tx := spend(fee, rapid.IntRange(1, 3).Draw(r, "outputs"), spent...)
		switch _, err := pool.Add(w.tree, tx, w.now); mempool.Reason(err) {
		case "":
			for i := range tx.Outputs {
				free = append(free, out(tx, i))
			}
		case "too-long-mempool-chain", "min relay fee not met", "mempool min fee not met", "mempool full", "bad-txns-inputs-missingorspent":
			// the last is the output of one that was evicted
		default:
			r.Fatal(err)
		}
	}
}

// relatives returns e and its ancestors or descendants among entries.
func relatives(entries map[block.Hash]*mempool.Entry, id block.Hash, next func(*mempool.Entry) []block.Hash) map[block.Hash]bool {
	out := make(map[block.Hash]bool)
	var visit func(block.Hash)
	visit = func(id block.Hash) {
		if e := entries[id]; e != nil && !out[id] {
			out[id] = true
			for _, n := range next(e) {
				visit(n)
			}
		}
	}
	visit(id)
	return out
}

// pay is a fee for so many bytes.
type pay struct{ fee, size int }

func (p pay) less(q pay) bool { return p.fee*q.size < q.fee*p.size }

func together(entries map[block.Hash]*mempool.Entry, ids map[block.Hash]bool) (p pay) {
	for id := range ids {
		p.fee, p.size = p.fee+int(entries[id].Fee), p.size+entries[id].Size
	}
	return p
}

func byID(list []*mempool.Entry) map[block.Hash]*mempool.Entry {
	out := make(map[block.Hash]*mempool.Entry)
	for _, e := range list {
		out[e.ID] = e
	}
	return out
}

func obviousTemplate(order []*mempool.Entry, room, ops int) (chosen []block.Hash) {
	left := byID(order)
	hopeless := make(map[block.Hash]bool)
	for {
		var best *mempool.Entry
		var bestScore pay
		for _, e := range order {
			if left[e.ID] == nil || hopeless[e.ID] {
				continue
			}
			score := together(left, relatives(left, e.ID, func(e *mempool.Entry) []block.Hash { return e.Depends }))
			if best == nil || bestScore.less(score) {
				best, bestScore = e, score
			}
		}
		if best == nil {
			return chosen
		}
		group := relatives(left, best.ID, func(e *mempool.Entry) []block.Hash { return e.Depends })
		sigops := 0
		for id := range group {
			sigops += left[id].SigOps
		}
		if together(left, group).size > room || sigops > ops {
			hopeless[best.ID] = true
			continue
		}
		for _, e := range order {
			if group[e.ID] {
				chosen, room, ops = append(chosen, e.ID), room-e.Size, ops-e.SigOps
				delete(left, e.ID)
			}
		}
	}
}
