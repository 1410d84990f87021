package block

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Outpoint names one output of one transaction (Core: COutPoint).
type Outpoint struct {
	TxID  Hash
	Index uint32
}

// NullIndex is the Index in a coinbase's input, which spends no output.
const NullIndex = 0xffffffff

// IsNull reports whether o is the outpoint of a coinbase's input: the zero txid and
// NullIndex (Core: COutPoint::IsNull).
func (o Outpoint) IsNull() bool { return o.TxID.IsZero() && o.Index == NullIndex }

// String returns "txid:index".
func (o Outpoint) String() string { return fmt.Sprintf("%s:%d", o.TxID, o.Index) }

// Input spends one output of an earlier transaction, all of it.
type Input struct {
	Prev     Outpoint // the output that it spends
	Script   []byte   // proof of the right to spend: signature and public key
	Sequence uint32   // a relative lock time (BIP68), leave to replace (BIP125), or SequenceFinal
}

// SequenceFinal is the Sequence without a lock time (Core: CTxIn::SEQUENCE_FINAL). If
// all inputs have it, the transaction's LockTime counts for nothing.
const SequenceFinal = 0xffffffff

// Output is money under a condition. Until it is spent it is called a coin, or UTXO
// (unspent transaction output).
type Output struct {
	Value  Amount
	Script []byte // the condition: one of the templates of script.go, or any bytes
}

// Tx moves money from outputs of earlier transactions to new ones. There are no
// accounts and no balances: a wallet's balance is the sum of the coins it can spend.
// The difference between inputs and outputs is the fee, which goes to the miner:
//
//	earlier outputs        inputs   outputs
//	 30 to Alice  <----------- 0  |  0   40 to Bob
//	 20 to Alice  <----------- 1  |  1    9 to Alice, her change
//	                              |       1 is the fee, which is written nowhere
type Tx struct {
	Version int32 // from 2 on, a Sequence can be a relative lock time (BIP68)
	Inputs  []Input
	Outputs []Output
	// LockTime is the height of the last block that may not hold t. From 500,000,000
	// on it is a time instead, in seconds since 1970 (Core: LOCKTIME_THRESHOLD).
	LockTime uint32
}

// The fewest bytes that an item takes, with empty lists and scripts; reader.count
// rejects a count of items that the bytes left could not hold.
const (
	minInput  = 32 + 4 + 1 + 4
	minOutput = 8 + 1
	minTx     = 4 + 1 + 1 + 4
)

// ID returns the txid, the double SHA-256 of t's bytes, which identifies the
// transaction. It is computed at each call: keep it if you need it twice.
func (t *Tx) ID() Hash {
	var buf [512]byte // is on the stack, and enough for most
	return Sum(t.Append(slices.Grow(buf[:0], t.Size())))
}

// IsCoinbase reports whether t has one input and that is null: t is the transaction
// that creates new money (Core: CTransaction::IsCoinBase).
func (t *Tx) IsCoinbase() bool { return len(t.Inputs) == 1 && t.Inputs[0].Prev.IsNull() }

// Size returns len(t.Bytes()) without allocating.
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

// Bytes returns the serialization without witnesses ("legacy"); see Append.
func (t *Tx) Bytes() []byte { return t.Append(make([]byte, 0, t.Size())) }

// Append appends the serialization to b. Lists and scripts follow their length, a
// CompactSize n:
//
//	version 4 | n | inputs | n | outputs | lock time 4
//
//	input   txid 32 | index 4 | n | script | sequence 4
//	output  value 8 | n | script
func (t *Tx) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(t.Version))
	b = AppendCompactSize(b, uint64(len(t.Inputs)))
	for i := range t.Inputs {
		b = t.Inputs[i].appendTo(b)
	}
	b = appendOutputs(b, t.Outputs)
	return binary.LittleEndian.AppendUint32(b, t.LockTime)
}

// appendTo appends one input as Append shows it.
func (in *Input) appendTo(b []byte) []byte {
	b = append(b, in.Prev.TxID[:]...)
	b = binary.LittleEndian.AppendUint32(b, in.Prev.Index)
	b = appendBytes(b, in.Script)
	return binary.LittleEndian.AppendUint32(b, in.Sequence)
}

// appendTo appends one output as Append shows it.
func (out *Output) appendTo(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(out.Value))
	return appendBytes(b, out.Script)
}

// appendOutputs appends the number of outputs, and each.
func appendOutputs(b []byte, outputs []Output) []byte {
	b = AppendCompactSize(b, uint64(len(outputs)))
	for i := range outputs {
		b = outputs[i].appendTo(b)
	}
	return b
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

// ParseTx returns the transaction that b holds. It rejects trailing bytes. The scripts
// in the transaction alias b.
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
	if r.err != nil { // else it would be wrapped again, as an error in the outputs
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
