package block

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Malformed is the reason why bytes are no encoding of a value. Decoders wrap it with
// the place; errors.Is finds the constants below, errors.As any of them.
type Malformed string

// Error returns the reason.
func (m Malformed) Error() string { return string(m) }

const (
	// ErrTruncated: the bytes end in the middle of a value, or a length claims more
	// bytes than are left.
	ErrTruncated Malformed = "truncated"
	// ErrTrailing: more bytes follow the value.
	ErrTrailing Malformed = "trailing bytes"
	// ErrNotMinimal: a CompactSize that has a shorter form (Core: "non-canonical ReadCompactSize()").
	ErrNotMinimal Malformed = "length not in its shortest form"
	// ErrTooLarge: the input is longer than MaxMessage.
	ErrTooLarge Malformed = "too large"
)

// MaxMessage is the longest input, in bytes, that a decoder here accepts: Bitcoin's
// limit for one network message (Core: MAX_PROTOCOL_MESSAGE_LENGTH).
const MaxMessage = 4_000_000

// reader takes values off the front of b. The first error sticks, and from then on
// every method returns zero: a parser reads all fields and checks once, at the end.
type reader struct {
	b   []byte
	err error
}

// take returns the next n bytes without copying, or nil after an error. Their
// capacity is n too, so that appending to them cannot overwrite what follows.
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

// uint32 reads four bytes, the least significant first, as all of Bitcoin's integers.
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

// compactSize reads a length in the form that AppendCompactSize writes. It rejects
// every longer form of the same number: with a choice of forms, the sender of a
// transaction could change its bytes, and so its txid, but not its meaning.
func (r *reader) compactSize() uint64 {
	first := r.take(1)
	if first == nil {
		return 0
	}
	var n, least uint64 // the number, and the smallest one that needs this form
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

// count reads how many items follow, of which each takes at least size bytes. It
// rejects a count that the remaining bytes cannot hold, before the caller allocates:
// else nine bytes that claim 2^60 items would exhaust the memory.
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

// bytes reads a length and then that many bytes, such as a script.
func (r *reader) bytes() []byte { return r.take(r.count(1)) }

// wrap adds the place to an error, if there is one. Callers add theirs later and so
// in front: "block: tx 3: input 1: truncated".
func (r *reader) wrap(where string) {
	if r.err != nil {
		r.err = fmt.Errorf("%s: %w", where, r.err)
	}
}

// wrapAt is wrap for item i of a list.
func (r *reader) wrapAt(what string, i int) {
	if r.err != nil {
		r.err = fmt.Errorf("%s %d: %w", what, i, r.err)
	}
}

// end returns the reader's error; bytes that are left are one, too.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.err = fmt.Errorf("%d %w", len(r.b), ErrTrailing)
	}
	return r.err
}

// newReader returns a reader of b, or one that has failed already if b is too long.
func newReader(b []byte) reader {
	if len(b) > MaxMessage {
		return reader{err: fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(b), MaxMessage)}
	}
	return reader{b: b}
}

// AppendCompactSize appends n in its shortest form (Core: WriteCompactSize):
//
//	below 253    one byte
//	up to 2^16-1 fd and 2 bytes
//	up to 2^32-1 fe and 4 bytes
//	above        ff and 8 bytes
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

// CompactSizeLen returns how many bytes AppendCompactSize appends: 1, 3, 5 or 9.
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

// appendBytes appends s after its length; reader.bytes reads it back.
func appendBytes(b, s []byte) []byte {
	return append(AppendCompactSize(b, uint64(len(s))), s...)
}
