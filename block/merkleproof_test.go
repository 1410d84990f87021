package block_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"toychain/block"
)

// blockOf returns a block of n different transactions.
func blockOf(n int) *block.Block {
	b := &block.Block{Header: block.Header{Version: 4, Time: 7}}
	for i := range n {
		b.Txs = append(b.Txs, &block.Tx{
			Version: 1,
			Inputs:  []block.Input{{Script: binary.LittleEndian.AppendUint32(nil, uint32(i))}},
			Outputs: []block.Output{{Value: 1}},
		})
	}
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	return b
}

// Every set of transactions of every small block can be proved, and the proof survives
// being written and read.
func TestMerkleProofOfEverySubset(t *testing.T) {
	for n := 1; n <= 9; n++ {
		b := blockOf(n)
		ids := b.TxIDs()
		for set := range 1 << n {
			var want []block.Hash
			for i := range ids {
				if set>>i&1 == 1 {
					want = append(want, ids[i])
				}
			}
			proof := block.Prove(b, func(id block.Hash) bool { return slices.Contains(want, id) })
			read, err := block.ParseMerkleProof(proof.Bytes())
			if err != nil {
				t.Fatalf("%d transactions, set %b: %v", n, set, err)
			}
			got, err := read.Proved()
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%d transactions, set %b: proved %v, %v, want %v", n, set, got, err, want)
			}
		}
	}
}

// A proof of one transaction of 1,000 has one hash for each level, and its own.
func TestMerkleProofIsShort(t *testing.T) {
	b := blockOf(1000)
	id := b.TxIDs()[567]
	proof := block.Prove(b, func(h block.Hash) bool { return h == id })
	if len(proof.Hashes) != 11 {
		t.Errorf("%d hashes, want 10 neighbours and the transaction itself", len(proof.Hashes))
	}
}

// A proof in which one bit is flipped proves nothing false.
func TestMerkleProofWithAFlippedBit(t *testing.T) {
	b := blockOf(7)
	ids := b.TxIDs()
	good := block.Prove(b, func(h block.Hash) bool { return h == ids[2] || h == ids[6] }).Bytes()
	for bit := range 8 * len(good) {
		bad := slices.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		proof, err := block.ParseMerkleProof(bad)
		if err != nil {
			continue
		}
		got, err := proof.Proved()
		if err != nil {
			if !errors.Is(err, block.ErrProof) {
				t.Fatalf("bit %d: %v", bit, err)
			}
			continue
		}
		// The bit may mark another leaf as proved, which is in the block as well, or may
		// change a field of the header that no proof depends on.
		if slices.ContainsFunc(got, func(id block.Hash) bool { return !slices.Contains(ids, id) }) {
			t.Fatalf("bit %d flipped: proves %v, which is not in the block", bit, got)
		}
	}
}

// The tree over [a b c c] has the root of the tree over [a b c]; a proof of the second c
// is rejected (CVE-2012-2459).
func TestMerkleProofOfACopy(t *testing.T) {
	b := blockOf(3)
	b.Txs = append(b.Txs, b.Txs[2])
	id := b.TxIDs()[2]
	if _, err := block.Prove(b, func(h block.Hash) bool { return h == id }).Proved(); !errors.Is(err, block.ErrProof) {
		t.Errorf("a proof with two equal branches: %v, want ErrProof", err)
	}
}

// A proof of no transaction is the root alone.
func TestMerkleProofOfNothing(t *testing.T) {
	b := blockOf(5)
	proof := block.Prove(b, func(block.Hash) bool { return false })
	got, err := proof.Proved()
	if err != nil || len(got) != 0 || len(proof.Hashes) != 1 || proof.Hashes[0] != b.Header.MerkleRoot {
		t.Errorf("proved %v, %v with %d hashes; want nothing, by the root alone", got, err, len(proof.Hashes))
	}
}

func FuzzMerkleProof(f *testing.F) {
	b := blockOf(5)
	f.Add(block.Prove(b, func(h block.Hash) bool { return h == b.Txs[3].ID() }).Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := block.ParseMerkleProof(raw)
		if err != nil {
			return
		}
		if !slices.Equal(p.Bytes(), raw) {
			t.Errorf("%x comes back as %x", raw, p.Bytes())
		}
		p.Proved()
	})
}
