package interop

import (
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"

	"toychain/block"
)

// Our signature digest is txscript's, for random transactions, every input and
// every hash type there can be, nameless ones too.
func TestSigHash(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	script := func() []byte {
		s := make([]byte, dice.IntN(40))
		for i := range s {
			s[i] = byte(dice.Uint32())
		}
		return s
	}
	for range 300 {
		tx := &block.Tx{Version: int32(dice.Uint32()), LockTime: dice.Uint32()}
		for range 1 + dice.IntN(4) {
			in := block.Input{Prev: block.Outpoint{Index: dice.Uint32N(5)}, Script: script(), Sequence: dice.Uint32()}
			in.Prev.TxID[dice.IntN(32)] = byte(1 + dice.IntN(255))
			tx.Inputs = append(tx.Inputs, in)
		}
		for range 1 + dice.IntN(4) {
			tx.Outputs = append(tx.Outputs, block.Output{Value: block.Amount(dice.Int64N(int64(block.MaxMoney))), Script: script()})
		}
		var hash [20]byte
		spent := block.PubKeyHashScript(hash)
		for i := range tx.Inputs {
			for _, kind := range []block.SigHashType{0, 1, 2, 3, 4, 0x1f, 0x42, 0x63, 0x80, 0x81, 0x82, 0x83, 0xff, block.SigHashType(dice.Uint32())} {
				want, err := txscript.CalcSignatureHash(spent, txscript.SigHashType(kind), wireTx(tx), i)
				if err != nil {
					t.Fatal(err)
				}
				if got := block.SigHash(tx, i, spent, kind); string(got[:]) != string(want) {
					t.Fatalf("tx %x: input %d: type %02x: we digest %x, txscript %x", tx.Bytes(), i, byte(kind), got[:], want)
				}
			}
		}
	}
}
