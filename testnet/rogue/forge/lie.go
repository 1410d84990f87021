package forge

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"toychain/block"
	"toychain/consensus"
	"toychain/pow"
)

// Lies lists the rules that Invalid knows how to break.
var Lies = []consensus.Rule{
	consensus.HighHash, consensus.BadDiffBits, consensus.BadMerkleRoot, consensus.BadCoinbaseAmount, consensus.BadScript, consensus.BadMissingOrSpent,
}

// Penalized reports whether a node bans the sender of a block that breaks this rule: only for
// what the sender must have known, which is what every node checks before it relays a block.
// Coins it checks when it connects the block (engine.Class).
func Penalized(rule consensus.Rule) bool {
	return rule == consensus.HighHash || rule == consensus.BadDiffBits || rule == consensus.BadMerkleRoot
}

// Invalid returns a block on top of tip that breaks one rule, of those in Lies. For
// consensus.BadScript there must be a mature coin among those of the chain.
func (m *Maker) Invalid(ctx context.Context, tip *consensus.State, coins iter.Seq2[block.Outpoint, *consensus.Coin], breaks consensus.Rule) (*block.Block, error) {
	b := m.Draft(tip)
	switch breaks {
	case consensus.HighHash:
		return b, missTarget(b)
	case consensus.BadDiffBits:
		if right := b.Header.Bits; right != m.Params.Limit {
			b.Header.Bits = m.Params.Limit // the network's easiest
		} else {
			b.Header.Bits = right&0xff000000 | right&0x00ffffff>>1
		}
	case consensus.BadMerkleRoot:
		b.Header.MerkleRoot = block.Hash{1}
		return b, m.Solve(ctx, &b.Header)
	case consensus.BadCoinbaseAmount:
		b.Txs[0].Outputs[0].Value++
	case consensus.BadScript:
		theft, err := m.theft(tip, coins)
		if err != nil {
			return nil, err
		}
		b = m.Draft(tip, theft)
	case consensus.BadMissingOrSpent:
		b = m.Draft(tip, spend(block.Outpoint{TxID: b.Txs[0].ID()}, block.Coin))
	default:
		return nil, fmt.Errorf("no block that breaks %q: want one of %v", breaks, Lies)
	}
	return b, m.Seal(ctx, b)
}

// ErrNoSibling: only a block has a sibling that is not genesis.
var ErrNoSibling = errors.New("genesis has no sibling: mine a block first")

// Slander makes two blocks that, shown to different nodes, would have one ban the other if nodes
// blamed a relay for what it could not know: x, on the tip's parent and so beside the tip, creates one
// unit too much, which only a node that connects it sees; y, on x, breaks no rule, and has nodes connect
// x. (Core does not punish for a block that fails to connect, either, if it came as a compact block: see
// MaybePunishNodeForBlock.)
func (m *Maker) Slander(ctx context.Context, parent *consensus.State) (x, y *block.Block, err error) {
	x = m.Draft(parent)
	x.Txs[0].Outputs[0].Value++
	if err := m.Seal(ctx, x); err != nil {
		return nil, nil, err
	}
	s, err := parent.ApplyHeader(&x.Header)
	if err != nil {
		return nil, nil, err
	}
	y = m.Draft(&s)
	return x, y, m.Seal(ctx, y)
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

// theft spends another's coin without the key: of those that could be spent, the one with the lowest
// outpoint.
func (m *Maker) theft(tip *consensus.State, coins iter.Seq2[block.Outpoint, *consensus.Coin]) (*block.Tx, error) {
	var at block.Outpoint
	var value block.Amount
	for o, c := range coins {
		mature := !c.Coinbase || tip.Height+1-c.Height >= m.Params.Maturity
		fits := mature && block.KindOf(c.Script) == block.KindPubKeyHash && c.Value > 0
		if fits && (value == 0 || before(o, at)) {
			at, value = o, c.Value
		}
	}
	if value == 0 {
		return nil, fmt.Errorf("no coin at height %d that could be spent: mine %d blocks more", tip.Height, m.Params.Maturity)
	}
	return spend(at, value), nil
}

// before orders outpoints.
func before(a, b block.Outpoint) bool {
	return cmp.Or(bytes.Compare(a.TxID[:], b.TxID[:]), cmp.Compare(a.Index, b.Index)) < 0
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
