package rogue

import (
	"context"

	"toychain/block"
	"toychain/consensus"
	"toychain/testnet/rogue/forge"
)

// This file has what a rogue does only in tests.

// Mine mines n valid blocks and announces them.
func (p *Peer) Mine(ctx context.Context, n int) ([]block.Hash, error) {
	blocks, err := p.forge.Branch(ctx, p.Tip(), n)
	if err != nil {
		return nil, err
	}
	return p.announce(ctx, blocks)
}

// MineFull is Mine with blocks of the largest size, full of data outputs: for peers that are
// slow to read them.
func (p *Peer) MineFull(ctx context.Context, n int) ([]block.Hash, error) {
	data, err := block.DataScript(make([]byte, block.MaxData))
	if err != nil {
		return nil, err
	}
	var out []block.Hash
	for range n {
		tip := p.Tip()
		b := p.forge.Draft(&tip)
		forge.Stuff(b.Txs[0], consensus.MaxBlockSize-b.Size()-100, data)
		if err := p.forge.Seal(ctx, b); err != nil {
			return out, err
		}
		given, err := p.announce(ctx, []*block.Block{b})
		if err != nil {
			return out, err
		}
		out = append(out, given...)
	}
	return out, nil
}
