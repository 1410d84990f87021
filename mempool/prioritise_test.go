package mempool_test

import (
	"errors"
	"testing"

	"toychain/block"
	"toychain/mempool"
)

// What the user adds to a fee decides which transaction is in the next block, with its
// ancestors; what it pays stays the same.
//
//	a 2,000 ── b 1,000
//	c 5,000
func TestPrioritiseForMining(t *testing.T) {
	w := newWorld(t, freely)
	a := spend(2000, 1, w.reward(1))
	b := spend(1000, 1, out(a, 0))
	c := spend(5000, 1, w.reward(2))
	w.add(a, b, c)
	order := func(what string, want ...*block.Tx) {
		t.Helper()
		w.check()
		wantIDs(t, what, entryIDs(w.pool.Template(w.tree, blockRoom, blockSigOps)), want...)
	}
	order("by what they pay", c, a, b)
	w.pool.Prioritise(b.ID(), 20_000)
	order("b pays for a", a, b, c)
	e, _ := w.pool.Get(a.ID())
	if e.Fee != 2000 || e.Modified() != 2000 || e.Descendants.Fee != 23_000 || w.pool.Fees() != 8000 {
		t.Errorf("a pays %d, counts %d, with its child %d; the pool pays %d", e.Fee, e.Modified(), e.Descendants.Fee, w.pool.Fees())
	}
	if e, _ = w.pool.Get(b.ID()); e.Fee != 1000 || e.Modified() != 21_000 || e.Ancestors.Fee != 23_000 {
		t.Errorf("b pays %d, counts %d, with its parent %d", e.Fee, e.Modified(), e.Ancestors.Fee)
	}
	w.pool.Prioritise(b.ID(), -20_000)
	order("as before", c, a, b)
	w.pool.Prioritise(c.ID(), -5001)
	order("c counts less than nothing", a, b)
	w.pool.Prioritise(c.ID(), 1)
	order("c counts nothing", a, b, c)
	w.pool.Prioritise(a.ID(), -9000)
	w.pool.Prioritise(b.ID(), -1)
	order("nor does b without a", c)
	w.pool.Prioritise(b.ID(), 7000)
	order("unless it pays for it", a, b, c)
}

// It decides who leaves a full pool.
func TestPrioritiseForEviction(t *testing.T) {
	w := newWorld(t, poolOf(3*85))
	a, b, c := spend(1000, 1, w.reward(1)), spend(2000, 1, w.reward(2)), spend(3000, 1, w.reward(3))
	w.add(a, b, c)
	w.pool.Prioritise(a.ID(), 50_000)
	w.pool.Prioritise(c.ID(), -2500)
	wantIDs(t, "evicted", w.add(spend(4000, 1, w.reward(4))).Evicted, c)
	if deltas := w.pool.Deltas(); len(deltas) != 2 {
		t.Errorf("one that was evicted is forgotten: %+v", deltas)
	}
	w.check()
}

// It decides who is accepted and who may replace whom, also if it was said before the
// transaction came.
func TestPrioritiseBefore(t *testing.T) {
	w := newWorld(t, freely)
	free := signal(spend(0, 1, w.reward(1)))
	if _, err := w.try(free); !errors.Is(err, mempool.RejectMinRelay) {
		t.Fatalf("without a fee: %v", err)
	}
	w.pool.Prioritise(free.ID(), 1000)
	if d := w.pool.Deltas(); len(d) != 1 || d[0] != (mempool.Delta{ID: free.ID(), Fee: 1000}) {
		t.Errorf("%+v", d)
	}
	test, err := w.pool.Test(w.tree, free, w.now)
	if err != nil || test.Fee != 0 || test.Modified != 1000 {
		t.Errorf("%+v, %v", test, err)
	}
	w.add(free)
	w.pool.Prioritise(free.ID(), 500)
	if d := w.pool.Deltas(); len(d) != 1 || d[0] != (mempool.Delta{ID: free.ID(), Fee: 1500, Pending: true, Modified: 1500}) {
		t.Errorf("%+v", d)
	}

	rival := spend(1550, 1, w.reward(1))
	if _, err := w.try(rival); !errors.Is(err, mempool.RejectReplaceFee) { // it would have to pay 1500 and its own relay
		t.Errorf("a rival that pays more: %v", err)
	}
	w.pool.Prioritise(rival.ID(), 100)
	wantIDs(t, "replaced", w.add(rival).Replaced, free)
	w.check()
}

// It ends with the block that confirms the transaction, or one that spends its coin.
func TestPrioritiseEnds(t *testing.T) {
	w := newWorld(t, freely)
	a, b := spend(1000, 1, w.reward(1)), spend(1000, 1, w.reward(2))
	w.add(a, b)
	elsewhere := spend(1000, 1, w.reward(3))
	for _, tx := range []*block.Tx{a, b, elsewhere} {
		w.pool.Prioritise(tx.ID(), -1)
	}
	w.connect(w.tip.Mine("", a, elsewhere, spend(5, 1, w.reward(2))))
	if d := w.pool.Deltas(); len(d) != 0 {
		t.Errorf("after the block: %+v", d)
	}
	c := spend(1000, 1, w.reward(4))
	w.add(c)
	w.pool.Prioritise(c.ID(), 7)
	w.pool.Prioritise(c.ID(), -7)
	if d := w.pool.Deltas(); len(d) != 0 {
		t.Errorf("that sums up to nothing: %+v", d)
	}
}

// Sums of any additions fit.
func TestPrioritiseIsBounded(t *testing.T) {
	const most = 21_000 * coin
	w := newWorld(t, freely)
	chain := line(w.reward(1), 25, 1000)
	w.add(chain...)
	for _, tx := range chain {
		w.pool.Prioritise(tx.ID(), 1<<62)
		w.pool.Prioritise(tx.ID(), 1<<62)
	}
	for _, d := range w.pool.Deltas() {
		if d.Fee != most {
			t.Fatalf("%+v", d)
		}
	}
	last, _ := w.pool.Get(chain[24].ID())
	if want := 25 * (most + 1000); last.Ancestors.Fee != want {
		t.Errorf("together %d, want %d", last.Ancestors.Fee, want)
	}
	for _, tx := range chain {
		w.pool.Prioritise(tx.ID(), -1<<63)
	}
	w.check()
	if last, _ = w.pool.Get(chain[24].ID()); last.Modified() != 1000-most {
		t.Errorf("it counts %d", last.Modified())
	}
}
