package mempool_test

import (
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/mempool"
)

// Whatever a stranger's bytes say, the pool answers, stays in order, and does not
// take in what the next block could not hold.
func FuzzAdd(f *testing.F) {
	w := newWorld(f)
	for _, list := range [][]reject{rejects[2:], broken, accepted} {
		for _, r := range list {
			if r.edit == nil {
				f.Add(r.make(newWorld(f)).Bytes(), true)
			}
		}
	}
	f.Add(sized(w, 65).Bytes(), false)
	f.Fuzz(func(t *testing.T, data []byte, signed bool) {
		tx, err := block.ParseTx(data)
		if err != nil {
			return
		}
		w.sigs.Spending = free{}
		if signed {
			w.sigs.Spending = consensus.P2PKH{}
		}
		pool := mempool.New(mempool.DefaultPolicy())
		_, tested := pool.Test(w.tree, tx, noon)
		added, err := pool.Add(w.tree, tx, noon)
		switch {
		case (err == nil) != (tested == nil):
			t.Fatalf("Test says %v, Add says %v", tested, err)
		case err == nil && len(added.Accepted) != 1:
			t.Fatal("accepted, but not in the pool")
		case err != nil && mempool.Reason(err) == "":
			t.Fatalf("our own trouble: %v", err)
		}
		if err := pool.Check(w.tree); err != nil {
			t.Fatal(err)
		}
		var txs []*block.Tx
		for _, e := range pool.Template(w.tree, blockRoom, blockSigOps) {
			txs = append(txs, e.Tx)
		}
		w.tip.Mine("template", txs...) // panics if it breaks a rule
	})
}
