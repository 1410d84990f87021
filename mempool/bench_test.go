package mempool_test

import (
	"fmt"
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/mempool"
)

// crowd returns a world, a block's transaction that makes n coins, and a payment of
// each: signed, with a fee of its own.
func crowd(b *testing.B, n int, edit ...func(*setup, *mempool.Policy)) (*world, []*block.Tx) {
	w := newWorld(b, edit...)
	var txs []*block.Tx
	for n > len(txs) {
		outputs := make([]block.Output, min(1000, n-len(txs)))
		for i := range outputs {
			outputs[i] = miner.To(coin / 100)
		}
		split := miner.Pay([]consensus.UTXO{w.reward(1 + len(txs)/1000)}, outputs...)
		w.connect(w.tip.Mine("split", split))
		for i := range outputs {
			fee := block.Amount(1000 + (i*7919)%10_000)
			txs = append(txs, miner.Pay([]consensus.UTXO{out(split, i)}, bob.To(coin/100-fee)))
		}
	}
	return w, txs
}

// BenchmarkAdd takes in payments of one input; "unsigned" is all but the signature.
func BenchmarkAdd(b *testing.B) {
	for name, edit := range map[string]func(*setup, *mempool.Policy){
		"signed": func(*setup, *mempool.Policy) {}, "unsigned": freely,
	} {
		b.Run(name, func(b *testing.B) {
			w, txs := crowd(b, 5000, edit)
			b.ResetTimer()
			for i := range b.N {
				if i%len(txs) == 0 {
					w.pool = mempool.New(w.pool.Policy())
				}
				if _, err := w.pool.Add(w.tree, txs[i%len(txs)], noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkExpire looks for what has waited too long, by how many wait.
func BenchmarkExpire(b *testing.B) {
	for _, n := range []int{100, 1000, 5000} {
		b.Run(fmt.Sprintf("pending=%d", n), func(b *testing.B) {
			w, txs := crowd(b, n, freely)
			for _, tx := range txs {
				if _, err := w.pool.Add(w.tree, tx, noon); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if gone := w.pool.Expire(noon); len(gone) > 0 {
					b.Fatal("nothing has waited too long")
				}
			}
		})
	}
}

// BenchmarkAddFull brings a thousand to a pool that is full of 5,000 worse paid ones.
func BenchmarkAddFull(b *testing.B) {
	const full, more = 5000, 1000
	w, txs := crowd(b, full+more, func(p *setup, q *mempool.Policy) { p.Spending, q.MaxBytes = free{}, full*191 })
	for i, tx := range txs { // each pays more than all before
		tx.Outputs[0].Value = coin/100 - 1000 - 100*block.Amount(i)
	}
	b.ResetTimer()
	for i := range b.N {
		if i%more == 0 {
			b.StopTimer()
			w.pool = mempool.New(w.pool.Policy())
			for _, tx := range txs[:full] {
				if _, err := w.pool.Add(w.tree, tx, noon); err != nil {
					b.Fatal(err)
				}
			}
			b.StartTimer()
		}
		if _, err := w.pool.Add(w.tree, txs[full+i%more], noon); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTemplate chooses from 5,000 payments, as many alone as in families.
func BenchmarkTemplate(b *testing.B) {
	w, txs := crowd(b, 2500, freely)
	w.add(txs[:10]...) // and from here on without the check
	for _, tx := range txs[10:] {
		if _, err := w.pool.Add(w.tree, tx, noon); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 2500 {
		from := txs[i*7%len(txs)]
		child := spend(block.Amount(1000+(i*7919)%10_000), 1, out(from, 0))
		if _, err := w.pool.Add(w.tree, child, noon); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for b.Loop() {
		if got := w.pool.Template(w.tree, blockRoom, blockSigOps); len(got) != 5000 {
			b.Fatal(len(got))
		}
	}
}

// BenchmarkUpdate confirms 500 of 5,000 and gives them back.
func BenchmarkUpdate(b *testing.B) {
	w, txs := crowd(b, 5000, freely)
	for _, tx := range txs {
		if _, err := w.pool.Add(w.tree, tx, noon); err != nil {
			b.Fatal(err)
		}
	}
	n := 0
	for b.Loop() {
		b.StopTimer()
		n++
		holding := w.tip.Mine(fmt.Sprint("holding", n), txs[:500]...)
		forth, err := w.tree.AddBlock(holding.Block, noon)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		update(b, w, forth)
		b.StopTimer()
		back, err := w.tree.Invalidate(holding.Hash, noon)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if u := update(b, w, back); len(u.Returned) != 500 || w.pool.Len() != 5000 {
			b.Fatal(len(u.Returned), w.pool.Len())
		}
	}
}

func update(b *testing.B, w *world, change chain.Change) mempool.Updated {
	u, err := w.pool.Update(w.tree, change, noon)
	if err != nil {
		b.Fatal(err)
	}
	return u
}

// BenchmarkLongChain is the worst that a reorganisation can make: four families of 1,000
// payments, each of the one before, given back, chosen for a block, and confirmed.
func BenchmarkLongChain(b *testing.B) {
	w := newWorld(b, freely)
	var txs []*block.Tx
	for n := range 4 {
		txs = append(txs, line(w.reward(n+1), 1000, 1000)...)
	}
	holding := w.tip.Mine("holding", txs...)
	forth, err := w.tree.AddBlock(holding.Block, noon)
	if err != nil {
		b.Fatal(err)
	}
	back, err := w.tree.Invalidate(holding.Hash, noon)
	if err != nil {
		b.Fatal(err)
	}
	forth.From, forth.To = w.tip.State, holding.State
	for b.Loop() {
		update(b, w, back)
		if got := w.pool.Template(w.tree, blockRoom, blockSigOps); len(got) != 4000 {
			b.Fatal(len(got))
		}
		update(b, w, forth)
	}
}
