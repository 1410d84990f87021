package interop

import (
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"

	"toychain/block"
	"toychain/internal/chaingen"
	"toychain/internal/curve"
)

// consensus is txscript with what Bitcoin's consensus demands of a payment from a
// public key's hash, and no policy.
var mandatory = scripts{txscript.ScriptBip16 | txscript.ScriptVerifyDERSignatures}

// spoil returns a signature (without its hash type) in all ways that are one byte
// away, and many that have a byte more or less with and without the lengths set
// right.
func spoil(der []byte) (out [][]byte) {
	out = append(out, nil, der[:2], der[:8], append(slices.Clone(der), 0), append(slices.Clone(der), make([]byte, 10)...))
	lenS := 4 + int(der[3]) + 1
	fixed := func(b []byte, at, change int) []byte {
		b[1] += byte(change)
		if at < lenS {
			b[3] += byte(change)
		} else if lenS < len(b) {
			b[lenS] += byte(change)
		}
		return b
	}
	for i := range der {
		for _, v := range []byte{0, 1, 2, 0x21, 0x30, 0x7f, 0x80, 0x81, 0xff, der[i] + 1, der[i] - 1, der[i] ^ 0x80} {
			b := slices.Clone(der)
			b[i] = v
			out = append(out, b)
		}
		for _, v := range []byte{0, 0x80} {
			b := slices.Insert(slices.Clone(der), i, v)
			out = append(out, b)
			if i >= 4 {
				out = append(out, fixed(slices.Clone(b), i, 1))
			}
		}
		b := slices.Delete(slices.Clone(der), i, i+1)
		out = append(out, b)
		if i >= 4 {
			out = append(out, fixed(slices.Clone(b), i, -1))
		}
	}
	return out
}

// Strict DER: for each of some thousand spoilt signatures, for keys in all forms and
// for every way to push them, our rule and btcd's script engine agree.
func TestStrictDER(t *testing.T) {
	key := chaingen.NewKey("der")
	public := key.Private.PubKey()
	long := public.SerializeUncompressed()
	hybrid := slices.Clone(long)
	hybrid[0] = 6 | long[64]&1
	wrong := slices.Clone(hybrid)
	wrong[0] ^= 1
	off := slices.Clone(long)
	off[64] ^= 1
	good, bad := 0, 0
	for _, form := range [][]byte{public.SerializeCompressed(), long, hybrid, wrong, off, long[:33], {}, append(slices.Clone(long), 0)} {
		spent := block.Output{Value: 1000, Script: block.PubKeyHashScript(block.Hash160(form))}
		tx := &block.Tx{Version: 1, Inputs: []block.Input{{Prev: block.Outpoint{TxID: block.Hash{1}}, Sequence: block.SequenceFinal}},
			Outputs: []block.Output{{Value: 900, Script: spent.Script}}}
		digest := block.SigHash(tx, 0, spent.Script, block.SigAll)
		sig := ecdsa.Sign(key.Private, digest[:])
		for _, der := range [][]byte{sig.Serialize(), highS(sig)} {
			spoilt := [][]byte{der}
			if len(form) == 33 {
				spoilt = append(spoilt, spoil(der)...)
			}
			for _, d := range spoilt {
				for _, script := range pushes(append(slices.Clone(d), byte(block.SigAll)), form) {
					tx.Inputs[0].Script = script
					ours, theirs := curve.P2PKH().Check(tx, 0, spent), mandatory.Check(tx, 0, spent)
					if (ours == nil) != (theirs == nil) {
						t.Errorf("input script %x: we say %v, btcd %v", script, ours, theirs)
					}
					if ours == nil {
						good++
					} else {
						bad++
					}
				}
			}
		}
	}
	t.Logf("%d input scripts may spend, %d may not", good, bad)
	if good < 20 || bad < 1000 {
		t.Error("hardly anything was tried")
	}
}

// pushes returns the input script of a signature and a key: as it should be and, for
// a signature of ordinary length, in longer ways that consensus allows.
func pushes(sig, key []byte) [][]byte {
	plain := block.PubKeyHashInput(sig, key)
	out := [][]byte{plain}
	if n := byte(len(sig)); len(sig) > 70 && len(sig) < 74 && sig[0] == 0x30 && int(sig[1])+3 == len(sig) {
		rest := plain[1+len(sig):]
		out = append(out,
			slices.Concat([]byte{txscript.OP_PUSHDATA1, n}, sig, rest),
			slices.Concat([]byte{txscript.OP_PUSHDATA2, n, 0}, sig, rest),
			slices.Concat([]byte{txscript.OP_PUSHDATA4, n, 0, 0, 0}, sig, rest))
	}
	return out
}
