package mempool

import (
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"

	"toychain/block"
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
	const pushData4, op16 = 0x4e, 0x60
	for len(script) > 0 {
		op := script[0]
		_, rest, _, ok := block.CutPush(script)
		switch {
		case ok:
			script = rest
		case op <= pushData4 || op > op16:
			return false
		default:
			script = script[1:]
		}
	}
	return true
}

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

// highS reports whether the second number of a DER signature, which ends with the hash type, is
// over half the order of the curve's group: of S and order minus S, both of which make a valid
// signature, one is not (BIP62). What is no signature is left to the rules.
func highS(sig []byte) bool {
	parsed, err := ecdsa.ParseDERSignature(sig[:len(sig)-1])
	if err != nil {
		return false
	}
	s := parsed.S()
	return s.IsOverHalfOrder()
}
