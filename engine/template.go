package engine

import (
	"fmt"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/mempool"
)

// What is left free in a template for the header, the coinbase and its signature
// operations (Core: DEFAULT_BLOCK_RESERVED_WEIGHT, a quarter of it here, and the
// 400 units of the sigops cost).
const (
	reservedBytes  = 1000
	reservedSigOps = 100
)

// blockVersion is the version our blocks claim: BIP9's, without any signal.
const blockVersion = 0x20000000

// Template is a valid block except for its nonce.
type Template struct {
	Block   *block.Block
	Entries []*mempool.Entry // the transactions in it, in order
	Fees    block.Amount
	Height  block.Height
}

// Template returns a block on the tip with the transactions that pay the highest fees (Core:
// BlockAssembler), as many as the policy's BlockSize has room for. Its coinbase pays script and carries message; extra makes it differ from
// every other coinbase. The block has been validated: all it lacks is proof of work. While the
// earliest time that it may have is too far ahead of now, the error is consensus.TimeTooNew.
func (e *Engine) Template(script []byte, extra uint64, message string, now time.Time) (*Template, error) {
	tip := e.tree.Tip()
	entries := e.pool.Template(e.tree, e.pool.Policy().BlockSize-reservedBytes, consensus.MaxSigOps-reservedSigOps)
	txs := make([]*block.Tx, len(entries))
	for i, entry := range entries {
		txs[i] = entry.Tx
	}
	t, err := e.TemplateOf(txs, script, extra, message, now)
	if err != nil {
		return nil, fmt.Errorf("template on %s: %w", tip.Hash, err)
	}
	t.Entries = entries
	e.assembled = &Assembled{Bytes: t.Block.Size(), Payments: len(entries)}
	return t, nil
}

// Assembled is the size of the last block that Template made.
type Assembled struct {
	Bytes    int
	Payments int // without the coinbase
}

// Assembled returns what Template made last; nil if it was never called.
func (e *Engine) Assembled() *Assembled { return e.assembled }

// TemplateOf is [Engine.Template] with transactions of the caller's choice. They may break a
// rule; then the error says which.
func (e *Engine) TemplateOf(txs []*block.Tx, script []byte, extra uint64, message string, now time.Time) (*Template, error) {
	tip := e.tree.Tip()
	height := tip.Height + 1
	t := &Template{Height: height, Block: &block.Block{
		Header: block.Header{Version: blockVersion, Prev: tip.Hash, Time: nextTime(&tip, now), Bits: tip.NextBits()},
		Txs:    append([]*block.Tx{nil}, txs...),
	}}
	if err := consensus.CheckTime(tip.Params, &t.Block.Header, now.Unix()); err != nil {
		return nil, err // our clock was set back, or is slow: see nextTime
	}
	fees, err := e.fees(txs)
	if err != nil {
		return nil, err
	}
	t.Fees = fees
	t.Block.Txs[0] = &block.Tx{
		Version: 1,
		Inputs:  []block.Input{{Prev: block.Outpoint{Index: block.NullIndex}, Sequence: block.SequenceFinal}},
		Outputs: []block.Output{{Value: tip.Params.SubsidyAt(height) + fees, Script: script}},
	}
	t.Vary(extra, message)
	hashed := consensus.NewBlock(t.Block)
	coins, err := e.tree.Coins(consensus.Needs(tip, hashed))
	if err != nil {
		return nil, err
	}
	if _, _, err := consensus.ApplyUnmined(tip, hashed, coins, e.tree.Verifier()); err != nil {
		return nil, err
	}
	return t, nil
}

// fees returns what the transactions leave to the miner: the value of the coins that they
// spend, confirmed or created by one of them, minus that of their outputs.
func (e *Engine) fees(txs []*block.Tx) (block.Amount, error) {
	var ask []block.Outpoint
	made := make(map[block.Hash]*block.Tx, len(txs))
	var fees block.Amount
	for _, tx := range txs {
		made[tx.ID()] = tx
		for i := range tx.Inputs {
			ask = append(ask, tx.Inputs[i].Prev)
		}
		for i := range tx.Outputs {
			fees -= tx.Outputs[i].Value
		}
	}
	coins, err := e.tree.Coins(ask)
	if err != nil {
		return 0, err
	}
	for _, o := range ask {
		if coin, ok := coins[o]; ok {
			fees += coin.Value
		} else if tx := made[o.TxID]; tx != nil && uint64(o.Index) < uint64(len(tx.Outputs)) {
			fees += tx.Outputs[o.Index].Value
		}
	}
	return max(fees, 0), nil // a negative sum breaks a rule, which validation names
}

// Vary gives the coinbase another extra nonce, and so the header another merkle root: room
// for another 2^32 nonces. The header's nonce has only 32 bits, which one core uses up in
// minutes; the coinbase, whose script may hold any bytes after the height, has room for more.
func (t *Template) Vary(extra uint64, message string) {
	coinbase := t.Block.Txs[0].Clone()
	coinbase.Inputs[0].Script = block.CoinbaseScript(t.Height, extra, message)
	t.Block.Txs = append([]*block.Tx{coinbase}, t.Block.Txs[1:]...)
	t.Block.Header.MerkleRoot, _ = block.MerkleRoot(t.Block.TxIDs())
}

// maxWarp is how many seconds the first block of a retarget window may be behind its parent
// on networks with BIP94. Our miner keeps to it on all, so that nodes which enforce the rule
// accept its blocks.
const maxWarp = 600

// nextTime returns the time for a block after s: now, or the earliest that the rules allow
// if that is later.
func nextTime(s *consensus.State, now time.Time) uint32 {
	t := max(now.Unix(), int64(s.MedianTime())+1)
	if w := s.Params.Window; w > 0 && (int(s.Height)+1)%w == 0 {
		t = max(t, int64(s.Header.Time)-maxWarp)
	}
	return uint32(t)
}
