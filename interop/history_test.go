package interop

import (
	"bytes"
	"io"
	"testing"
	"time"

	"toychain/block"
	"toychain/blockfile"
	"toychain/consensus"
)

// firstBlocks reads Bitcoin's first 14,131 blocks in btcd's test data, as Bitcoin
// Core's own files hold them, and hands them on with their bytes.
func firstBlocks(t *testing.T, f func(n int, b *block.Block, raw []byte) bool) (read int) {
	t.Helper()
	raw := moduleFile(t, "github.com/btcsuite/btcd", "blockchain/testdata/blk_0_to_14131.dat")
	in := blockfile.NewReader(bytes.NewReader(raw), "blk_0_to_14131.dat", consensus.Main().Magic(), nil)
	for {
		rec, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !f(read, rec.Block, raw[rec.Location.Offset+8:in.Offset()]) {
			break
		}
		read++
	}
	return read
}

// Bitcoin's first 14,131 blocks parse, are written again byte for byte, and chain
// under our parameters of main. They pay to bare public keys, so btcd's script engine
// judges the spending; everything else is ours.
func TestBitcoinsFirstBlocks(t *testing.T) {
	params := consensus.Main()
	tree, _ := newTree(t, params, allScripts)
	read := firstBlocks(t, func(n int, b *block.Block, raw []byte) bool {
		if string(b.Bytes()) != string(raw) {
			t.Fatalf("block %d: written again it differs", n)
		}
		if b.Hash() != params.Genesis.Hash() {
			if _, err := tree.AddBlock(b, time.Unix(int64(b.Header.Time), 0)); err != nil {
				t.Fatalf("block %d: %v", n, err)
			}
		}
		if n%1000 == 0 {
			if err := tree.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		return true
	})
	tip := tree.Tip()
	t.Logf("%d blocks read; tip at height %d, bits %08x", read, tip.Height, tip.Header.Bits)
	if int(tip.Height) < 14_000 || tip.Header.Bits != 0x1d00ffff {
		t.Errorf("tip at height %d with bits %08x, want all 14,131 blocks at 1d00ffff", tip.Height, tip.Header.Bits)
	}
}

// Under toychain's own rule of spending the outputs of Bitcoin's first blocks are
// non-standard: legal to make, and nobody can spend them here. So our chain follows
// Bitcoin's up to block 169. In block 170 Satoshi pays Hal Finney, out of such an
// output.
func TestPublicKeyOutputsAreLegal(t *testing.T) {
	params := consensus.Main()
	tree, _ := newTree(t, params, consensus.P2PKH{})
	firstBlocks(t, func(n int, b *block.Block, _ []byte) bool {
		for _, tx := range b.Txs {
			for i := range tx.Outputs {
				if kind := block.KindOf(tx.Outputs[i].Script); kind != block.KindNonStandard {
					t.Errorf("block %d: an output is %s, want it non-standard", n, kind)
				}
			}
		}
		if n == 0 {
			return true
		}
		_, err := tree.AddBlock(b, time.Unix(int64(b.Header.Time), 0))
		if n < 170 && err != nil {
			t.Fatalf("block %d: %v", n, err)
		}
		if n == 170 && consensus.RuleOf(err) != consensus.BadScript {
			t.Errorf("block 170, the first to spend: %v, want %s", err, consensus.BadScript)
		}
		return n < 170
	})
	if tip := tree.Tip(); tip.Height != 169 || tip.Hash.String() != "000000002a22cfee1f2c846adbd12b3e183d4f97683f85dad08a79780a84bd55" {
		t.Errorf("we stand on block %d, %s, want 169", tip.Height, tip.Hash)
	}
}
