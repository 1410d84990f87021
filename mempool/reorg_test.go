package mempool_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/mempool"
)

// invalidate takes a block off the chain, and what is on it: the new tip is lower.
func (w *world) invalidate(b *chaingen.Block) mempool.Updated {
	w.Helper()
	change, err := w.tree.Invalidate(b.Hash, w.now)
	if err != nil {
		w.Fatal(err)
	}
	u, err := w.pool.Update(w.tree, change, w.now)
	if err != nil {
		w.Fatal(err)
	}
	w.check()
	w.tip = b.Parent
	return u
}

// wantUpdated compares what an Update did.
func wantUpdated(t *testing.T, u mempool.Updated, confirmed, conflicted, returned, dropped []*block.Tx) {
	t.Helper()
	wantIDs(t, "confirmed", u.Confirmed, confirmed...)
	wantIDs(t, "conflicted", u.Conflicted, conflicted...)
	wantIDs(t, "returned", u.Returned, returned...)
	wantIDs(t, "dropped", u.Dropped, dropped...)
	if len(u.Accepted)+len(u.Evicted)+len(u.Replaced) > 0 {
		t.Fatalf("accepted %v, evicted %s, replaced %s", u.Accepted, u.Evicted, u.Replaced)
	}
}

type txs = []*block.Tx

// A block takes out what it holds, and what it makes impossible with all that
// depends on it.
//
//	a ── b ── c      the block holds a and b
//	d ── e           and somebody else's payment of d's coin
//	f
func TestBlockConfirmsAndConflicts(t *testing.T) {
	w := newWorld(t, freely)
	abc, de, f := line(w.reward(1), 3, 1000), line(w.reward(2), 2, 1000), spend(1000, 1, w.reward(3))
	w.add(abc...)
	w.add(f)
	w.add(de...)
	u := w.connect(w.tip.Mine("13", abc[0], abc[1], spend(2000, 1, w.reward(2))))
	wantUpdated(t, u, abc[:2], de, nil, nil)
	w.wantPool(abc[2], f)
	c, _ := w.pool.Get(abc[2].ID())
	if c.Ancestors.Count != 1 || c.Depends != nil {
		t.Errorf("c still has ancestors: %+v", c)
	}
}

// The story of a reorganisation.
//
//	             ┌── 13a(a b) ── 14a(c d)
//	g ─ … ─ 12 ──┤
//	             └── 13b(b) ── 14b(c') ── 15b
//
// a waits again, b is confirmed again, c is conflicted by c', and so is d, which
// spent c. What waited for 14a's payments shares their fate.
func TestReorg(t *testing.T) {
	w := newWorld(t, freely)
	fork := w.tip
	a, b := spend(1000, 1, w.reward(1)), spend(1000, 1, w.reward(2))
	c := spend(1000, 2, w.reward(3))
	d := spend(1000, 1, out(c, 0))
	w.add(a, b)
	thirteen := fork.Mine("13a", a, b)
	wantUpdated(t, w.connect(thirteen), txs{a, b}, nil, nil, nil)
	w.connect(thirteen.Mine("14a", c, d))

	afterA, afterB, afterC := spend(1000, 1, out(a, 0)), spend(1000, 1, out(b, 0)), spend(1000, 1, out(c, 1))
	waited := spend(1000, 1, w.reward(4))
	w.add(afterC, afterA, waited, afterB)

	rival := spend(2000, 1, w.reward(3))
	thirteenB := fork.Mine("13b", b)
	fourteenB := thirteenB.Mine("14b", rival)
	for _, side := range []*chaingen.Block{thirteenB, fourteenB} { // no more work than 14a
		if _, err := w.tree.AddBlock(side.Block, w.now); err != nil {
			t.Fatal(err)
		}
	}
	u := w.connect(fourteenB.Mine("15b"))
	wantUpdated(t, u, nil, txs{c, d, afterC}, txs{a}, nil)
	w.wantPool(a, afterA, waited, afterB)

	// And back: what waited again is confirmed again, and so on.
	sixteen := w.tip.Parent.Parent.Parent // 12
	for _, name := range []string{"13c", "14c", "15c"} {
		sixteen = sixteen.Mine(name)
		if _, err := w.tree.AddBlock(sixteen.Block, w.now); err != nil {
			t.Fatal(err)
		}
	}
	u = w.connect(sixteen.Mine("16c", c, d))
	wantUpdated(t, u, nil, txs{rival}, txs{b}, nil)
	w.wantPool(b, a, afterA, waited, afterB)
}

// A payment that comes back stands before what spends it in the pool, whatever came
// first, so that the next block holds both.
func TestReorgChildOfReturned(t *testing.T) {
	w := newWorld(t, freely)
	fork := w.tip
	parent := spend(1000, 1, w.reward(1))
	w.connect(fork.Mine("13a", parent))
	child := spend(9000, 1, out(parent, 0))
	w.add(child)
	if _, err := w.tree.AddBlock(fork.Mine("13b").Block, w.now); err != nil {
		t.Fatal(err)
	}
	wantUpdated(t, w.connect(fork.Mine("13b").Mine("14b")), nil, nil, txs{parent}, nil)
	w.wantPool(parent, child)
	e, _ := w.pool.Get(child.ID())
	if !slices.Equal(e.Depends, idsOf(txs{parent})) || e.Ancestors.Count != 2 || e.Ancestors.Fee != 10_000 {
		t.Errorf("child: %+v", e)
	}
	w.connect(w.tip.Mine("15b", templateOf(w)...))
	w.wantPool()
}

func templateOf(w *world) (out txs) {
	for _, e := range w.pool.Template(w.tree, blockRoom, blockSigOps) {
		out = append(out, e.Tx)
	}
	return out
}

// A coinbase must be three blocks deep here. A chain that is one block lower makes
// its payment too early again, with all that depends on it; a chain without it makes
// it impossible.
//
//	11 ── 12 ── 13          a spends 11's reward, mature for block 14
//	11 ── 12                … but not for 13
//	10 ── 11b ── …          … and never here
func TestReorgImmature(t *testing.T) {
	w := newWorld(t, freely)
	thirteen := w.tip.Mine("13")
	w.connect(thirteen)
	a := spend(1000, 1, w.reward(11))
	b := spend(1000, 1, out(a, 0))
	old := spend(1000, 1, w.reward(10))
	w.add(a, old, b)
	wantUpdated(t, w.invalidate(thirteen), nil, nil, nil, txs{a, b})
	w.wantPool(old)
	if _, err := w.try(a); mempool.Reason(err) != "bad-txns-premature-spend-of-coinbase" {
		t.Fatal(err)
	}

	w.connect(w.tip.Mine("13b"))
	w.add(a, b)
	eleven := w.tip.Chain()[11]
	wantUpdated(t, w.invalidate(eleven), nil, txs{a, b}, nil, txs{old})
	w.wantPool()
}

// The same for a payment that was in a block that left: 14 held it rightly.
func TestReorgReturnedImmature(t *testing.T) {
	w := newWorld(t, freely)
	thirteen := w.tip.Mine("13")
	a := spend(1000, 1, w.reward(11))
	w.connect(thirteen, thirteen.Mine("14", a))
	b := spend(1000, 1, out(a, 0))
	w.add(b)
	wantUpdated(t, w.invalidate(thirteen), nil, nil, nil, txs{a, b})
	w.wantPool()
}

// Locks that had opened may close again.
func TestReorgLocks(t *testing.T) {
	w := newWorld(t, freely)
	thirteen := w.tip.Mine("13")
	base := spend(1000, 1, w.reward(5)) // in block 12b below
	w.connect(thirteen)
	lock := func(n int, at uint32) *block.Tx {
		tx := spend(1000, 1, w.reward(n))
		tx.LockTime, tx.Inputs[0].Sequence = at, 0xfffffffe
		return tx
	}
	relative := spend(1000, 1, w.reward(4))
	relative.Inputs[0].Sequence = 10 // block 4's, in block 14
	tip := w.tree.Tip()
	height, open, median := lock(1, 13), lock(2, 12), lock(3, tip.MedianTime()-1)
	w.add(height, open, median, relative, base)
	wantUpdated(t, w.invalidate(thirteen), nil, nil, nil, txs{height, median, relative})
	w.wantPool(open, base)
}

// A payment that was in a block is not lost because the pool would not have invited
// it: no fee, an odd form, a chain too long. It is mined again.
func TestReorgKeepsTheUninvited(t *testing.T) {
	w := newWorld(t)
	noFee := chaingen.Move(w.reward(1), bob)
	odd := miner.Pay([]consensus.UTXO{w.reward(3)}, block.Output{Value: coin, Script: []byte{0x51}}, block.Output{Value: 1, Script: bob.Script()})
	malleable := highS(w)
	links := txs{}
	for c := out(noFee, 0); len(links) < 39; c = out(links[len(links)-1], 0) {
		links = append(links, bob.Pay([]consensus.UTXO{c}, bob.To(c.Value-coin/1000)))
	}
	thirteen := w.tip.Mine("13", noFee, odd, malleable)
	w.connect(thirteen, thirteen.Mine("14", links...))
	all := append(txs{noFee, odd, malleable}, links...)
	wantUpdated(t, w.invalidate(thirteen), nil, nil, all, nil)
	w.wantPool(all...)
	if _, err := w.try(bob.Pay([]consensus.UTXO{out(links[38], 0)}, bob.To(coin))); mempool.Reason(err) != "too-long-mempool-chain" {
		t.Errorf("the chain may grow: %v", err)
	}
	w.connect(w.tip.Mine("13b", templateOf(w)...))
	w.wantPool()
}

// A chain that comes back may be long, not endless.
func TestReorgEndlessChain(t *testing.T) {
	w := newWorld(t, freely)
	links := line(w.reward(1), 1003, 1000)
	thirteen := w.tip.Mine("13", links...)
	w.connect(thirteen)
	wantUpdated(t, w.invalidate(thirteen), nil, nil, links[:1001], links[1001:])
}

// The size of the pool limits what comes back, and then the worst paid leaves.
func TestReorgEvicts(t *testing.T) {
	w := newWorld(t, poolOf(3*85))
	waited := spend(2000, 1, w.reward(5))
	var back txs
	for n, fee := range []block.Amount{1000, 4000, 500, 3000} {
		back = append(back, spend(fee, 1, w.reward(n+1)))
	}
	thirteen := w.tip.Mine("13", back...)
	w.connect(thirteen)
	w.add(waited)
	u := w.invalidate(thirteen)
	wantIDs(t, "returned", u.Returned, back[1], back[3])
	wantIDs(t, "evicted", u.Evicted, back[2], back[0])
	w.wantPool(back[1], back[3], waited)
}

// A reorganisation may give a coin back that an orphan waits for.
//
//	12 ── 13a(x)                    x spends coins 1 and 2; the orphan wants coin 1
//	  └── 13b(y) ── 14b             y spends coin 2 alone, so x is impossible
func TestReorgFreesOrphan(t *testing.T) {
	w := newWorld(t, freely)
	fork := w.tip
	x, y := spend(1000, 1, w.reward(1), w.reward(2)), spend(1000, 1, w.reward(2))
	w.connect(fork.Mine("13a", x))
	orphan := spend(1000, 1, w.tip.Chain()[1].Reward())
	child := spend(1000, 1, out(orphan, 0))
	for _, tx := range []*block.Tx{child, orphan} {
		if _, err := w.try(tx); !errors.Is(err, mempool.ErrOrphan) {
			t.Fatal(err)
		}
	}
	b := fork.Mine("13b", y)
	if _, err := w.tree.AddBlock(b.Block, w.now); err != nil {
		t.Fatal(err)
	}
	u := w.connect(b.Mine("14b"))
	wantIDs(t, "accepted", entryIDs(u.Accepted), orphan, child)
	wantIDs(t, "conflicted", u.Conflicted, x)
	w.wantPool(orphan, child)
}

// A pool that was not told of a block, against its contract, still comes out of the
// next reorganisation with one payment for each coin.
func TestReorgAfterMissedBlock(t *testing.T) {
	w := newWorld(t, freely)
	missed, waited := spend(1000, 1, w.reward(1)), spend(2000, 1, w.reward(1))
	w.add(waited)
	thirteen := w.tip.Mine("13", missed)
	if _, err := w.tree.AddBlock(thirteen.Block, w.now); err != nil {
		t.Fatal(err)
	}
	wantUpdated(t, w.invalidate(thirteen), nil, txs{waited}, txs{missed}, nil)
	w.wantPool(missed)
}

// An Update that cannot read the disk changes nothing of what waits.
func TestUpdateTrouble(t *testing.T) {
	w := newWorld(t, freely)
	a, b := spend(1000, 1, w.reward(1)), spend(1000, 1, w.reward(2))
	thirteen := w.tip.Mine("13", a)
	w.connect(thirteen)
	w.add(b)
	change, err := w.tree.Invalidate(thirteen.Hash, w.now)
	if err != nil {
		t.Fatal(err)
	}
	fire := errors.New("fire")
	if _, err := w.pool.Update(burning{w.tree, fire}, change, w.now); !errors.Is(err, fire) {
		t.Fatal(err)
	}
	w.wantPool(b)
	if u, err := w.pool.Update(w.tree, change, w.now); err != nil || len(u.Returned) != 1 {
		t.Fatalf("%+v, %v", u, err)
	}
	w.wantPool(a, b)
	if u, err := w.pool.Update(w.tree, chain.Change{From: w.tree.Tip(), To: w.tree.Tip()}, w.now); err != nil || len(u.Returned)+len(u.Dropped) > 0 {
		t.Fatalf("no change did something: %+v, %v", u, err)
	}
}

// How long a payment waited is told with its first confirmation only.
func TestWaited(t *testing.T) {
	w := newWorld(t, freely)
	a, b := spend(1000, 1, w.reward(1)), spend(1000, 1, w.reward(2))
	w.add(a)
	w.now = noon.Add(20 * time.Second)
	w.add(b)
	w.now = noon.Add(30 * time.Second)
	unheard := spend(1000, 1, w.reward(3))
	u := w.connect(w.tip.Mine("13", a, b, unheard))
	if want := []time.Duration{30 * time.Second, 10 * time.Second}; !slices.Equal(u.Waited, want) {
		t.Errorf("waited %v, want %v", u.Waited, want)
	}
	u = w.invalidate(w.tip)
	wantIDs(t, "returned", u.Returned, a, b, unheard)
	u = w.connect(w.tip.Mine("13'", a, b, unheard))
	wantIDs(t, "confirmed", u.Confirmed, a, b, unheard)
	if len(u.Waited) > 0 {
		t.Errorf("a second confirmation counts: %v", u.Waited)
	}
}
