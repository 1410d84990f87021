package block

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// MerkleProof proves that some transactions are in a block to a reader that has only
// the block's header (whitepaper §8; BIP37, message merkleblock; Core:
// CPartialMerkleTree). It is the merkle tree, cut off wherever a branch leads to none
// of them. Flags and Hashes are in depth-first order, left before right. A proof of c:
//
//	       root                node    flag    hash
//	     /      \              root    1       -      its children follow
//	 H(ab)      H(cd)          H(ab)   0       H(ab)  leads to nothing proved: cut off
//	 /   \      /   \          H(cd)   1       -      its children follow
//	a     b   [c]    d         c       1       c      a leaf, and proved
//	                           d       0       d      a leaf, needed for H(cd)
type MerkleProof struct {
	Header Header
	Total  uint32 // transactions in the block, from which the tree's shape follows
	Hashes []Hash // of the nodes whose children do not follow
	Flags  []bool // of each node visited: is it, or does it lead to, a proved transaction?
}

// ErrProof is wrapped by errors about a proof whose parts contradict each other. Such a
// proof says nothing about any block.
var ErrProof = errors.New("merkle proof does not fit together")

// maxProofTxs bounds Total: the number of smallest transactions in MaxMessage bytes.
const maxProofTxs = MaxMessage / minTx

// proofNode is a node of the whole tree, from which a proof is cut.
type proofNode struct {
	hash  Hash
	leads bool // it is, or leads to, a transaction to prove
}

// Prove returns a proof that b contains every transaction whose txid satisfies wanted.
func Prove(b *Block, wanted func(Hash) bool) *MerkleProof {
	p := &MerkleProof{Header: b.Header, Total: uint32(len(b.Txs))}
	leaves := make([]proofNode, len(b.Txs))
	for i, id := range b.TxIDs() {
		leaves[i] = proofNode{id, wanted(id)}
	}
	if len(leaves) > 0 {
		levels := proofLevels(leaves)
		p.build(levels, len(levels)-1, 0)
	}
	return p
}

// proofLevels returns the tree's levels from the leaves, at index 0, up to the root.
func proofLevels(leaves []proofNode) [][]proofNode {
	levels := [][]proofNode{leaves}
	for below := leaves; len(below) > 1; {
		level := make([]proofNode, (len(below)+1)/2)
		for i := range level {
			left, right := below[2*i], below[min(2*i+1, len(below)-1)] // a copy, if odd
			level[i] = proofNode{hashPair(left.hash, right.hash), left.leads || right.leads}
		}
		levels = append(levels, level)
		below = level
	}
	return levels
}

// build appends the subtree under one node to the proof; extractor.subtree reads it
// back. A copied last child is left out (Core: TraverseAndBuild).
func (p *MerkleProof) build(levels [][]proofNode, height, at int) {
	node := levels[height][at]
	p.Flags = append(p.Flags, node.leads)
	if height == 0 || !node.leads {
		p.Hashes = append(p.Hashes, node.hash)
		return
	}
	p.build(levels, height-1, 2*at)
	if 2*at+1 < len(levels[height-1]) {
		p.build(levels, height-1, 2*at+1)
	}
}

// Proved returns the txids that the proof proves, in the block's order. It returns an
// error that wraps ErrProof unless the proof leads to its header's merkle root and no
// part of it is left over (Core: CPartialMerkleTree::ExtractMatches). The caller must
// check that the header is on the chain it trusts, and that Total is the block's: under
// a false Total an inner node can pass for a transaction (CVE-2017-12842).
func (p *MerkleProof) Proved() ([]Hash, error) {
	if p.Total == 0 || p.Total > maxProofTxs || len(p.Hashes) > int(p.Total) || len(p.Flags) < len(p.Hashes) {
		return nil, fmt.Errorf("%w: %d transactions, %d hashes, %d flags", ErrProof, p.Total, len(p.Hashes), len(p.Flags))
	}
	x := extractor{total: int(p.Total), hashes: p.Hashes, flags: p.Flags}
	height := 0
	for x.width(height) > 1 {
		height++
	}
	root := x.subtree(height, 0)
	switch {
	case x.failed:
		return nil, fmt.Errorf("%w: hashes or flags are missing, or two branches are equal", ErrProof)
	case len(x.hashes) > 0 || len(x.flags) >= 8: // flags are padded to whole bytes
		return nil, fmt.Errorf("%w: %d hashes and %d flags are left over", ErrProof, len(x.hashes), len(x.flags))
	case slices.Contains(x.flags, true):
		return nil, fmt.Errorf("%w: the padding is not zero", ErrProof)
	case root != p.Header.MerkleRoot:
		return nil, fmt.Errorf("%w: it leads to the root %s, the header has %s", ErrProof, root, p.Header.MerkleRoot)
	}
	return x.found, nil
}

// extractor computes the root that a proof leads to, and collects what it proves.
type extractor struct {
	total  int    // leaves of the tree
	hashes []Hash // not used yet
	flags  []bool // not used yet
	found  []Hash
	failed bool // for good: hash and flag return zero from then on
}

// width returns how many nodes the tree has at a height above the leaves.
func (x *extractor) width(height int) int { return (x.total + 1<<height - 1) >> height }

// flag takes the next flag.
func (x *extractor) flag() bool {
	x.failed = x.failed || len(x.flags) == 0
	if x.failed {
		return false
	}
	next := x.flags[0]
	x.flags = x.flags[1:]
	return next
}

// hash takes the next hash.
func (x *extractor) hash() Hash {
	x.failed = x.failed || len(x.hashes) == 0
	if x.failed {
		return Hash{}
	}
	next := x.hashes[0]
	x.hashes = x.hashes[1:]
	return next
}

// subtree takes what build appended for one node, and returns the node's hash (Core:
// TraverseAndExtract).
func (x *extractor) subtree(height, at int) Hash {
	leads := x.flag()
	if height == 0 || !leads {
		hash := x.hash()
		if leads {
			x.found = append(x.found, hash)
		}
		return hash
	}
	left := x.subtree(height-1, 2*at)
	if 2*at+1 == x.width(height-1) {
		return hashPair(left, left)
	}
	right := x.subtree(height-1, 2*at+1)
	if left == right { // a proof of a copy, which is no transaction (CVE-2012-2459)
		x.failed = true
	}
	return hashPair(left, right)
}

// Bytes returns the serialization of Bitcoin's merkleblock message:
//
//	header 80 | total 4 | n | n hashes | m | m bytes of flags, the first in the lowest bit
func (p *MerkleProof) Bytes() []byte {
	h := p.Header.Bytes()
	out := binary.LittleEndian.AppendUint32(h[:], p.Total)
	out = AppendCompactSize(out, uint64(len(p.Hashes)))
	for i := range p.Hashes {
		out = append(out, p.Hashes[i][:]...)
	}
	packed := make([]byte, (len(p.Flags)+7)/8)
	for i, flag := range p.Flags {
		if flag {
			packed[i/8] |= 1 << (i % 8)
		}
	}
	return appendBytes(out, packed)
}

// ParseMerkleProof returns the proof that b holds; Proved says what it is worth. It
// rejects trailing bytes. Flags come back with the zeros that fill their last byte.
func ParseMerkleProof(b []byte) (*MerkleProof, error) {
	r := newReader(b)
	p := &MerkleProof{Header: r.header(), Total: r.uint32()}
	n := r.count(len(Hash{}))
	p.Hashes = make([]Hash, n)
	for i := range p.Hashes {
		p.Hashes[i] = r.hash()
	}
	packed := r.bytes()
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("merkle proof: %w", err)
	}
	p.Flags = make([]bool, 8*len(packed))
	for i := range p.Flags {
		p.Flags[i] = packed[i/8]>>(i%8)&1 == 1
	}
	return p, nil
}
