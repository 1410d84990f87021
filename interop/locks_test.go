package interop

import (
	"math/rand/v2"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// lock is a way to say that a payment must wait.
type lock int

const (
	noLock     lock = iota
	lockHeight      // until a height: lock time
	lockTime        // until a median time: lock time, BIP113
	lockBlocks      // so many blocks after the coin: sequence, BIP68
	lockAge         // so many times 512 seconds after the coin: sequence, BIP68
	locks
)

// apply locks a payment of one coin as far as a block after parent still takes it,
// and then by early blocks, seconds or units more.
func (l lock) apply(tx *block.Tx, coin consensus.UTXO, parent *chaingen.Block, early uint32) {
	tx.Version = 2
	switch now := parent.State.MedianTime(); l {
	case lockHeight:
		tx.LockTime, tx.Inputs[0].Sequence = uint32(parent.Height())+early, block.SequenceFinal-1
	case lockTime:
		tx.LockTime, tx.Inputs[0].Sequence = now-1+early, block.SequenceFinal-1
	case lockBlocks:
		tx.Inputs[0].Sequence = uint32(parent.Height()+1-coin.Height) + early
	case lockAge:
		tx.Inputs[0].Sequence = 1<<22 | ((now-coin.MedianTime)/512 + early)
	}
}

// tooEarly makes a block's only payment one that is well signed and comes one block,
// second or unit too early.
func (l lock) tooEarly(dice *rand.Rand, parent *chaingen.Block, b *block.Block) bool {
	coins := spendable(parent)
	if len(coins) == 0 {
		return false
	}
	coin := coins[dice.IntN(len(coins))]
	tx := &block.Tx{Inputs: []block.Input{{Prev: coin.Outpoint, Sequence: block.SequenceFinal}},
		Outputs: []block.Output{{Value: coin.Value, Script: form(dice).script()}}}
	l.apply(tx, coin, parent, 1)
	signAny(dice, tx, []consensus.UTXO{coin})
	coinbase := b.Txs[0].Clone()
	coinbase.Outputs[0].Value = parent.State.Params.SubsidyAt(parent.Height() + 1)
	b.Txs = []*block.Tx{coinbase, tx}
	return true
}
