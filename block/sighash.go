package block

import (
	"encoding/binary"
)

// SigHashType says which parts of a transaction a signature signs. It is the last byte
// of a signature in an input script. For a signature of input i:
//
//	                     inputs             their sequences   outputs
//	ALL                  all                all               all
//	NONE                 all                that of i         none
//	SINGLE               all                that of i         output i
//	…|ANYONECANPAY       input i only       that of i         as above
//
// Input scripts are never signed: a signature cannot sign itself.
type SigHashType byte

const (
	SigAll          SigHashType = 0x01 // the usual type: nothing can be changed
	SigNone         SigHashType = 0x02 // the outputs can be replaced
	SigSingle       SigHashType = 0x03 // outputs at other indexes can be replaced
	SigAnyoneCanPay SigHashType = 0x80 // added to one of the above: inputs can be added and removed
)

// Defined reports whether t is one of the six types with a name (Core:
// IsDefinedHashtypeSignature). Policy accepts only these. Consensus accepts any byte:
// the low five bits decide, and all values but NONE and SINGLE act as ALL.
func (t SigHashType) Defined() bool {
	base := t &^ SigAnyoneCanPay
	return base >= SigAll && base <= SigSingle
}

// SigHash returns the digest that a signature of input i signs (Core: SignatureHash,
// SigVersion::BASE). spent is the script of the output that input i spends. The digest
// is the double SHA-256 of a copy of tx that is changed in this way, and then of t in
// four bytes:
//
//   - input i has spent as its script, all other inputs have an empty one;
//   - what t does not sign is left out, or is zero: see SigHashType.
//
// Bitcoin's oldest quirk is kept because signatures in its chain rely on it: SINGLE for
// an input without an output at its index signs the number 1, which is the same for
// every transaction.
func SigHash(tx *Tx, i int, spent []byte, t SigHashType) Hash {
	base := t & 0x1f
	if base == SigSingle && i >= len(tx.Outputs) {
		return Hash{0: 1}
	}
	le := binary.LittleEndian
	b := le.AppendUint32(make([]byte, 0, tx.Size()+len(spent)+8), uint32(tx.Version))

	inputs, own := tx.Inputs, i
	if t&SigAnyoneCanPay != 0 {
		inputs, own = tx.Inputs[i:i+1], 0
	}
	b = AppendCompactSize(b, uint64(len(inputs)))
	for j := range inputs {
		in := Input{Prev: inputs[j].Prev, Sequence: inputs[j].Sequence}
		switch {
		case j == own:
			in.Script = spent
		case base == SigNone || base == SigSingle:
			in.Sequence = 0
		}
		b = in.appendTo(b)
	}

	switch base {
	case SigNone:
		b = AppendCompactSize(b, 0)
	case SigSingle:
		b = AppendCompactSize(b, uint64(i)+1)
		for range i { // outputs before output i are blank, to keep its index
			blank := Output{Value: -1}
			b = blank.appendTo(b)
		}
		b = tx.Outputs[i].appendTo(b)
	default:
		b = appendOutputs(b, tx.Outputs)
	}
	b = le.AppendUint32(b, tx.LockTime)
	return Sum(le.AppendUint32(b, uint32(t)))
}
