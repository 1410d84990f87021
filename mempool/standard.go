package mempool

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"toychain/block"
	"toychain/consensus"
)

// standard checks what depends on a transaction's form alone (Core: IsStandardTx, in its order).
func (p *Policy) standard(tx *block.Tx) error {
	if tx.Version < MinVersion || tx.Version > MaxVersion {
		return fmt.Errorf("%w: %d, want %d to %d", RejectVersion, tx.Version, MinVersion, MaxVersion)
	}
	size := tx.Size()
	if size > MaxTxSize {
		return fmt.Errorf("%w: %d bytes, at most %d", RejectSize, size, MaxTxSize)
	}
	for i := range tx.Inputs {
		script := tx.Inputs[i].Script
		if len(script) > MaxInputScript {
			return fmt.Errorf("input %d: %w: %d bytes, at most %d", i, RejectInputSize, len(script), MaxInputScript)
		}
		if !isPushOnly(script) {
			return fmt.Errorf("input %d: %w", i, RejectInputNotPushes)
		}
	}
	if err := p.standardOutputs(tx); err != nil {
		return err
	}
	if size < MinTxSize {
		return fmt.Errorf("%w: %d bytes, at least %d", RejectSizeSmall, size, MinTxSize)
	}
	return nil
}

func (p *Policy) standardOutputs(tx *block.Tx) error {
	data := 0
	for i := range tx.Outputs {
		out := &tx.Outputs[i]
		switch block.KindOf(out.Script) {
		case block.KindData:
			data++
			if len(out.Script) > MaxDataScript {
				return fmt.Errorf("output %d: %w: data carrier of %d bytes, at most %d", i, RejectOutput, len(out.Script), MaxDataScript)
			}
		case block.KindPubKeyHash:
			if least := p.DustLimit(out.Script); out.Value < least {
				return fmt.Errorf("output %d: %w: %s, at least %s", i, RejectDust, out.Value, least)
			}
		default:
			return fmt.Errorf("output %d: %w: not a spendable template", i, RejectOutput)
		}
	}
	if data > 1 {
		return fmt.Errorf("%w: %d data carriers, at most one", RejectDataOutputs, data)
	}
	return nil
}

// isPushOnly reports whether a script only pushes data, small numbers included (Core:
// CScript::IsPushOnly).
func isPushOnly(script []byte) bool {
	const pushData1, pushData2, pushData4, op16 = 0x4c, 0x4d, 0x4e, 0x60
	for len(script) > 0 {
		op, n := script[0], uint64(0)
		script = script[1:]
		width := 0 // of the length that follows the opcode
		switch {
		case op < pushData1:
			n = uint64(op)
		case op <= pushData4:
			width = 1 << (op - pushData1)
		case op > op16:
			return false
		}
		if len(script) < width {
			return false
		}
		if width > 0 {
			var length [8]byte
			copy(length[:], script[:width])
			n, script = binary.LittleEndian.Uint64(length[:]), script[width:]
		}
		if n > uint64(len(script)) {
			return false
		}
		script = script[n:]
	}
	return true
}

// standardInputs rejects spending a coin of another template than pay to public key hash (Core:
// AreInputsStandard).
func standardInputs(spent []consensus.Coin) error {
	for i := range spent {
		if kind := block.KindOf(spent[i].Script); kind != block.KindPubKeyHash {
			return fmt.Errorf("input %d: %w: spends a %s output", i, RejectInputs, kind)
		}
	}
	return nil
}

// halfOrder is half the order of the curve's group. Of S and order minus S, both of which make
// a valid signature, one is at most this (BIP62).
var halfOrder = func() []byte {
	b, err := hex.DecodeString("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0")
	if err != nil {
		panic(err)
	}
	return b
}()

// canonical rejects input scripts that are not in the one encoding that a relaying node cannot
// change. An input script that cannot be parsed is left to the rules, which reject it.
func canonical(tx *block.Tx) error {
	for i := range tx.Inputs {
		sig, key, minimal, err := block.ParsePubKeyHashInput(tx.Inputs[i].Script)
		if err != nil || len(sig) == 0 {
			continue
		}
		var reject Reject
		switch {
		case !minimal:
			reject = RejectPush
		case highS(sig):
			reject = RejectHighS
		case !block.SigHashType(sig[len(sig)-1]).Defined():
			reject = RejectHashType
		case len(key) == 65 && (key[0] == 6 || key[0] == 7):
			reject = RejectKeyForm
		default:
			continue
		}
		return fmt.Errorf("input %d: %w", i, reject)
	}
	return nil
}

// highS reports whether the second number of a DER signature is over half the order. The layout
// is
//
//	30 len 02 len R 02 len S, and here the hash type
//
// and anything else is not a signature, which the rules report.
func highS(sig []byte) bool {
	if len(sig) < 4 || int(sig[3])+6 > len(sig) {
		return false
	}
	at := 4 + int(sig[3]) // of the second 02
	n := int(sig[at+1])
	if at+2+n > len(sig) {
		return false
	}
	s := bytes.TrimLeft(sig[at+2:at+2+n], "\x00")
	if len(s) != len(halfOrder) {
		return len(s) > len(halfOrder)
	}
	return bytes.Compare(s, halfOrder) > 0
}
