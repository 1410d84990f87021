package forge

import (
	"context"
	"fmt"
	"io"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/pow"
)

// Maker makes blocks, headers and transactions. One goroutine uses it at a time.
type Maker struct {
	Params *consensus.Params
	Extra  uint64           // extra nonce of the next coinbase
	Now    func() time.Time // the time in its blocks
	Rand   io.Reader        // of what is to be different each time

	// Solve gives a header the work that it claims, without a change of anything but its nonce.
	Solve func(context.Context, *block.Header) error
}

// burn is a script that pays to an unknown key.
var burn = block.PubKeyHashScript([20]byte{0: 0xbe, 1: 0xef})

// blockVersion is the version that our blocks claim: BIP9's, without any signal.
const blockVersion = 0x20000000

// Draft returns a valid block on top of s, without its merkle root and nonce. No two drafts
// are the same: each coinbase has another extra nonce.
func (m *Maker) Draft(s *consensus.State, txs ...*block.Tx) *block.Block {
	m.Extra++
	height := s.Height + 1
	coinbase := &block.Tx{
		Version: 1,
		Inputs: []block.Input{{Prev: block.Outpoint{Index: block.NullIndex}, Sequence: block.SequenceFinal,
			Script: block.CoinbaseScript(height, m.Extra, "rogue")}},
		Outputs: []block.Output{{Value: m.Params.SubsidyAt(height), Script: burn}},
	}
	return &block.Block{
		Header: block.Header{Version: blockVersion, Prev: s.Hash, Bits: s.NextBits(),
			Time: uint32(max(m.Now().Unix(), int64(s.MedianTime())+1))},
		Txs: append([]*block.Tx{coinbase}, txs...),
	}
}

// Seal sets the merkle root and the nonce.
func (m *Maker) Seal(ctx context.Context, b *block.Block) error {
	b.Header.MerkleRoot, _ = block.MerkleRoot(b.TxIDs())
	return m.Solve(ctx, &b.Header)
}

// Search searches a nonce for the target of h: the Solve of a peer that does the work.
func Search(ctx context.Context, h *block.Header) error {
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

// Branch returns n blocks on top of s; the first holds these transactions.
func (m *Maker) Branch(ctx context.Context, s consensus.State, n int, txs ...*block.Tx) ([]*block.Block, error) {
	out := make([]*block.Block, 0, n)
	for range n {
		b := m.Draft(&s, txs...)
		txs = nil
		if err := m.Seal(ctx, b); err != nil {
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

// Upon returns n blocks on top of others, which are on s, for a miner that withholds them: see Branch.
func (m *Maker) Upon(ctx context.Context, s consensus.State, before []*block.Block, n int, txs ...*block.Tx) ([]*block.Block, error) {
	for _, b := range before {
		var err error
		if s, err = s.ApplyHeader(&b.Header); err != nil {
			return nil, err
		}
	}
	return m.Branch(ctx, s, n, txs...)
}

// Headers returns n headers on top of genesis with the least work that the rules allow:
// their times are two spacings apart, as long as possible, so that the target stays the
// easiest.
func (m *Maker) Headers(ctx context.Context, n int) ([]block.Header, error) {
	s := consensus.Genesis(m.Params)
	step, now := 2*uint32(m.Params.Spacing/time.Second), uint32(m.Now().Unix())
	out := make([]block.Header, 0, n)
	for i := range n {
		h := block.Header{Version: blockVersion, Prev: s.Hash, Bits: s.NextBits(), MerkleRoot: block.Hash{0: byte(i), 1: 0xbe},
			Time: max(min(s.Header.Time+step, now), s.MedianTime()+1)}
		if err := m.Solve(ctx, &h); err != nil {
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
