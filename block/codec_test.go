package block_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"toychain/block"
	"toychain/internal/alloc"
)

// The decoders, each with bytes that it accepts.
var decoders = []struct {
	what   string
	good   string
	decode func([]byte) error
}{
	{"header", genesisHeader, func(b []byte) error { _, err := block.ParseHeader(b); return err }},
	{"tx", block170Payment, func(b []byte) error { _, err := block.ParseTx(b); return err }},
	{"block", block170Header + "02" + block170Coinbase + block170Payment,
		func(b []byte) error { _, err := block.Parse(b); return err }},
}

// A value that is cut anywhere, or followed by any bytes, is malformed.
func TestTruncatedAndTrailing(t *testing.T) {
	for _, d := range decoders {
		good := unhex(t, d.good)
		if err := d.decode(good); err != nil {
			t.Fatalf("%s: %v", d.what, err)
		}
		for n := range good {
			if err := d.decode(good[:n]); !errors.Is(err, block.ErrTruncated) {
				t.Errorf("%s: first %d of %d bytes: %v, want %v", d.what, n, len(good), err, block.ErrTruncated)
			}
		}
		for _, extra := range []string{"\x00", "\xff", string(good)} {
			if err := d.decode(append(bytes.Clone(good), extra...)); !errors.Is(err, block.ErrTrailing) {
				t.Errorf("%s and %d bytes more: %v, want %v", d.what, len(extra), err, block.ErrTrailing)
			}
		}
	}
}

// A transaction in pieces, one of which a test can damage:
//
//	version | 01 | txid, index | 01 aa | sequence | 01 | value | 01 bb | lock time
const (
	txVersion  = "01000000"
	txOutpoint = "1111111111111111111111111111111111111111111111111111111111111111" + "00000000"
	txSequence = "ffffffff"
	txValue    = "0100000000000000"
	txLock     = "00000000"
	txInput    = txOutpoint + "01aa" + txSequence
	txOutput   = txValue + "01bb"
)

func TestMalformedTx(t *testing.T) {
	good := txVersion + "01" + txInput + "01" + txOutput + txLock
	if _, err := block.ParseTx(unhex(t, good)); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		what, bytes string // bytes after the version
		want        block.Malformed
		where       string
	}{
		{"1 input written in 3 bytes", "fd0100" + txInput + "01" + txOutput + txLock, block.ErrNotMinimal, "tx: inputs"},
		{"1 input written in 5 bytes", "fe01000000" + txInput + "01" + txOutput + txLock,
			block.ErrNotMinimal, "tx: inputs"},
		{"1 input written in 9 bytes", "ff0100000000000000" + txInput + "01" + txOutput + txLock,
			block.ErrNotMinimal, "tx: inputs"},
		{"script of 1 byte, length in 3", "01" + txOutpoint + "fd0100aa" + txSequence + "01" + txOutput + txLock,
			block.ErrNotMinimal, "tx: input 0"},
		{"1 output written in 3 bytes", "01" + txInput + "fd0100" + txOutput + txLock,
			block.ErrNotMinimal, "tx: outputs"},
		{"output script of 1 byte, length in 5", "01" + txInput + "01" + txValue + "fe01000000bb" + txLock,
			block.ErrNotMinimal, "tx: output 0"},
		{"2 inputs claimed, 1 there", "02" + txInput + "01" + txOutput + txLock, block.ErrTruncated, "tx: input"},
		{"more inputs than there are bytes", "fc" + txInput, block.ErrTruncated, "tx: inputs"},
		{"2^64-1 inputs", "ffffffffffffffffff" + txOutpoint, block.ErrTruncated, "tx: inputs"},
		{"2^63 inputs", "ff0000000000000080" + txOutpoint, block.ErrTruncated, "tx: inputs"},
		{"2^32-1 outputs", "01" + txInput + "feffffffff" + txValue, block.ErrTruncated, "tx: outputs"},
		{"script of 2^64-1 bytes", "01" + txOutpoint + "ffffffffffffffffffaa" + txSequence,
			block.ErrTruncated, "tx: input 0"},
		{"script longer than what is left", "01" + txOutpoint + "0aaa" + txSequence, block.ErrTruncated, "tx: input 0"},
	} {
		tx, err := block.ParseTx(unhex(t, txVersion+row.bytes))
		if !errors.Is(err, row.want) || !malformed(err) || tx != nil {
			t.Errorf("%s: %v, %v, want %v", row.what, tx, err, row.want)
		} else if !strings.HasPrefix(err.Error(), row.where) {
			t.Errorf("%s: %q does not begin with %q", row.what, err, row.where)
		}
	}
}

// An error names the place from the outside in.
func TestErrorsSayWhere(t *testing.T) {
	full := unhex(t, decoders[2].good)
	_, err := block.Parse(full[:len(full)-90])
	if want := "block: tx 1: output 0: truncated"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = block.Parse(append(full, 1, 2, 3))
	if want := "block: 3 trailing bytes"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Each form of a CompactSize begins at the first number that needs it, and is rejected
// for smaller numbers.
func TestCompactSize(t *testing.T) {
	for _, row := range []struct {
		n    uint64
		want string
	}{
		{0, "00"},
		{1, "01"},
		{252, "fc"},
		{253, "fdfd00"},
		{254, "fdfe00"},
		{255, "fdff00"},
		{0xffff, "fdffff"},
		{0x10000, "fe00000100"},
		{math.MaxUint32, "feffffffff"},
		{1 << 32, "ff0000000001000000"},
		{math.MaxUint64, "ffffffffffffffffff"},
	} {
		got := block.AppendCompactSize(nil, row.n)
		if !bytes.Equal(got, unhex(t, row.want)) {
			t.Errorf("%d: %x, want %s", row.n, got, row.want)
		}
		if n := block.CompactSizeLen(row.n); n != len(got) {
			t.Errorf("%d: length %d, want %d", row.n, n, len(got))
		}
	}
	for _, row := range []struct {
		length string
		n      int
		ok     bool
	}{
		{"fc", 252, true}, {"fdfc00", 252, false}, {"fefc000000", 252, false},
		{"fdfd00", 253, true}, {"fefd000000", 253, false}, {"fffd00000000000000", 253, false},
		{"fdffff", 65535, true}, {"feffff0000", 65535, false}, {"ffffff000000000000", 65535, false},
		{"fe00000100", 65536, true}, {"ff0000010000000000", 65536, false},
	} {
		raw := txVersion + "01" + txOutpoint + row.length + strings.Repeat("00", row.n) + txSequence + "00" + txLock
		tx, err := block.ParseTx(unhex(t, raw))
		if row.ok && (err != nil || len(tx.Inputs[0].Script) != row.n) || !row.ok && !errors.Is(err, block.ErrNotMinimal) {
			t.Errorf("%d bytes after %s: %v", row.n, row.length, err)
		}
	}
}

// A few bytes that claim a billion items cost no memory: a count is compared with the
// bytes that are left before anything is allocated.
func TestHugeCountsDoNotAllocate(t *testing.T) {
	for _, row := range []struct {
		what, bytes string
		decode      func([]byte) error
	}{
		{"inputs", txVersion + "ffffffffffffffff7f", decoders[1].decode},
		{"inputs", txVersion + "feffffff7f", decoders[1].decode},
		{"outputs", txVersion + "00" + "feffffff7f", decoders[1].decode},
		{"script", txVersion + "01" + txOutpoint + "feffffff7f", decoders[1].decode},
		{"txs", genesisHeader + "feffffff7f", decoders[2].decode},
	} {
		raw := unhex(t, row.bytes)
		var err error
		if n := alloc.Bytes(func() { err = row.decode(raw) }); n > 4000 || err == nil {
			t.Errorf("%s: %d bytes allocated for %d bytes of input, %v", row.what, n, len(raw), err)
		}
	}
}

// A count is compared with the fewest bytes that so many items take: two megabytes of
// zeros cannot be two million inputs, which would take 140 megabytes in memory, and one
// byte too few for 50,000 items is enough to reject the count.
func TestCountsNeedTheirLeastBytes(t *testing.T) {
	const n, count = 50_000, "fd50c3"
	for _, row := range []struct {
		what, head string
		least      int // bytes of one of them
		decode     func([]byte) error
	}{
		{"inputs", txVersion + count, 41, decoders[1].decode},
		{"outputs", txVersion + "00" + count, 9, decoders[1].decode},
		{"txs", genesisHeader + count, 10, decoders[2].decode},
	} {
		raw := append(unhex(t, row.head), make([]byte, n*row.least-1)...)
		var err error
		got := alloc.Bytes(func() { err = row.decode(raw) })
		if !errors.Is(err, block.ErrTruncated) {
			t.Errorf("%s: %v, want %v", row.what, err, block.ErrTruncated)
		}
		if got > 4000 {
			t.Errorf("%s: %d bytes allocated", row.what, got)
		}
	}
}

func TestLongerThanAMessage(t *testing.T) {
	big := make([]byte, block.MaxMessage+1)
	for _, d := range decoders {
		if err := d.decode(big); !errors.Is(err, block.ErrTooLarge) || !malformed(err) {
			t.Errorf("%s: %v, want %v", d.what, err, block.ErrTooLarge)
		}
	}
}

// A block without transactions and a transaction without inputs are well-formed bytes.
// That they break rules is found in package consensus.
func TestDecodersCheckNoRules(t *testing.T) {
	if b := parse(t, genesisHeader+"00"); len(b.Txs) != 0 {
		t.Errorf("%d transactions in an empty block", len(b.Txs))
	}
	tx := parseTx(t, "ffffffff"+"00"+"01"+"ffffffffffffffff"+"00"+"ffffffff")
	if tx.Version != -1 || len(tx.Inputs) != 0 || tx.Outputs[0].Value != -1 || tx.LockTime != math.MaxUint32 {
		t.Errorf("got %+v", tx)
	}
}

// malformed reports whether err is of the class Malformed.
func malformed(err error) bool { return errors.As(err, new(block.Malformed)) }
