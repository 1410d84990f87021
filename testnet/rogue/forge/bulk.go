package forge

import (
	"context"
	"io"

	"toychain/block"
	"toychain/consensus"
)

// bulk is about the size of the blocks to flood with, in bytes.
const bulk = 250_000

// dust is the smallest output that nodes relay.
const dust = 546

// Stuff adds up to size bytes to tx: empty outputs with this script. Without one they take the most
// memory for their bytes.
func Stuff(tx *block.Tx, size int, script []byte) {
	each := 8 + block.CompactSizeLen(uint64(len(script))) + len(script)
	for range size / each {
		tx.Outputs = append(tx.Outputs, block.Output{Script: script})
	}
}

// SideBlock returns a valid block on top of genesis, of 250 KB.
func (m *Maker) SideBlock(ctx context.Context) (*block.Block, error) {
	s := consensus.Genesis(m.Params)
	b := m.Draft(&s)
	Stuff(b.Txs[0], bulk, nil)
	return b, m.Seal(ctx, b)
}

// OrphanBlock returns a block with proof of work whose parent does not exist, of 250 KB.
func (m *Maker) OrphanBlock(ctx context.Context) (*block.Block, error) {
	s := consensus.Genesis(m.Params)
	b := m.Draft(&s)
	if _, err := io.ReadFull(m.Rand, b.Header.Prev[:]); err != nil {
		return nil, err
	}
	Stuff(b.Txs[0], bulk, nil)
	return b, m.Seal(ctx, b)
}

// OrphanTx returns a transaction of 90 KB that spends a coin that does not exist.
func (m *Maker) OrphanTx() (*block.Tx, error) {
	tx, err := m.strangeTx()
	if err != nil {
		return nil, err
	}
	for range 90_000 / (8 + 1 + len(burn)) {
		tx.Outputs = append(tx.Outputs, block.Output{Value: dust, Script: burn})
	}
	return tx, nil
}

// InvalidTx returns a transaction with a negative output.
func (m *Maker) InvalidTx() (*block.Tx, error) {
	tx, err := m.strangeTx()
	if err == nil {
		tx.Outputs[0].Value = -1
	}
	return tx, err
}

// strangeTx returns a transaction that spends a coin that does not exist.
func (m *Maker) strangeTx() (*block.Tx, error) {
	var coin block.Outpoint
	_, err := io.ReadFull(m.Rand, coin.TxID[:])
	return spend(coin, block.Coin), err
}
