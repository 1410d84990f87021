package block

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Outpoint names one output of one transaction.
type Outpoint struct {
	TxID  Hash
	Index uint32
}

// NullIndex is the index in a coinbase's input, which spends nothing.
const NullIndex = 0xffffffff

// IsNull reports whether o is what a coinbase's input names: no transaction,
// index ffffffff (Core: COutPoint::IsNull).
func (o Outpoint) IsNull() bool { return o.TxID.IsZero() && o.Index == NullIndex }

// String returns "txid:index".
func (o Outpoint) String() string { return fmt.Sprintf("%s:%d", o.TxID, o.Index) }

// Input spends one output.
type Input struct {
	Prev     Outpoint
	Script   []byte // proof of the right to spend: signature and key
	Sequence uint32 // final if ffffffff; otherwise see BIP68 and BIP125
}

// SequenceFinal is the sequence that switches lock times off.
const SequenceFinal = 0xffffffff

// Output holds money under a condition.
type Output struct {
	Value  Amount
	Script []byte // the condition: one of the templates of script.go, or anything
}

// Tx moves money from outputs of earlier transactions to new ones. What the
// inputs have over the outputs is the miner's fee.
type Tx struct {
	Version  int32
	Inputs   []Input
	Outputs  []Output
	LockTime uint32 // a height below 500,000,000, else seconds since 1970
}

// The fewest bytes one of each takes, by which a claimed count is bounded.
const (
	minInput  = 32 + 4 + 1 + 4
	minOutput = 8 + 1
	minTx     = 4 + 1 + 1 + 4
)

// ID returns the transaction's identity: the double SHA-256 of its bytes. It is
// computed at each call; keep it when you need it twice.
func (t *Tx) ID() Hash { return Sum(t.Bytes()) }

// IsCoinbase reports whether t has the one null input that makes new money.
func (t *Tx) IsCoinbase() bool { return len(t.Inputs) == 1 && t.Inputs[0].Prev.IsNull() }

// Size returns len(Bytes()) without making them.
func (t *Tx) Size() int {
	n := 8 + CompactSizeLen(uint64(len(t.Inputs))) + CompactSizeLen(uint64(len(t.Outputs)))
	for i := range t.Inputs {
		s := len(t.Inputs[i].Script)
		n += 40 + CompactSizeLen(uint64(s)) + s
	}
	for i := range t.Outputs {
		s := len(t.Outputs[i].Script)
		n += 8 + CompactSizeLen(uint64(s)) + s
	}
	return n
}

// Bytes returns the legacy serialization.
func (t *Tx) Bytes() []byte { return t.Append(make([]byte, 0, t.Size())) }

// Append appends the legacy serialization to b.
func (t *Tx) Append(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, uint32(t.Version))
	b = AppendCompactSize(b, uint64(len(t.Inputs)))
	for i := range t.Inputs {
		in := &t.Inputs[i]
		b = append(b, in.Prev.TxID[:]...)
		b = le.AppendUint32(b, in.Prev.Index)
		b = appendBytes(b, in.Script)
		b = le.AppendUint32(b, in.Sequence)
	}
	b = AppendCompactSize(b, uint64(len(t.Outputs)))
	for i := range t.Outputs {
		b = le.AppendUint64(b, uint64(t.Outputs[i].Value))
		b = appendBytes(b, t.Outputs[i].Script)
	}
	return le.AppendUint32(b, t.LockTime)
}

// Clone returns a copy that shares no memory with t.
func (t *Tx) Clone() *Tx {
	c := &Tx{Version: t.Version, LockTime: t.LockTime,
		Inputs: slices.Clone(t.Inputs), Outputs: slices.Clone(t.Outputs)}
	for i := range c.Inputs {
		c.Inputs[i].Script = slices.Clone(c.Inputs[i].Script)
	}
	for i := range c.Outputs {
		c.Outputs[i].Script = slices.Clone(c.Outputs[i].Script)
	}
	return c
}

// ParseTx reads one transaction and nothing after it.
func ParseTx(b []byte) (*Tx, error) {
	r := newReader(b)
	t := r.tx()
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("tx: %w", err)
	}
	return t, nil
}

func (r *reader) tx() *Tx {
	t := &Tx{Version: int32(r.uint32())}
	n := r.count(minInput)
	r.wrap("inputs")
	t.Inputs = make([]Input, n)
	for i := 0; i < n && r.err == nil; i++ {
		in := &t.Inputs[i]
		in.Prev.TxID = r.hash()
		in.Prev.Index = r.uint32()
		in.Script = r.bytes()
		in.Sequence = r.uint32()
		r.wrapAt("input", i)
	}
	if r.err != nil {
		return nil
	}
	n = r.count(minOutput)
	r.wrap("outputs")
	t.Outputs = make([]Output, n)
	for i := 0; i < n && r.err == nil; i++ {
		t.Outputs[i].Value = Amount(r.uint64())
		t.Outputs[i].Script = r.bytes()
		r.wrapAt("output", i)
	}
	t.LockTime = r.uint32()
	return t
}
