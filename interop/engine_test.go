package interop

import (
	"bytes"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"toychain/block"
	"toychain/consensus"
)

// scripts is btcd's script engine in toychain's spending seam, with the flags
// that hold on regtest.
type scripts struct{ flags txscript.ScriptFlags }

var allScripts = scripts{txscript.ScriptBip16 | txscript.ScriptVerifyDERSignatures |
	txscript.ScriptVerifyCheckLockTimeVerify | txscript.ScriptVerifyCheckSequenceVerify}

func (s scripts) Check(tx *block.Tx, i int, output block.Output) error {
	fetch := txscript.NewCannedPrevOutputFetcher(output.Script, int64(output.Value))
	vm, err := txscript.NewEngine(output.Script, wireTx(tx), i, s.flags, nil, nil, int64(output.Value), fetch)
	if err != nil {
		return err
	}
	return vm.Execute()
}

func (s scripts) SigOps(tx *block.Tx, spent []block.Output) int {
	n := consensus.SigOps(tx)
	for i := range spent {
		if txscript.IsPayToScriptHash(spent[i].Script) {
			n += txscript.GetPreciseSigOpCount(tx.Inputs[i].Script, spent[i].Script, true)
		}
	}
	return n
}

// wireTx reads our bytes with btcd's decoder: the bytes are the interface.
func wireTx(tx *block.Tx) *wire.MsgTx {
	var m wire.MsgTx
	if err := m.DeserializeNoWitness(bytes.NewReader(tx.Bytes())); err != nil {
		panic(err)
	}
	return &m
}

func wireBlock(t testing.TB, b *block.Block) *btcutil.Block {
	t.Helper()
	out, err := btcutil.NewBlockFromBytes(b.Bytes())
	if err != nil {
		t.Fatalf("btcd does not read our block: %v", err)
	}
	return out
}

// ourBlock reads btcd's bytes with our decoder.
func ourBlock(m *wire.MsgBlock) (*block.Block, error) {
	var raw bytes.Buffer
	if err := m.BtcEncode(&raw, 0, wire.BaseEncoding); err != nil {
		return nil, err
	}
	return block.Parse(raw.Bytes())
}

func toHash(h chainhash.Hash) block.Hash { return block.Hash(h) }
