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

// Mine mines n blocks that keep every rule and gives them to everybody.
func (p *Peer) Mine(ctx context.Context, n int) ([]block.Hash, error) {
	blocks, err := p.branch(ctx, p.Tip(), n)
	if err != nil {
		return nil, err
	}
	return p.give(ctx, blocks)
}

// MineFull is Mine with blocks as large as the rules allow, full of data that is
// nobody's coin: for peers that are slow to read them.
func (p *Peer) MineFull(ctx context.Context, n int) ([]block.Hash, error) {
	data, err := block.DataScript(make([]byte, block.MaxData))
	if err != nil {
		return nil, err
	}
	var out []block.Hash
	for range n {
		tip := p.Tip()
		b := p.draft(&tip)
		stuff(b.Txs[0], consensus.MaxBlockSize-b.Size()-100, data)
		if err := seal(ctx, b); err != nil {
			return out, err
		}
		given, err := p.give(ctx, []*block.Block{b})
		if err != nil {
			return out, err
		}
		out = append(out, given...)
	}
	return out, nil
}

// give takes blocks into our own chain and gives them to everybody.
func (p *Peer) give(ctx context.Context, blocks []*block.Block) (out []block.Hash, err error) {
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

// InvalidBlock gives everybody a block on top of the tip that breaks one rule, of
// those in Lies, and keeps all the others. For chain.BadScript there must be a coin
// that can be spent, whoever's it is.
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
		b.Header.Bits = p.wrongBits(b.Header.Bits)
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
		return nil, fmt.Errorf("no lie about %q: those known are %v", breaks, Lies)
	}
	return b, seal(ctx, b)
}

// missTarget gives a block a nonce that does not do.
func missTarget(b *block.Block) error {
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	target, err := pow.TargetFromBits(b.Header.Bits)
	for err == nil && target.Met(b.Hash()) {
		b.Header.Nonce++
	}
	return err
}

// wrongBits returns a target that the history does not want: the network's easiest,
// or half of that.
func (p *Peer) wrongBits(right uint32) uint32 {
	if limit := p.cfg.Params.Limit; right != limit {
		return limit
	}
	return right&0xff000000 | right&0x00ffffff>>1
}

// theft spends somebody else's coin without the key.
func (p *Peer) theft(tip *consensus.State) (*block.Tx, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for o, c := range p.disk.coins {
		mature := !c.Coinbase || tip.Height+1-c.Height >= p.cfg.Params.Maturity
		if mature && block.KindOf(c.Script) == block.KindPubKeyHash && c.Value > 0 {
			return spend(o, c.Value), nil
		}
	}
	return nil, fmt.Errorf("no coin at height %d that could be spent: mine %d blocks more", tip.Height, p.cfg.Params.Maturity)
}

// spend moves a coin to nobody, with a signature that looks like one.
func spend(coin block.Outpoint, value block.Amount) *block.Tx {
	key := append([]byte{2}, slices.Repeat([]byte{0x11}, 32)...)
	number := append([]byte{2, 32}, slices.Repeat([]byte{0x22}, 32)...)
	sig := append([]byte{0x30, byte(2 * len(number))}, slices.Concat(number, number, []byte{byte(block.SigAll)})...)
	return &block.Tx{Version: 2,
		Inputs:  []block.Input{{Prev: coin, Script: block.PubKeyHashInput(sig, key), Sequence: block.SequenceFinal}},
		Outputs: []block.Output{{Value: value, Script: nobody}}}
}

// Withhold mines n blocks that keep every rule on top of the tip, or of what is
// withheld already, and shows them to nobody. The first holds these payments: with one
// that the others have not heard of and that spends again what they have, this is how
// a double spend is made.
func (p *Peer) Withhold(ctx context.Context, n int, txs ...*block.Tx) ([]block.Hash, error) {
	s := p.Tip()
	p.mu.Lock()
	before := slices.Clone(p.private)
	p.mu.Unlock()
	if len(before) > 0 {
		s = p.after(before[0].Header.Prev)
	}
	for _, b := range before {
		next, err := s.ApplyHeader(&b.Header)
		if err != nil {
			return nil, err
		}
		s = next
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

func (p *Peer) after(hash block.Hash) consensus.State {
	p.mu.Lock()
	defer p.mu.Unlock()
	info, _ := p.tree.Info(hash)
	return info.State
}

// Release gives everybody what was withheld, the lowest block first.
func (p *Peer) Release(ctx context.Context) ([]block.Hash, error) {
	p.mu.Lock()
	blocks := p.private
	p.private = nil
	p.mu.Unlock()
	return p.give(ctx, blocks)
}

// Boast tells every node of the most work in the world, and shows nothing for it:
// asked for headers it has none. Truth ends it.
func (p *Peer) Boast() { p.pretend(nil) }

// pretend claims the most work there can be and answers with these headers.
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

// Truth makes it say what it has.
func (p *Peer) Truth() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claim, p.shown = nil, nil
	p.net.Announce(p.status())
}
