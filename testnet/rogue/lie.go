package rogue

import (
	"context"
	"fmt"
	"maps"

	"toychain/block"
	"toychain/consensus"
	"toychain/peer"
	"toychain/testnet/rogue/forge"
)

// announce adds blocks to its own chain and sends them to all nodes.
func (p *Peer) announce(ctx context.Context, blocks []*block.Block) (out []block.Hash, err error) {
	for _, b := range blocks {
		if err := p.take(b); err != nil {
			return out, fmt.Errorf("our own block was refused: %w", err)
		}
		if err := p.net.PublishBlock(ctx, b.Bytes()); err != nil {
			return out, err
		}
		out = append(out, b.Hash())
	}
	return out, nil
}

// InvalidBlock sends all nodes a block on top of the tip that breaks one rule, of those in
// forge.Lies. For consensus.BadScript there must be a mature coin.
func (p *Peer) InvalidBlock(ctx context.Context, breaks consensus.Rule) (block.Hash, error) {
	b, err := p.invalid(ctx, breaks)
	if err != nil {
		return block.Hash{}, err
	}
	return b.Hash(), p.net.PublishBlock(ctx, b.Bytes())
}

func (p *Peer) invalid(ctx context.Context, breaks consensus.Rule) (*block.Block, error) {
	p.mu.Lock()
	tip, coins := p.tree.Tip(), maps.Clone(p.disk.Set)
	p.mu.Unlock()
	return p.forge.Invalid(ctx, &tip, maps.All(coins), breaks)
}

// Slander makes two blocks to slander with: x, beside the tip, and y on it. See
// [forge.Maker.Slander].
func (p *Peer) Slander(ctx context.Context) (x, y *block.Block, err error) {
	p.mu.Lock()
	tip := p.tree.Tip()
	parent, known := p.tree.Info(tip.Header.Prev)
	p.mu.Unlock()
	if !known {
		return nil, nil, forge.ErrNoSibling
	}
	return p.forge.Slander(ctx, &parent.State)
}

// Show sends a block to all nodes, whether it is valid or not.
func (p *Peer) Show(ctx context.Context, b *block.Block) error {
	return p.net.PublishBlock(ctx, b.Bytes())
}

// Withhold mines n valid blocks on top of the tip, or of what is withheld already, and
// announces none of them. The first holds these transactions: with one that spends a coin of
// a confirmed payment again, this is how a double spend is made.
func (p *Peer) Withhold(ctx context.Context, n int, txs ...*block.Tx) ([]block.Hash, error) {
	p.mu.Lock()
	s, before := p.tree.Tip(), p.private
	if len(before) > 0 {
		fork, _ := p.tree.Info(before[0].Header.Prev)
		s = fork.State
	}
	p.mu.Unlock()
	blocks, err := p.forge.Upon(ctx, s, before, n, txs...)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.private = append(p.private, blocks...)
	var out []block.Hash
	for _, b := range blocks {
		out = append(out, b.Hash())
	}
	return out, nil
}

// Release announces what was withheld, the lowest block first.
func (p *Peer) Release(ctx context.Context) ([]block.Hash, error) {
	p.mu.Lock()
	blocks := p.private
	p.private = nil
	p.mu.Unlock()
	return p.announce(ctx, blocks)
}

// pretend claims the most work possible to every node and answers with these headers. Without
// any it has no proof.
func (p *Peer) pretend(headers []block.Header) {
	p.mu.Lock()
	defer p.mu.Unlock()
	tip := p.tree.Tip()
	s := peer.Status{Tip: block.Hash{0xff}, Height: tip.Height + 1_000_000, Agent: "/rogue:0/"}
	if len(headers) > 0 {
		s.Tip = headers[len(headers)-1].Hash()
	}
	for i := range s.Work {
		s.Work[i] = 0xff
	}
	p.claim, p.shown = &s, headers
	p.net.Announce(s)
}
