package mempool_test

import (
	"errors"
	"slices"
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/mempool"
)

// A family that arrives youngest first waits, and comes in eldest first when the
// eldest is here.
func TestOrphansChain(t *testing.T) {
	w := newWorld(t)
	var txs []*block.Tx
	c, owner := w.reward(1), miner
	for range 4 {
		tx := owner.Pay([]consensus.UTXO{c}, bob.To(c.Value-coin/100))
		txs, c, owner = append(txs, tx), out(tx, 0), bob
	}
	for i := 3; i > 0; i-- {
		_, err := w.try(txs[i])
		var orphan *mempool.OrphanError
		if !errors.Is(err, mempool.ErrOrphan) || !errors.As(err, &orphan) || !slices.Equal(orphan.Missing, idsOf(txs[i-1:i])) {
			t.Fatalf("payment %d: %v", i, err)
		}
		if mempool.Condemns(err) || mempool.Reason(err) != "bad-txns-inputs-missingorspent" {
			t.Errorf("reason %q, condemns %v", mempool.Reason(err), mempool.Condemns(err))
		}
	}
	if w.pool.Orphans() != 3 || w.pool.Len() != 0 {
		t.Fatalf("%d orphans, %d in the pool", w.pool.Orphans(), w.pool.Len())
	}
	added := w.add(txs[0])
	wantIDs(t, "accepted", entryIDs(added.Accepted), txs...)
	w.wantPool(txs...)
	if w.pool.Orphans() != 0 {
		t.Errorf("%d orphans are left", w.pool.Orphans())
	}
}

// Each missing parent is named once, in the order of the inputs, and one that is
// here is not.
func TestOrphanNamesItsParents(t *testing.T) {
	w := newWorld(t, freely)
	a, b, c := spend(1000, 2, w.reward(1)), spend(1000, 1, w.reward(2)), spend(1000, 1, w.reward(3))
	w.add(b)
	child := spend(1000, 1, out(c, 0), out(a, 1), out(b, 0), out(a, 0))
	_, err := w.try(child)
	var orphan *mempool.OrphanError
	if !errors.As(err, &orphan) || !slices.Equal(orphan.Missing, idsOf([]*block.Tx{c, a})) {
		t.Fatal(err)
	}
	w.add(a)
	if w.pool.Orphans() != 1 {
		t.Fatal("it came in with one parent missing")
	}
	w.add(c)
	w.wantPool(b, a, c, child)
}

// A parent may come in a block instead.
func TestOrphanFreedByABlock(t *testing.T) {
	w := newWorld(t, freely)
	parent := spend(1000, 1, w.reward(1))
	child := spend(1000, 1, out(parent, 0))
	grandchild := spend(1000, 1, out(child, 0))
	for _, tx := range []*block.Tx{grandchild, child} {
		if _, err := w.try(tx); !errors.Is(err, mempool.ErrOrphan) {
			t.Fatal(err)
		}
	}
	u := w.connect(w.tip.Mine("parent", parent))
	wantIDs(t, "accepted", entryIDs(u.Accepted), child, grandchild)
	w.wantPool(child, grandchild)
}

// A block that holds an orphan, or spends its coin for another, ends its waiting.
func TestOrphanEndedByABlock(t *testing.T) {
	w := newWorld(t, freely)
	a, b := spend(1000, 1, w.reward(1)), spend(1000, 1, w.reward(2))
	child := spend(1000, 1, out(a, 0))
	rival := spend(1000, 1, out(b, 0), w.reward(3))
	for _, tx := range []*block.Tx{child, rival} {
		if _, err := w.try(tx); !errors.Is(err, mempool.ErrOrphan) {
			t.Fatal(err)
		}
	}
	u := w.connect(w.tip.Mine("all", a, child, spend(1000, 1, w.reward(3))))
	if w.pool.Orphans() != 0 || len(u.Accepted) != 0 {
		t.Errorf("%d orphans are left, accepted %v", w.pool.Orphans(), u.Accepted)
	}
}

// An orphan that is refused when its turn comes is forgotten.
func TestOrphanRefused(t *testing.T) {
	w := newWorld(t)
	parent := miner.Pay([]consensus.UTXO{w.reward(1)}, bob.To(49*coin))
	forged := carol.Pay([]consensus.UTXO{out(parent, 0)}, carol.To(48*coin))
	if _, err := w.try(forged); !errors.Is(err, mempool.ErrOrphan) {
		t.Fatal(err)
	}
	w.add(parent)
	w.wantPool(parent)
	if w.pool.Orphans() != 0 {
		t.Error("it still waits")
	}
	// Nor does it wait when it is sent again and refused for something else.
	child := bob.Pay([]consensus.UTXO{out(parent, 0), out(forged, 0)}, bob.To(coin))
	if _, err := w.try(child); !errors.Is(err, mempool.ErrOrphan) {
		t.Fatal(err)
	}
	w.add(bob.Pay([]consensus.UTXO{out(parent, 0)}, bob.To(48*coin)))
	if _, err := w.try(child); mempool.Reason(err) != "txn-mempool-conflict" || w.pool.Orphans() != 0 {
		t.Errorf("%v, %d orphans", err, w.pool.Orphans())
	}
}

// A hundred may wait; then the oldest leaves for each that comes. One that comes
// twice waits once.
func TestOrphansBounded(t *testing.T) {
	w := newWorld(t, freely)
	parent := spend(100_000, 102, w.reward(1))
	var children []*block.Tx
	for i := range 102 {
		children = append(children, spend(1000, 1, out(parent, i)))
		for range 2 {
			if _, err := w.try(children[i]); !errors.Is(err, mempool.ErrOrphan) {
				t.Fatal(err)
			}
		}
	}
	if w.pool.Orphans() != 100 {
		t.Fatalf("%d orphans", w.pool.Orphans())
	}
	u := w.connect(w.tip.Mine("parent", parent))
	wantIDs(t, "accepted", entryIDs(u.Accepted), children[2:]...)
}
