package chain_test

import (
	"testing"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// BenchmarkConnect500 adds a block of 500 payments, of one input and two outputs
// each, to a tree: "cold" with every signature to check, "warm" when the pool has
// checked them before and the Verifier remembers.
func BenchmarkConnect500(b *testing.B) {
	for _, name := range []string{"cold", "warm"} {
		b.Run(name, func(b *testing.B) {
			warm := chain.NewVerifier(consensus.P2PKH{})
			tip, txs := manyPayments(b, 500)
			tip.Verifier = warm
			next := tip.Mine("500", txs...) // the verifier learns here
			disk := diskWith(b, tip)
			for b.Loop() {
				b.StopTimer()
				onto := disk.Clone()
				if onto.Verifier = warm; name == "cold" {
					onto.Verifier = chain.NewVerifier(consensus.P2PKH{})
				}
				tree := onto.MustOpen(tip.State.Params)
				b.StartTimer()
				change, err := tree.AddBlock(next.Block, now)
				if err != nil || len(change.Applied) != 1 {
					b.Fatal(err)
				}
			}
			b.ReportMetric(500*float64(b.N)/b.Elapsed().Seconds(), "payments/s")
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(b.Elapsed().Seconds()*1000/float64(b.N), "ms/block")
		})
	}
}

// BenchmarkReorg100 moves the tip over 100 blocks with 20 payments each and forth
// over 101, all signatures known; "connect" is the same blocks without a fork.
func BenchmarkReorg100(b *testing.B) {
	tip, txs := manyPayments(b, 2000)
	tip.Verifier = chain.NewVerifier(consensus.P2PKH{})
	left, right := tip, tip
	for i := range 100 {
		left = left.Mine("left", txs[20*i:20*i+20]...)
		right = right.Mine("right", txs[20*i:20*i+20]...)
	}
	right = right.Mine("more")
	base := int(tip.Height()) + 1
	add := func(b *testing.B, tree *chain.Tree, blocks []*chaingen.Block) {
		for _, x := range blocks {
			if _, err := tree.AddBlock(x.Block, now); err != nil {
				b.Fatal(err)
			}
		}
	}
	onLeft := diskWith(b, left)
	b.Run("reorg", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			tree := onLeft.Clone().MustOpen(tip.State.Params)
			add(b, tree, right.Chain()[base:base+100])
			b.StartTimer()
			change, err := tree.AddBlock(right.Block, now)
			if err != nil || len(change.Reverted) != 100 || len(change.Applied) != 101 {
				b.Fatal(err, len(change.Reverted))
			}
		}
		b.ReportMetric(201*float64(b.N)/b.Elapsed().Seconds(), "blocks/s")
	})
	onBase := diskWith(b, tip)
	b.Run("connect", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			tree := onBase.Clone().MustOpen(tip.State.Params)
			b.StartTimer()
			add(b, tree, left.Chain()[base:])
		}
		b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "blocks/s")
	})
}

// BenchmarkEmptyBlocks adds blocks that hold only a coinbase, one after the other,
// flushed every hundred to a disk that costs nothing.
func BenchmarkEmptyBlocks(b *testing.B) {
	line := chaingen.Genesis(chaingen.Network()).MineEmpty("", 2000).Chain()
	var tree *chain.Tree
	n := 0
	for b.Loop() {
		if n++; n == len(line) || tree == nil {
			b.StopTimer()
			tree, n = chaingen.NewDisk().MustOpen(chaingen.Network()), 1
			b.StartTimer()
		}
		if _, err := tree.AddBlock(line[n].Block, now); err != nil {
			b.Fatal(err)
		}
		if n%100 == 0 {
			if err := tree.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "blocks/s")
}

// diskWith returns a disk that holds the chain up to tip.
func diskWith(b *testing.B, tip *chaingen.Block) *chaingen.Disk {
	b.Helper()
	disk := chaingen.NewDisk()
	disk.Verifier = tip.Verifier
	tree := disk.MustOpen(tip.State.Params)
	for _, x := range tip.Chain()[1:] {
		if _, err := tree.AddBlock(x.Block, now); err != nil {
			b.Fatal(err)
		}
	}
	if err := tree.Flush(); err != nil {
		b.Fatal(err)
	}
	return disk
}

// manyPayments returns a tip and n signed transactions, of one input and two outputs
// each, that may follow it.
func manyPayments(t testing.TB, n int) (*chaingen.Block, []*block.Tx) {
	t.Helper()
	tip := chaingen.Genesis(chaingen.Network()).MineEmpty("", 4)
	each := block.Amount(50 * coin / n)
	var outs []block.Output
	for range n {
		outs = append(outs, miner.To(each))
	}
	fan := miner.Pay([]consensus.UTXO{tip.Chain()[1].Reward()}, outs...)
	tip = tip.Mine("fan", fan)
	txs := make([]*block.Tx, n)
	for i := range txs {
		txs[i] = miner.Pay([]consensus.UTXO{chaingen.Output(fan, i)}, alice.To(each/2), miner.To(each/2-1000))
	}
	return tip, txs
}
