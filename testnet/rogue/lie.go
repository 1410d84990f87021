package rogue

import (
	"context"
	"fmt"
	"slices"

	"toychain/block"
	"toychain/consensus"
	"toychain/peer"
	"toychain/pow"
)

// Lies lists the rules that InvalidBlock knows how to break.
var Lies = []consensus.Rule{
	consensus.HighHash, consensus.BadDiffBits, consensus.BadMerkleRoot, consensus.BadCoinbaseAmount, consensus.BadScript, consensus.BadMissingOrSpent,
}

// Penalized reports whether a node bans the sender of a block that breaks this rule: only for
// what the sender must have known, which is what every node checks before it relays a block.
// Coins it checks when it connects the block (engine.Class).
func Penalized(rule consensus.Rule) bool {
	return rule == consensus.HighHash || rule == consensus.BadDiffBits || rule == consensus.BadMerkleRoot
}

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
// Lies. For consensus.BadScript there must be a mature coin.
func (p *Peer) InvalidBlock(ctx context.Context, breaks consensus.Rule) (block.Hash, error) {
	b, err := p.invalid(ctx, breaks)
	if err != nil {
		return block.Hash{}, err
	}
	return b.Hash(), p.net.PublishBlock(ctx, b.Bytes())
}

func (p *Peer) invalid(ctx context.Context, breaks consensus.Rule) (*block.Block, error) {
	tip := p.Tip()
	b := p.draft(&tip)
	switch breaks {
	case consensus.HighHash:
		return b, missTarget(b)
	case consensus.BadDiffBits:
		if right := b.Header.Bits; right != p.cfg.Params.Limit {
			b.Header.Bits = p.cfg.Params.Limit // the network's easiest
		} else {
			b.Header.Bits = right&0xff000000 | right&0x00ffffff>>1
		}
	case consensus.BadMerkleRoot:
		b.Header.MerkleRoot = block.Hash{1}
		return b, solve(ctx, &b.Header)
	case consensus.BadCoinbaseAmount:
		b.Txs[0].Outputs[0].Value++
	case consensus.BadScript:
		theft, err := p.theft(&tip)
		if err != nil {
			return nil, err
		}
		b = p.draft(&tip, theft)
	case consensus.BadMissingOrSpent:
		b = p.draft(&tip, spend(block.Outpoint{TxID: b.Txs[0].ID()}, block.Coin))
	default:
		return nil, fmt.Errorf("no block that breaks %q: want one of %v", breaks, Lies)
	}
	return b, seal(ctx, b)
}

// Slander makes two blocks that, shown to different nodes, would have one ban the other if nodes
// blamed a relay for what it could not know: x, beside the tip, creates one unit too much, which
// only a node that connects it sees; y, on x, breaks no rule, and has nodes connect x. (Core does not
// punish for a block that fails to connect, either, if it came as a compact block: see
// MaybePunishNodeForBlock.)
func (p *Peer) Slander(ctx context.Context) (x, y *block.Block, err error) {
	p.mu.Lock()
	tip := p.tree.Tip()
	parent, _ := p.tree.Info(tip.Header.Prev)
	p.mu.Unlock()
	if tip.Height == 0 {
		return nil, nil, fmt.Errorf("genesis has no sibling: mine a block first")
	}
	x = p.draft(&parent.State)
	x.Txs[0].Outputs[0].Value++
	if err := seal(ctx, x); err != nil {
		return nil, nil, err
	}
	s, err := parent.State.ApplyHeader(&x.Header)
	if err != nil {
		return nil, nil, err
	}
	y = p.draft(&s)
	return x, y, seal(ctx, y)
}

// Show sends a block to all nodes, whether it is valid or not.
func (p *Peer) Show(ctx context.Context, b *block.Block) error {
	return p.net.PublishBlock(ctx, b.Bytes())
}

// missTarget sets a nonce with which the block misses its target.
func missTarget(b *block.Block) error {
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	target, err := pow.TargetFromBits(b.Header.Bits)
	for err == nil && target.Met(b.Hash()) {
		b.Header.Nonce++
	}
	return err
}

// theft spends another's coin without the key.
func (p *Peer) theft(tip *consensus.State) (*block.Tx, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for o, c := range p.disk.Set {
		mature := !c.Coinbase || tip.Height+1-c.Height >= p.cfg.Params.Maturity
		if mature && block.KindOf(c.Script) == block.KindPubKeyHash && c.Value > 0 {
			return spend(o, c.Value), nil
		}
	}
	return nil, fmt.Errorf("no coin at height %d that could be spent: mine %d blocks more", tip.Height, p.cfg.Params.Maturity)
}

// spend spends a coin, with bytes that look like a signature.
func spend(coin block.Outpoint, value block.Amount) *block.Tx {
	key := append([]byte{2}, slices.Repeat([]byte{0x11}, 32)...)
	number := append([]byte{2, 32}, slices.Repeat([]byte{0x22}, 32)...)
	sig := append([]byte{0x30, byte(2 * len(number))}, slices.Concat(number, number, []byte{byte(block.SigAll)})...)
	return &block.Tx{Version: 2,
		Inputs:  []block.Input{{Prev: coin, Script: block.PubKeyHashInput(sig, key), Sequence: block.SequenceFinal}},
		Outputs: []block.Output{{Value: value, Script: burn}}}
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
	for _, b := range before {
		var err error
		if s, err = s.ApplyHeader(&b.Header); err != nil {
			return nil, err
		}
	}
	blocks, err := p.branch(ctx, s, n, txs...)
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
