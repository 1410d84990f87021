package consensus

import "toychain/block"

// Block is a block together with everything that must be hashed to validate it. Hashing
// all transactions costs more than any other check but the signatures, so it is done once.
type Block struct {
	*block.Block
	IDs     []block.Hash // of the transactions, in block order
	Root    block.Hash   // the merkle root of IDs
	Mutated bool         // the list repeats a pair, see block.MerkleRoot
}

// NewBlock returns b with its hashes.
func NewBlock(b *block.Block) Block { return WithIDs(b, b.TxIDs()) }

// WithIDs returns b with its hashes; ids are b.TxIDs().
func WithIDs(b *block.Block, ids []block.Hash) Block {
	root, mutated := block.MerkleRoot(ids)
	return Block{b, ids, root, mutated}
}
