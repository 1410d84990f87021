package chaingen

import (
	"crypto/sha256"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"toychain/block"
	"toychain/consensus"
)

// Key is a key pair for payments to a public key hash.
type Key struct{ Private *btcec.PrivateKey }

// NewKey returns the key of this name, always the same.
func NewKey(name string) Key {
	secret := sha256.Sum256([]byte(name))
	private, _ := btcec.PrivKeyFromBytes(secret[:])
	return Key{private}
}

// Miner receives every coinbase.
var Miner = NewKey("miner")

// Public returns the compressed public key.
func (k Key) Public() []byte { return k.Private.PubKey().SerializeCompressed() }

// Script returns the output script that pays to k.
func (k Key) Script() []byte { return block.PubKeyHashScript(block.Hash160(k.Public())) }

// Sign returns the input script with which k spends the coin of input i, whose output script
// is script.
func (k Key) Sign(tx *block.Tx, i int, script []byte, t block.SigHashType) []byte {
	return block.PubKeyHashInput(k.Signature(tx, i, script, t), k.Public())
}

// Signature returns strict DER with a low S, and the hash type.
func (k Key) Signature(tx *block.Tx, i int, script []byte, t block.SigHashType) []byte {
	digest := block.SigHash(tx, i, script, t)
	return append(ecdsa.Sign(k.Private, digest[:]).Serialize(), byte(t))
}

// SignAll signs every input of tx as the owner of all its coins.
func (k Key) SignAll(tx *block.Tx) *block.Tx {
	for i := range tx.Inputs {
		tx.Inputs[i].Script = k.Sign(tx, i, k.Script(), block.SigAll)
	}
	return tx
}

// Pay returns a signed payment of k's coins. The rest after the outputs is the fee.
func (k Key) Pay(coins []consensus.UTXO, to ...block.Output) *block.Tx {
	tx := &block.Tx{Version: 2, Outputs: to}
	for _, c := range coins {
		tx.Inputs = append(tx.Inputs, block.Input{Prev: c.Outpoint, Sequence: block.SequenceFinal})
	}
	return k.SignAll(tx)
}

// To returns an output that pays v to k.
func (k Key) To(v block.Amount) block.Output { return block.Output{Value: v, Script: k.Script()} }

// Output returns output i of a payment as a coin that no block holds yet.
func Output(tx *block.Tx, i int) consensus.UTXO {
	return consensus.UTXO{
		Outpoint: block.Outpoint{TxID: tx.ID(), Index: uint32(i)},
		Coin:     consensus.Coin{Output: tx.Outputs[i]},
	}
}

// Move returns a payment by Miner of one whole coin to k, without a fee.
func Move(coin consensus.UTXO, k Key) *block.Tx {
	return Miner.Pay([]consensus.UTXO{coin}, k.To(coin.Value))
}

// Pass returns a payment of output i of tx, which belongs to from, to another key.
func Pass(from Key, tx *block.Tx, i int, to Key) *block.Tx {
	return from.Pay([]consensus.UTXO{Output(tx, i)}, to.To(tx.Outputs[i].Value))
}
