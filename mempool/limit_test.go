package mempool_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"toychain/block"
	"toychain/mempool"
)

// A full pool loses the worst paid. A parent counts with its children, which would
// leave with it: the generous child b keeps a, and c leaves before d, which pays less
// alone.
//
//	a 100 ── b 9,000
//	c 2,000
//	d 1,000 ── e 4,000
func TestEvictTheWorst(t *testing.T) {
	w := newWorld(t, poolOf(5*85))
	a := spend(100, 1, w.reward(1))
	b := spend(9000, 1, out(a, 0))
	c := spend(2000, 1, w.reward(2))
	d := spend(1000, 1, w.reward(3))
	e := spend(4000, 1, out(d, 0))
	w.add(a, b, c, d, e)
	f := spend(3000, 1, w.reward(4))
	added := w.add(f)
	wantIDs(t, "evicted", added.Evicted, c)
	w.wantPool(a, b, d, e, f)
	if got, want := w.pool.MinFee(), block.Amount(2000*1000/85+1000); got != want {
		t.Errorf("the pool wants %d per 1000 bytes, want what c paid and 1000 more, %d", got, want)
	}

	// What leaves takes its children along.
	g := spend(9000, 1, w.reward(5))
	wantIDs(t, "evicted", w.add(g).Evicted, d, e)
	w.wantPool(a, b, f, g)
}

// A pool that is full makes room for a hundredth, not for the newcomer alone, so that
// in a flood most arrivals cost nothing more: here 99 stay of 101.
func TestEvictAHundredth(t *testing.T) {
	w := newWorld(t, func(p *setup, q *mempool.Policy) { p.Spending, q.MaxBytes = free{}, 100*85 })
	var txs []*block.Tx
	for i, c := range w.split(101) {
		txs = append(txs, spend(block.Amount(1000+i*200), 1, c))
	}
	w.add(txs[:100]...)
	if w.pool.Len() != 100 {
		t.Fatalf("%d payments", w.pool.Len())
	}
	wantIDs(t, "evicted", w.add(txs[100]).Evicted, txs[:2]...)
}

// Of equals the youngest leaves; and if it is the one that came, it is told so.
func TestEvictTheYoungest(t *testing.T) {
	w := newWorld(t, poolOf(2*85))
	a, b, c := spend(1000, 1, w.reward(1)), spend(1000, 1, w.reward(2)), spend(1000, 1, w.reward(3))
	w.add(a, b)
	added, err := w.try(c)
	if mempool.Reason(err) != "mempool full" || len(added.Accepted)+len(added.Evicted) > 0 {
		t.Fatalf("%+v, %v", added, err)
	}
	w.wantPool(a, b)
	// The same among many, when it is not the newcomer.
	many := newWorld(t, poolOf(6*85))
	var txs []*block.Tx
	for n := range 6 {
		txs = append(txs, spend(1000, 1, many.reward(n+1)))
	}
	many.add(txs...)
	wantIDs(t, "evicted", many.add(spend(9000, 1, many.reward(7))).Evicted, txs[5])
	wantIDs(t, "evicted", many.add(spend(9000, 1, many.reward(8))).Evicted, txs[4])
	// From now on the same is refused without a look at its signature.
	if _, err := w.try(c); mempool.Reason(err) != "mempool min fee not met" {
		t.Fatal(err)
	}
}

// An orphan that came in may leave at once for the next that its parent freed.
func TestEvictFreedOrphan(t *testing.T) {
	w := newWorld(t, poolOf(119+85))
	parent := spend(1000, 2, w.reward(1))
	poor, rich := spend(100, 1, out(parent, 0)), spend(9000, 1, out(parent, 1))
	for _, tx := range []*block.Tx{poor, rich} {
		if _, err := w.try(tx); err == nil {
			t.Fatal("its parent is not here")
		}
	}
	added := w.add(parent)
	wantIDs(t, "accepted", entryIDs(added.Accepted), parent, rich)
	wantIDs(t, "evicted", added.Evicted, poor)
}

// Or the orphan is what makes the pool too full for its parent, and then for both.
func TestEvictedByItsChild(t *testing.T) {
	w := newWorld(t, poolOf(2*85))
	better := spend(5000, 1, w.reward(1))
	parent := spend(1000, 1, w.reward(2))
	child := spend(1100, 1, out(parent, 0))
	w.add(better)
	if _, err := w.try(child); err == nil {
		t.Fatal("its parent is not here")
	}
	added, err := w.try(parent)
	if mempool.Reason(err) != "mempool full" || len(added.Accepted) > 0 {
		t.Fatalf("%+v, %v", added, err)
	}
	wantIDs(t, "evicted", added.Evicted, child)
	w.wantPool(better)
}

// The demand of a pool that has been full falls by half in 72 blocks' time, twice
// and four times as fast if the pool is less than half or a quarter full; but not
// before a block has shown that it drains.
func TestFloorFalls(t *testing.T) {
	const half = 72 * 10 * time.Minute
	rate := func(b block.Amount) block.Amount { return b*1000/85 + 1000 }
	for name, keep := range map[string]int{"full": 3, "under half": 1, "under a quarter": 0} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, poolOf(3*85))
			for n := range 4 {
				w.add(spend(block.Amount(50_000+10_000*n), 1, w.reward(n+1)))
			}
			full := w.pool.MinFee()
			if full != rate(50_000) {
				t.Fatalf("wants %d, want %d", full, rate(50_000))
			}
			if got := wait(w, 100*half); got != full {
				t.Fatalf("fell to %d without a block", got)
			}
			w.connect(w.tip.MineEmpty("drained", 1))
			for _, id := range w.pool.IDs()[keep:] {
				w.pool.Remove(id)
			}
			span := map[int]time.Duration{3: half, 1: half / 2, 0: half / 4}[keep]
			if got := wait(w, span/2); got != (full*3+2)/4 {
				t.Errorf("after half a halving %d, want three quarters of %d", got, full)
			}
			if got := wait(w, span/2); got < full*9/16-1 || got > full*9/16+1 { // in two steps
				t.Errorf("after another half %d, want nine sixteenths of %d", got, full)
			}
			if before, got := w.pool.MinFee(), wait(w, -time.Hour); got != before {
				t.Errorf("from %d to %d although the clock went back", before, got)
			}
			w.now = w.now.Add(time.Hour)
			if got := wait(w, 20*span); got != 1000 {
				t.Errorf("in the end %d, want 1000", got)
			}
		})
	}
}

// Another payment pushed out at the rate of the last one does not raise the demand,
// and so the demand goes on falling; only a higher rate waits for a block again.
func TestFloorKeepsFalling(t *testing.T) {
	w := newWorld(t, poolOf(2*85))
	w.add(spend(50_000, 1, w.reward(1)), spend(50_000, 1, w.reward(2)))
	w.add(spend(90_000, 1, w.reward(3))) // pushes the second out
	full := w.pool.MinFee()
	w.connect(w.tip.MineEmpty("drained", 1))
	w.add(spend(90_000, 1, w.reward(4))) // pushes the first out, which paid the same
	if got := w.pool.MinFee(); got != full {
		t.Fatalf("wants %d, want %d as before", got, full)
	}
	if got := wait(w, time.Hour); got >= full {
		t.Errorf("an hour later it still wants %d", got)
	}
	w.add(spend(95_000, 1, w.reward(5))) // pushes out one that paid more
	if full = w.pool.MinFee(); wait(w, time.Hour) != full {
		t.Error("a higher demand fell before a block came")
	}
}

// Below half of Policy.Incremental the demand ends, and not before; until then the least
// demand is Incremental, which here is more than MinRelay.
func TestFloorEnds(t *testing.T) {
	const incremental, half = 3000, 72 * 10 * time.Minute / 4 // a pool that is nearly empty
	w := newWorld(t, poolOf(2*85), func(_ *setup, p *mempool.Policy) { p.Incremental = incremental })
	for n, fee := range []block.Amount{765, 9000, 9000} { // 9,000 per 1000 bytes leave, so 12,000 are wanted
		w.add(spend(fee, 1, w.reward(n+1)))
	}
	w.connect(w.tip.MineEmpty("drained", 1))
	for _, id := range w.pool.IDs() {
		w.pool.Remove(id)
	}
	for _, step := range []struct {
		after time.Duration
		want  block.Amount
	}{{0, 12_000}, {half, 6000}, {half, 3000}, {half, incremental}, {time.Second, 1000}} {
		if got := wait(w, step.after); got != step.want {
			t.Errorf("%v later the pool wants %d, want %d", step.after, got, step.want)
		}
	}
}

// wait lets time pass and returns what the pool wants then.
func wait(w *world, d time.Duration) block.Amount {
	w.now = w.now.Add(d)
	coinbase := w.tip.Txs[0] // refused, so that the pool stays as full as it is
	if _, err := w.pool.Add(w.tree, coinbase, w.now); err == nil {
		w.Fatal("a coinbase was accepted")
	}
	return w.pool.MinFee()
}

// Who waits too long leaves, with children that came later; orphans sooner.
func TestExpire(t *testing.T) {
	w := newWorld(t, freely)
	a, b := spend(1000, 1, w.reward(1)), spend(1000, 1, w.reward(2))
	child := spend(1000, 1, out(a, 0))
	lost := spend(1000, 1, out(spend(1000, 1, w.reward(3)), 0))
	w.add(a)
	if _, err := w.try(lost); err == nil {
		t.Fatal("its parent is not here")
	}
	w.now = noon.Add(20 * time.Minute)
	if gone := w.pool.Expire(w.now); gone != nil || w.pool.Orphans() != 1 {
		t.Fatalf("too early: %s, %d orphans", gone, w.pool.Orphans())
	}
	w.add(b, child)
	w.now = noon.Add(20*time.Minute + time.Second)
	if gone := w.pool.Expire(w.now); gone != nil || w.pool.Orphans() != 0 {
		t.Fatalf("after 20 minutes: %s, %d orphans", gone, w.pool.Orphans())
	}
	if gone := w.pool.Expire(noon.Add(336 * time.Hour)); gone != nil {
		t.Fatalf("after 336 hours sharp: %s", gone)
	}
	wantIDs(t, "expired", w.pool.Expire(noon.Add(336*time.Hour+1)), a, child)
	w.wantPool(b)
	w.check()
}

func TestRemove(t *testing.T) {
	w := newWorld(t, freely)
	txs := line(w.reward(1), 4, 1000)
	w.add(txs...)
	wantIDs(t, "removed", w.pool.Remove(txs[2].ID()), txs[2:]...)
	wantIDs(t, "removed again", w.pool.Remove(txs[2].ID()))
	w.wantPool(txs[:2]...)
	w.check()
}

// What a full pool loses is what a slow and obvious search finds: look at all, count
// with each what depends on it, let the worst go, start again.
func TestEvictionIsTheObviousOne(t *testing.T) {
	w := newWorld(t, freely)
	coins := w.split(40)
	blocks := 0
	rapid.Check(t, func(r *rapid.T) {
		policy := mempool.DefaultPolicy()
		pool := mempool.New(policy)
		randomGraph(r, w, pool, coins)
		before := pool.Entries()
		policy.MaxBytes = rapid.IntRange(0, pool.Bytes()).Draw(r, "max")
		small := mempool.New(policy)

		// The small pool gets all of it at once: in a block that then leaves.
		var txs []*block.Tx
		for _, e := range before {
			txs = append(txs, e.Tx)
		}
		blocks++
		holding := w.tip.Mine(fmt.Sprint("holding", blocks), txs...)
		change, err := w.tree.AddBlock(holding.Block, w.now)
		if err == nil {
			_, err = small.Update(w.tree, change, w.now)
		}
		if err != nil {
			r.Fatal(err)
		}
		change, err = w.tree.Invalidate(holding.Hash, w.now)
		if err != nil {
			r.Fatal(err)
		}
		updated, err := small.Update(w.tree, change, w.now)
		if err != nil {
			r.Fatal(err)
		}
		if err := small.Check(w.tree); err != nil {
			r.Fatal(err)
		}
		want := obviousEviction(before, policy.MaxBytes)
		if !slices.Equal(updated.Evicted, want) {
			r.Fatalf("evicted %s\nwant    %s", updated.Evicted, want)
		}
		if !slices.Equal(updated.Returned, small.IDs()) || len(updated.Returned)+len(want) != len(before) {
			r.Fatalf("returned %s, pool %s, of %d", updated.Returned, small.IDs(), len(before))
		}
	})
}

func obviousEviction(order []*mempool.Entry, most int) (gone []block.Hash) {
	left := byID(order)
	total := 0
	for _, e := range order {
		total += e.Size
	}
	if total > most {
		most -= most / 100
	}
	for total > most {
		var worst *mempool.Entry
		var worstScore pay
		for _, e := range slices.Backward(order) {
			if left[e.ID] == nil {
				continue
			}
			score := together(left, relatives(left, e.ID, func(e *mempool.Entry) []block.Hash { return e.SpentBy }))
			if own := (pay{int(e.Fee), e.Size}); score.less(own) {
				score = own
			}
			if worst == nil || score.less(worstScore) {
				worst, worstScore = e, score
			}
		}
		group := relatives(left, worst.ID, func(e *mempool.Entry) []block.Hash { return e.SpentBy })
		for _, e := range order {
			if group[e.ID] {
				gone = append(gone, e.ID)
				total -= e.Size
				delete(left, e.ID)
			}
		}
	}
	return gone
}
