package mempool_test

import (
	"bytes"
	"encoding/hex"

	"github.com/btcsuite/btcd/btcec/v2"

	"toychain/block"
	"toychain/consensus"
)

// The makers of payments. All spend the reward of block 2.

func good(w *world) *block.Tx {
	return miner.Pay([]consensus.UTXO{w.reward(2)}, bob.To(49*coin))
}

func changed(f func(*block.Tx)) func(*world) *block.Tx {
	return func(w *world) *block.Tx {
		tx := good(w)
		f(tx)
		return miner.SignAll(tx)
	}
}

func inputScript(script []byte) func(*world) *block.Tx {
	return func(w *world) *block.Tx {
		tx := good(w)
		tx.Inputs[0].Script = script
		return tx
	}
}

func outputScript(script []byte) func(*world) *block.Tx {
	return changed(func(tx *block.Tx) { tx.Outputs = append(tx.Outputs, block.Output{Script: script}) })
}

func locked(until func(*world) uint32) func(*world) *block.Tx {
	return func(w *world) *block.Tx {
		tx := good(w)
		tx.LockTime, tx.Inputs[0].Sequence = until(w), 0xfffffffe
		return miner.SignAll(tx)
	}
}

func sequence(seq uint32) func(*world) *block.Tx {
	return changed(func(tx *block.Tx) { tx.Inputs[0].Sequence = seq })
}

// pushes returns a script of n bytes that only pushes data.
func pushes(n int) []byte {
	script := []byte{0x4d, byte(n - 3), byte((n - 3) >> 8)}
	return append(script, make([]byte, n-3)...)
}

// sized returns an unsigned payment of so many bytes: a note and then payments.
func sized(w *world, size int) *block.Tx {
	tx := &block.Tx{Version: 2, Inputs: []block.Input{{Prev: w.reward(2).Outpoint, Sequence: block.SequenceFinal}}}
	tx.Outputs = []block.Output{{Script: []byte{0x6a, 0}}}
	for tx.Size()+34+2 <= size-1 {
		tx.Outputs = append(tx.Outputs, bob.To(coin/100))
	}
	tx.Outputs[0].Script, _ = block.DataScript(make([]byte, size-tx.Size()))
	if tx.Size() != size {
		w.Fatalf("made %d bytes, wanted %d", tx.Size(), size)
	}
	return tx
}

// highS returns good with the other S: order minus S.
func highS(w *world) *block.Tx {
	tx := good(w)
	sig, key, _, err := block.ParsePubKeyHashInput(tx.Inputs[0].Script)
	if err != nil {
		w.Fatal(err)
	}
	at := 4 + int(sig[3])
	var s btcec.ModNScalar
	s.SetByteSlice(sig[at+2 : len(sig)-1])
	other := s.Negate().Bytes()
	der := append(bytes.Clone(sig[:at]), 2, 33, 0) // the first bit is set, so a zero goes before
	der = append(der, other[:]...)
	der[1] = byte(len(der) - 2)
	tx.Inputs[0].Script = block.PubKeyHashInput(append(der, 1), key)
	return tx
}

func signedAs(w *world, t block.SigHashType) *block.Tx {
	tx := good(w)
	tx.Inputs[0].Script = miner.Sign(tx, 0, miner.Script(), t)
	return tx
}

func hashType(w *world) *block.Tx { return signedAs(w, 4) }

func longPush(w *world) *block.Tx {
	tx := good(w)
	tx.Inputs[0].Script = append([]byte{0x4c}, tx.Inputs[0].Script...)
	return tx
}

func hybrid(w *world) *block.Tx {
	key := miner.Private.PubKey().SerializeUncompressed()
	key[0] = 6 | key[64]&1
	return withKey(w, key)
}

// withKey returns a payment of a coin that the miner's key in this form may spend.
func withKey(w *world, key []byte) *block.Tx {
	script := block.PubKeyHashScript(block.Hash160(key))
	coins := miner.Pay([]consensus.UTXO{w.reward(2)}, block.Output{Value: 50 * coin, Script: script})
	w.connect(w.tip.Mine("key "+hex.EncodeToString(key[:1]), coins))
	tx := miner.Pay([]consensus.UTXO{out(coins, 0)}, bob.To(49*coin))
	tx.Inputs[0].Script = block.PubKeyHashInput(miner.Signature(tx, 0, script, block.SigAll), key)
	return tx
}
