package rogue

import (
	"context"
	"fmt"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/pow"
)

// burn is a script that pays to an unknown key.
var burn = block.PubKeyHashScript([20]byte{0: 0xbe, 1: 0xef})

// blockVersion is the version that our blocks claim: BIP9's, without any signal.
const blockVersion = 0x20000000

// draft returns a valid block on top of s, without its merkle root and nonce. No two drafts
// are the same: each coinbase has another extra nonce.
func (p *Peer) draft(s *consensus.State, txs ...*block.Tx) *block.Block {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.extra++
	height := s.Height + 1
	coinbase := &block.Tx{
		Version: 1,
		Inputs: []block.Input{{Prev: block.Outpoint{Index: block.NullIndex}, Sequence: block.SequenceFinal,
			Script: block.CoinbaseScript(height, p.extra, "rogue")}},
		Outputs: []block.Output{{Value: p.cfg.Params.SubsidyAt(height), Script: burn}},
	}
	return &block.Block{
		Header: block.Header{Version: blockVersion, Prev: s.Hash, Bits: s.NextBits(),
			Time: uint32(max(time.Now().Unix(), int64(s.MedianTime())+1))},
		Txs: append([]*block.Tx{coinbase}, txs...),
	}
}

// stuff adds up to size bytes to tx: empty outputs with this script.
func stuff(tx *block.Tx, size int, script []byte) {
	each := 8 + block.CompactSizeLen(uint64(len(script))) + len(script)
	for range size / each {
		tx.Outputs = append(tx.Outputs, block.Output{Script: script})
	}
}

// seal sets the merkle root and searches the nonce.
func seal(ctx context.Context, b *block.Block) error {
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	return solve(ctx, &b.Header)
}

// solve searches a nonce for the target of h.
func solve(ctx context.Context, h *block.Header) error {
	const piece = 1 << 20
	target, err := pow.TargetFromBits(h.Bits)
	if err != nil {
		return fmt.Errorf("bits %08x: %w", h.Bits, err)
	}
	for from := uint64(0); from < 1<<32; from += piece {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, found := pow.Search(h, target, uint32(from), piece); found {
			return nil
		}
	}
	return fmt.Errorf("no nonce meets %08x: the network is too hard for this peer", h.Bits)
}

// branch returns n blocks on top of s; the first holds these transactions.
func (p *Peer) branch(ctx context.Context, s consensus.State, n int, txs ...*block.Tx) ([]*block.Block, error) {
	out := make([]*block.Block, 0, n)
	for range n {
		b := p.draft(&s, txs...)
		txs = nil
		if err := seal(ctx, b); err != nil {
			return nil, err
		}
		var err error
		if s, err = s.ApplyHeader(&b.Header); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// cheapHeaders returns n headers on top of genesis with the least work that the rules allow:
// their times are two spacings apart, as long as possible, so that the target stays the
// easiest.
func (p *Peer) cheapHeaders(ctx context.Context, n int) ([]block.Header, error) {
	s := consensus.Genesis(p.cfg.Params)
	step, now := 2*uint32(p.cfg.Params.Spacing/time.Second), uint32(time.Now().Unix())
	out := make([]block.Header, 0, n)
	for i := range n {
		h := block.Header{Version: blockVersion, Prev: s.Hash, Bits: s.NextBits(), MerkleRoot: block.Hash{0: byte(i), 1: 0xbe},
			Time: max(min(s.Header.Time+step, now), s.MedianTime()+1)}
		if err := solve(ctx, &h); err != nil {
			return nil, err
		}
		var err error
		if s, err = s.ApplyHeader(&h); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}
