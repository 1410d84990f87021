package sim

import (
	"fmt"
	"sync"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// rules are the rules of package consensus, asked once for all nodes: what a header leads to,
// and what a block does after its parent, are functions of values, and so the same at every
// node. One thing is replaced: a header has the work that it claims if the world says that
// hash power was spent on it.
type rules struct {
	chain.Rules
	each bool // each node validates bodies for itself

	mu     sync.RWMutex
	blocks map[block.Hash]*answers
}

// answers are what the rules said of one header, and of the body that came with it first.
type answers struct {
	mined bool // hash power was spent on it

	mu     sync.Mutex
	state  *consensus.State
	full   consensus.Block
	delta  *consensus.Delta
	bodyOf *block.Block // that full and delta are about
}

func newRules(p *consensus.Params, each bool) *rules {
	return &rules{each: each, Rules: chain.Consensus(p, chain.NewVerifier(consensus.P2PKH{})), blocks: map[block.Hash]*answers{}}
}

// of returns what is known about a header.
func (r *rules) of(hash block.Hash) *answers {
	r.mu.RLock()
	a := r.blocks[hash]
	r.mu.RUnlock()
	if a != nil {
		return a
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.blocks[hash] == nil {
		r.blocks[hash] = &answers{}
	}
	return r.blocks[hash]
}

// mined says that hash power was spent on a header.
func (r *rules) mined(hash block.Hash) { r.of(hash).mined = true }

func (r *rules) Work(h *block.Header, hash block.Hash) error {
	r.mu.RLock()
	a := r.blocks[hash]
	r.mu.RUnlock()
	if a != nil && a.mined {
		return nil
	}
	return fmt.Errorf("%w: no hash power was spent on %s", consensus.HighHash, hash)
}

func (r *rules) Header(parent *consensus.State, h *block.Header, hash block.Hash) (*consensus.State, error) {
	a := r.of(hash)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state != nil {
		return a.state, nil
	}
	s, err := r.Rules.Header(parent, h, hash)
	if err == nil {
		a.state = s
	}
	return s, err
}

func (r *rules) Body(parent *consensus.State, b *block.Block, hash block.Hash) (consensus.Block, error) {
	a := r.of(hash)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bodyOf == b {
		return a.full, nil
	}
	full, err := r.Rules.Body(parent, b, hash)
	if err == nil && a.bodyOf == nil {
		a.bodyOf, a.full = b, full
	}
	return full, err
}

func (r *rules) Connect(parent *consensus.State, b consensus.Block, hash block.Hash, look chain.LookUp) (consensus.Delta, error, error) {
	a := r.of(hash)
	a.mu.Lock()
	defer a.mu.Unlock()
	if !r.each && a.bodyOf == b.Block && a.delta != nil {
		return *a.delta, nil, nil
	}
	coins, unread := look(consensus.Needs(*parent, b))
	if unread != nil {
		return consensus.Delta{}, nil, unread
	}
	_, d, broken := consensus.ApplyUnmined(*parent, b, coins, r.Verifier()) // Work was asked before
	if broken == nil && a.bodyOf == b.Block {
		a.delta = &d
	}
	return d, broken, nil
}
