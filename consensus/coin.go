package consensus

import (
	"errors"

	"toychain/block"
)

// Coin is an unspent output, and what the rules ask about the block that created it
// (Core: Coin).
type Coin struct {
	block.Output
	Height   block.Height // of the block that created it
	Coinbase bool
	// MedianTime is that of the block before the one that created it: relative lock times
	// count from there (BIP68).
	MedianTime uint32
}

// Coins are the coins that a block or transaction needs, looked up before it is validated.
// An outpoint that is not in the map is not an unspent coin. The coins are shared: nothing
// changes them.
type Coins map[block.Outpoint]*Coin

// UTXO is a coin under the outpoint that names it.
type UTXO struct {
	block.Outpoint
	Coin
}

// Delta is what a block does to the coin set: first all of Created is added, then all of
// Spent is removed. A coin that is created and spent in the same block is in both, and
// gone after either direction:
//
//	coins before ──── + Created − Spent ────► coins after
//	coins before ◄─── − Created + Spent ───── coins after       Inverse
type Delta struct {
	Created []UTXO
	Spent   []UTXO // in the order of the inputs that spend them
}

// Inverse returns the change that undoes d.
func (d Delta) Inverse() Delta { return Delta{Created: d.Spent, Spent: d.Created} }

// Undo returns the coins of d.Spent without their outpoints. The block itself names the
// outpoints, so block and undo data together are enough to take the block back: see
// [DeltaOf] (Core: CBlockUndo).
func (d Delta) Undo() []Coin {
	coins := make([]Coin, len(d.Spent))
	for i, s := range d.Spent {
		coins[i] = s.Coin
	}
	return coins
}

var errUndo = errors.New("undo data does not fit its block")

// DeltaOf rebuilds the Delta of a block that was connected after s from its undo data: the
// coins that it spent, in the order of its inputs. It returns an error if the two do not
// belong together, which only a damaged store can cause.
func DeltaOf(s State, b Block, undo []Coin) (Delta, error) {
	d := Delta{Created: created(s, b)}
	for _, tx := range b.Txs[1:] {
		for i := range tx.Inputs {
			if len(undo) == 0 {
				return Delta{}, errUndo
			}
			d.Spent = append(d.Spent, UTXO{tx.Inputs[i].Prev, undo[0]})
			undo = undo[1:]
		}
	}
	if len(undo) > 0 {
		return Delta{}, errUndo
	}
	return d, nil
}

// created returns the coins that block b creates after s, in block order: every output
// except those that can never be spent.
func created(s State, b Block) []UTXO {
	n := 0
	for _, tx := range b.Txs {
		n += len(tx.Outputs)
	}
	out := make([]UTXO, 0, n)
	for i, tx := range b.Txs {
		out = appendCreated(out, tx, b.IDs[i], Coin{Height: s.Height + 1, Coinbase: i == 0, MedianTime: s.MedianTime()})
	}
	return out
}

// appendCreated appends the coins that tx creates; origin holds their height and times.
func appendCreated(out []UTXO, tx *block.Tx, id block.Hash, origin Coin) []UTXO {
	for i := range tx.Outputs {
		if block.Unspendable(tx.Outputs[i].Script) {
			continue
		}
		coin := origin
		coin.Output = tx.Outputs[i]
		out = append(out, UTXO{block.Outpoint{TxID: id, Index: uint32(i)}, coin})
	}
	return out
}
