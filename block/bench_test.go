package block_test

import (
	"encoding/binary"
	"testing"

	"toychain/block"
)

// spendingBlock returns a block of a coinbase and n transactions of the usual shape: one
// input with signature and key, one output for the payee and one for the change.
func spendingBlock(n int) *block.Block {
	script := block.PubKeyHashScript([20]byte{1, 2, 3})
	b := &block.Block{Txs: []*block.Tx{{
		Version: 1,
		Inputs: []block.Input{{
			Prev:     block.Outpoint{Index: block.NullIndex},
			Script:   block.CoinbaseScript(1, 0, ""),
			Sequence: block.SequenceFinal,
		}},
		Outputs: []block.Output{{Value: 50 * block.Coin, Script: script}},
	}}}
	for i := range n {
		b.Txs = append(b.Txs, &block.Tx{
			Version: 2,
			Inputs: []block.Input{{
				Prev:     block.Outpoint{TxID: block.Sum(binary.LittleEndian.AppendUint32(nil, uint32(i)))},
				Script:   block.PubKeyHashInput(make([]byte, 71), make([]byte, 33)),
				Sequence: block.SequenceFinal,
			}},
			Outputs: []block.Output{{Value: 1, Script: script}, {Value: 2, Script: script}},
		})
	}
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	return b
}

func BenchmarkParse(b *testing.B) {
	raw := spendingBlock(500).Bytes()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := block.Parse(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBytes(b *testing.B) {
	blk := spendingBlock(500)
	b.SetBytes(int64(blk.Size()))
	b.ReportAllocs()
	for b.Loop() {
		blk.Bytes()
	}
}

func BenchmarkTxIDs(b *testing.B) {
	blk := spendingBlock(500)
	b.SetBytes(int64(blk.Size()))
	b.ReportAllocs()
	for b.Loop() {
		blk.TxIDs()
	}
}

func BenchmarkMerkleRoot(b *testing.B) {
	ids := spendingBlock(500).TxIDs()
	b.ReportAllocs()
	for b.Loop() {
		block.MerkleRoot(ids)
	}
}

func BenchmarkSigHash(b *testing.B) {
	tx := spendingBlock(1).Txs[1]
	b.ReportAllocs()
	for b.Loop() {
		block.SigHash(tx, 0, tx.Outputs[0].Script, block.SigAll)
	}
}
