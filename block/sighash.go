package block

import (
	"encoding/binary"
)

// SigHashType says which parts of a transaction a signature signs. It is the
// last byte of a signature in an input script.
type SigHashType byte

const (
	SigAll          SigHashType = 0x01 // all outputs
	SigNone         SigHashType = 0x02 // no output: anybody may choose where the money goes
	SigSingle       SigHashType = 0x03 // the output at the input's own index
	SigAnyoneCanPay SigHashType = 0x80 // with one of the above: only this input, others may be added
)

// Defined reports whether t is one of the six types with a name. Consensus takes
// any byte (its low five bits choose, everything but NONE and SINGLE acts as
// ALL); policy only these.
func (t SigHashType) Defined() bool {
	base := t &^ SigAnyoneCanPay
	return base >= SigAll && base <= SigSingle
}

// SigHash returns the digest that a signature of input i signs: the transaction
// with every input script emptied except that of input i, which is replaced by
// the script of the output it spends, then trimmed as t says, then t itself in
// four bytes (Core: SignatureHash, SigVersion::BASE). i is an index of tx.Inputs.
//
// Bitcoin's oldest quirk is kept because real signatures rely on it: SINGLE for
// an input that has no output at its index signs the number 1.
func SigHash(tx *Tx, i int, spent []byte, t SigHashType) Hash {
	base := t & 0x1f
	if base == SigSingle && i >= len(tx.Outputs) {
		return Hash{0: 1}
	}
	le := binary.LittleEndian
	b := le.AppendUint32(make([]byte, 0, tx.Size()+len(spent)+8), uint32(tx.Version))

	inputs, at := tx.Inputs, i
	if t&SigAnyoneCanPay != 0 {
		inputs, at = tx.Inputs[i:i+1], 0
	}
	b = AppendCompactSize(b, uint64(len(inputs)))
	for j := range inputs {
		b = append(b, inputs[j].Prev.TxID[:]...)
		b = le.AppendUint32(b, inputs[j].Prev.Index)
		sequence := inputs[j].Sequence
		if j == at {
			b = appendBytes(b, spent)
		} else {
			b = append(b, 0)
			if base == SigNone || base == SigSingle {
				sequence = 0
			}
		}
		b = le.AppendUint32(b, sequence)
	}

	switch base {
	case SigNone:
		b = append(b, 0)
	case SigSingle:
		b = AppendCompactSize(b, uint64(i)+1)
		for range i { // outputs before ours are blanked: value -1, empty script
			b = append(b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0)
		}
		b = le.AppendUint64(b, uint64(tx.Outputs[i].Value))
		b = appendBytes(b, tx.Outputs[i].Script)
	default:
		b = AppendCompactSize(b, uint64(len(tx.Outputs)))
		for j := range tx.Outputs {
			b = le.AppendUint64(b, uint64(tx.Outputs[j].Value))
			b = appendBytes(b, tx.Outputs[j].Script)
		}
	}
	b = le.AppendUint32(b, tx.LockTime)
	return Sum(le.AppendUint32(b, uint32(t)))
}
