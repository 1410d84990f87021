package block

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Malformed says why bytes are not what they claim to be.
type Malformed string

// Error returns the reason.
func (m Malformed) Error() string { return string(m) }

const (
	// ErrTruncated: the bytes end in the middle of a value, or a length names
	// more than is left.
	ErrTruncated Malformed = "truncated"
	// ErrTrailing: a whole value and then more bytes.
	ErrTrailing Malformed = "trailing bytes"
	// ErrNotMinimal: a CompactSize that has a shorter form (Core: "non-canonical ReadCompactSize()").
	ErrNotMinimal Malformed = "length not in its shortest form"
	// ErrTooLarge: more bytes than any value of this kind may have.
	ErrTooLarge Malformed = "too large"
)

// MaxMessage is the most bytes that any parser here looks at: Bitcoin's limit
// for one network message (Core: MAX_PROTOCOL_MESSAGE_LENGTH).
const MaxMessage = 4_000_000

// reader takes values off the front of b. The first error sticks, so a parser
// reads straight through and asks once at the end.
type reader struct {
	b   []byte
	err error
}

// take returns the next n bytes without copying, or nil after an error.
func (r *reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.b) {
		r.err = ErrTruncated
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) hash() (h Hash) {
	copy(h[:], r.take(32))
	return h
}

// compactSize reads a length and refuses any form but the shortest.
func (r *reader) compactSize() uint64 {
	first := r.take(1)
	if first == nil {
		return 0
	}
	var n, least uint64
	switch first[0] {
	case 0xfd:
		if b := r.take(2); b != nil {
			n, least = uint64(binary.LittleEndian.Uint16(b)), 0xfd
		}
	case 0xfe:
		n, least = uint64(r.uint32()), 1<<16
	case 0xff:
		n, least = r.uint64(), 1<<32
	default:
		return uint64(first[0])
	}
	if r.err == nil && n < least {
		r.err = ErrNotMinimal
	}
	return n
}

// count reads how many items follow, of which each takes at least size bytes:
// a number that the remaining bytes cannot hold is an error before any
// allocation.
func (r *reader) count(size int) int {
	n := r.compactSize()
	if r.err == nil && n > uint64(len(r.b)/size) {
		r.err = ErrTruncated
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

func (r *reader) bytes() []byte { return r.take(r.count(1)) }

// wrap notes where an error happened; the outermost place ends up first.
func (r *reader) wrap(where string) {
	if r.err != nil {
		r.err = fmt.Errorf("%s: %w", where, r.err)
	}
}

// wrapAt is wrap in the i-th of several things.
func (r *reader) wrapAt(what string, i int) {
	if r.err != nil {
		r.err = fmt.Errorf("%s %d: %w", what, i, r.err)
	}
}

// end demands that nothing is left.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = fmt.Errorf("%d %w", len(r.b), ErrTrailing)
	}
	return r.err
}

func newReader(b []byte) reader {
	if len(b) > MaxMessage {
		return reader{err: fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(b), MaxMessage)}
	}
	return reader{b: b}
}

// AppendCompactSize appends n in its shortest form.
func AppendCompactSize(b []byte, n uint64) []byte {
	switch {
	case n < 0xfd:
		return append(b, byte(n))
	case n <= math.MaxUint16:
		return binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(n))
	case n <= math.MaxUint32:
		return binary.LittleEndian.AppendUint32(append(b, 0xfe), uint32(n))
	}
	return binary.LittleEndian.AppendUint64(append(b, 0xff), n)
}

// CompactSizeLen returns how many bytes AppendCompactSize writes: 1, 3, 5 or 9.
func CompactSizeLen(n uint64) int {
	switch {
	case n < 0xfd:
		return 1
	case n <= math.MaxUint16:
		return 3
	case n <= math.MaxUint32:
		return 5
	}
	return 9
}

func appendBytes(b, s []byte) []byte {
	return append(AppendCompactSize(b, uint64(len(s))), s...)
}
