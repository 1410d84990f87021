package block

import (
	"fmt"
)

// Block is a header and the transactions that its merkle root commits to. The
// first transaction is the coinbase, which pays the miner.
type Block struct {
	Header Header
	Txs    []*Tx
}

// Hash returns the header's hash, which identifies the block. The transactions are
// not hashed here: the header's merkle root stands for all of them.
func (b *Block) Hash() Hash { return b.Header.Hash() }

// TxIDs returns the transactions' txids in order: the leaves of the merkle tree.
func (b *Block) TxIDs() []Hash {
	ids := make([]Hash, len(b.Txs))
	var raw []byte
	for i, t := range b.Txs {
		raw = t.Append(raw[:0]) // one buffer for all
		ids[i] = Sum(raw)
	}
	return ids
}

// Size returns len(b.Bytes()) without allocating.
func (b *Block) Size() int {
	n := HeaderSize + CompactSizeLen(uint64(len(b.Txs)))
	for _, t := range b.Txs {
		n += t.Size()
	}
	return n
}

// Bytes returns the serialization, which blocks have on the wire and on disk:
//
//	header 80 | n, a CompactSize | transaction 0 | … | transaction n-1
func (b *Block) Bytes() []byte {
	h := b.Header.Bytes()
	out := append(make([]byte, 0, b.Size()), h[:]...)
	out = AppendCompactSize(out, uint64(len(b.Txs)))
	for _, t := range b.Txs {
		out = t.Append(out)
	}
	return out
}

// Parse returns the block that b holds. It rejects trailing bytes. The scripts in the
// block alias b.
func Parse(b []byte) (*Block, error) {
	r := newReader(b)
	out := &Block{Header: r.header()}
	r.wrap("header")
	n := r.count(minTx)
	out.Txs = make([]*Tx, n)
	for i := 0; i < n && r.err == nil; i++ {
		out.Txs[i] = r.tx()
		r.wrapAt("tx", i)
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("block: %w", err)
	}
	return out, nil
}
