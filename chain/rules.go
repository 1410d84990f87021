package chain

import (
	"toychain/block"
	"toychain/consensus"
)

// Rules answers the tree's questions about headers and blocks. The answers are functions of
// values (package consensus has them all), so a simulator of a thousand nodes, which all ask
// the same, may remember them, and answer [Rules.Work] without work. Every error is the one
// that package consensus documents.
type Rules interface {
	// Params are the network's.
	Params() *consensus.Params
	// Verifier is how signatures are checked.
	Verifier() consensus.Verifier
	// Work is consensus.CheckWork; hash is the header's.
	Work(h *block.Header, hash block.Hash) error
	// Header is State.ApplyHeader; hash is the header's. The result must not be changed.
	Header(parent *consensus.State, h *block.Header, hash block.Hash) (*consensus.State, error)
	// Body is consensus.NewBlock, CheckBody and CheckContext.
	Body(parent *consensus.State, b *block.Block, hash block.Hash) (consensus.Block, error)
	// Connect is consensus.ApplyBlock. coins returns those of the outpoints that are unspent
	// after parent; its error is the disk's and is returned as it is, in unread.
	Connect(parent *consensus.State, b consensus.Block, hash block.Hash, coins LookUp) (d consensus.Delta, broken, unread error)
}

// LookUp returns those of the outpoints that are unspent. An error is the disk's.
type LookUp func(of []block.Outpoint) (consensus.Coins, error)

// Consensus returns the rules of package consensus, with signatures checked by v.
func Consensus(p *consensus.Params, v consensus.Verifier) Rules { return rules{p, v} }

type rules struct {
	params   *consensus.Params
	verifier consensus.Verifier
}

func (r rules) Params() *consensus.Params    { return r.params }
func (r rules) Verifier() consensus.Verifier { return r.verifier }

func (r rules) Work(h *block.Header, _ block.Hash) error { return consensus.CheckWork(r.params, h) }

func (r rules) Header(parent *consensus.State, h *block.Header, _ block.Hash) (*consensus.State, error) {
	s, err := parent.ApplyHeader(h)
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// Body makes the checks that need no coins: on any branch. Whether the block's transactions
// may spend what they spend is asked only when its turn comes: most blocks of side branches
// are never asked.
func (r rules) Body(parent *consensus.State, b *block.Block, _ block.Hash) (consensus.Block, error) {
	full := consensus.NewBlock(b)
	if err := consensus.CheckBody(full); err != nil {
		return full, err
	}
	return full, consensus.CheckContext(parent, b)
}

func (r rules) Connect(parent *consensus.State, b consensus.Block, _ block.Hash, look LookUp) (d consensus.Delta, broken, unread error) {
	coins, unread := look(consensus.Needs(*parent, b))
	if unread != nil {
		return d, nil, unread
	}
	_, d, broken = consensus.ApplyBlock(*parent, b, coins, r.verifier)
	return d, broken, nil
}
