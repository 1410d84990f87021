package block

import (
	"errors"
	"fmt"
)

// MerkleProof shows that some transactions are in a block to somebody who has only
// its header (BIP37: merkleblock; whitepaper §8). It is the merkle tree with all
// branches cut off that lead to none of them:
//
//	       root                 proof of c:  hashes  H(ab), c, d
//	      /    \                             walk    root: go down
//	 H(ab)      H(cd)                          left: no, here is H(ab)
//	 /  \       /  \                           right: go down
//	a    b    [c]   d                            left: c, found; right: d
//
// Hashes and Flags are in the order of a walk down from the root, left before right.
type MerkleProof struct {
	Header Header
	Total  uint32 // transactions in the block
	Hashes []Hash
	Flags  []bool // at each node reached: it is, or leads to, one of those proved
}

// ErrProof is wrapped when a proof's parts do not fit together. That proves nothing
// about any block.
var ErrProof = errors.New("merkle proof does not fit together")

// maxProofTxs bounds Total: so many of the smallest transactions fill a block of
// MaxMessage bytes.
const maxProofTxs = MaxMessage / minTx

// Prove returns the proof that those transactions of b are in it for which wanted
// is true.
func Prove(b *Block, wanted func(Hash) bool) *MerkleProof {
	p := &MerkleProof{Header: b.Header, Total: uint32(len(b.Txs))}
	ids := b.TxIDs()
	match := make([]bool, len(ids))
	for i, id := range ids {
		match[i] = wanted(id)
	}
	levels, matches := [][]Hash{ids}, [][]bool{match}
	for len(levels[len(levels)-1]) > 1 {
		below, found := levels[len(levels)-1], matches[len(matches)-1]
		up, upFound := make([]Hash, (len(below)+1)/2), make([]bool, (len(below)+1)/2)
		for i := range up {
			left, right := 2*i, min(2*i+1, len(below)-1) // an odd level repeats its last hash
			up[i], upFound[i] = hashPair(below[left], below[right]), found[left] || found[right]
		}
		levels, matches = append(levels, up), append(matches, upFound)
	}
	var walk func(height, at int)
	walk = func(height, at int) {
		found := matches[height][at]
		p.Flags = append(p.Flags, found)
		if height == 0 || !found {
			p.Hashes = append(p.Hashes, levels[height][at])
			return
		}
		walk(height-1, 2*at)
		if 2*at+1 < len(levels[height-1]) {
			walk(height-1, 2*at+1)
		}
	}
	if len(ids) > 0 {
		walk(len(levels)-1, 0)
	}
	return p
}

// Proved returns the transactions that the proof shows, in the block's order, if it
// leads to its header's merkle root; else an error that wraps ErrProof. Whether the
// header is on any chain is the caller's question, and so is Total: in a proof with
// a false Total an inner node could pass for a transaction (CVE-2017-12842).
func (p *MerkleProof) Proved() ([]Hash, error) {
	if p.Total == 0 || p.Total > maxProofTxs || len(p.Hashes) > int(p.Total) || len(p.Flags) < len(p.Hashes) {
		return nil, fmt.Errorf("%w: %d transactions, %d hashes, %d steps", ErrProof, p.Total, len(p.Hashes), len(p.Flags))
	}
	height := 0
	for p.width(height) > 1 {
		height++
	}
	c := climb{p: p, hashes: p.Hashes, walk: p.Flags}
	root := c.node(height, 0)
	switch {
	case c.bad:
		return nil, fmt.Errorf("%w: hashes or steps are missing, or two branches are the same", ErrProof)
	case len(c.hashes) > 0 || len(c.walk) >= 8: // the steps are padded to whole bytes
		return nil, fmt.Errorf("%w: %d hashes and %d steps are left over", ErrProof, len(c.hashes), len(c.walk))
	case root != p.Header.MerkleRoot:
		return nil, fmt.Errorf("%w: it leads to the root %s, the header has %s", ErrProof, root, p.Header.MerkleRoot)
	}
	for _, left := range c.walk {
		if left {
			return nil, fmt.Errorf("%w: the padding is not zero", ErrProof)
		}
	}
	return c.found, nil
}

// width is how many nodes the tree has at a height above the leaves.
func (p *MerkleProof) width(height int) int { return (int(p.Total) + 1<<height - 1) >> height }

// climb computes the root from a proof.
type climb struct {
	p      *MerkleProof
	hashes []Hash // not used yet
	walk   []bool // not used yet
	found  []Hash
	bad    bool
}

func (c *climb) node(height, at int) Hash {
	if c.bad || len(c.walk) == 0 {
		c.bad = true
		return Hash{}
	}
	leads := c.walk[0]
	c.walk = c.walk[1:]
	if height == 0 || !leads {
		if len(c.hashes) == 0 {
			c.bad = true
			return Hash{}
		}
		hash := c.hashes[0]
		c.hashes = c.hashes[1:]
		if height == 0 && leads {
			c.found = append(c.found, hash)
		}
		return hash
	}
	left := c.node(height-1, 2*at)
	if 2*at+1 >= c.p.width(height-1) {
		return hashPair(left, left)
	}
	right := c.node(height-1, 2*at+1)
	if left == right { // a copy would prove a transaction that is not there (CVE-2012-2459)
		c.bad = true
	}
	return hashPair(left, right)
}

// Bytes returns the serialization of Bitcoin's merkleblock message:
//
//	header 80 | total 4 | hashes | bytes of steps, the first one in the lowest bit
func (p *MerkleProof) Bytes() []byte {
	h := p.Header.Bytes()
	out := append(h[:], byte(p.Total), byte(p.Total>>8), byte(p.Total>>16), byte(p.Total>>24))
	out = AppendCompactSize(out, uint64(len(p.Hashes)))
	for i := range p.Hashes {
		out = append(out, p.Hashes[i][:]...)
	}
	steps := make([]byte, (len(p.Flags)+7)/8)
	for i, leads := range p.Flags {
		if leads {
			steps[i/8] |= 1 << (i % 8)
		}
	}
	return appendBytes(out, steps)
}

// ParseMerkleProof reads what Bytes writes, and nothing after it. Flags come back
// with the padding of its last byte.
func ParseMerkleProof(b []byte) (*MerkleProof, error) {
	r := newReader(b)
	p := &MerkleProof{Header: r.header(), Total: r.uint32()}
	n := r.count(len(Hash{}))
	p.Hashes = make([]Hash, n)
	for i := range p.Hashes {
		p.Hashes[i] = r.hash()
	}
	steps := r.bytes()
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("merkle proof: %w", err)
	}
	p.Flags = make([]bool, 8*len(steps))
	for i := range p.Flags {
		p.Flags[i] = steps[i/8]>>(i%8)&1 == 1
	}
	return p, nil
}
