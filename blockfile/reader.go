package blockfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"toychain/block"
)

// Format is how blocks lie in a file.
type Format string

const (
	// Hex: a line of hex digits for each block.
	Hex Format = "hex"
	// Blk: Bitcoin's frames, plain or xored.
	Blk Format = "blk"
	// FDB: btcd's frames, with a checksum after each block. Only read.
	FDB Format = "fdb"
)

const (
	frameHead = 8  // magic and length
	checksum  = 4  // after a block in btcd's frames
	keySize   = 8  // of Core's xor.dat
	minBlock  = 81 // a header and the number of transactions

	bufferSize = 64 << 10

	// maxLine is the longest line of hex: the largest block that any parser here
	// looks at, and room for spaces.
	maxLine = 2*block.MaxMessage + 1024
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Place is where a block stands.
type Place struct {
	File   string // as it was opened; "-" for what is no file
	Offset int64  // of the record's first byte
	Line   int    // in a file of hex, from 1; else 0

	at   int64  // of the block itself
	size int    // of the block as it is written there
	key  []byte // that it is xored with; nil: none
}

// String names the place for people.
func (p Place) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s: line %d", p.File, p.Line)
	}
	return fmt.Sprintf("%s: byte %d", p.File, p.Offset)
}

// Record is a block and where it stands.
type Record struct {
	Block *block.Block
	Place Place
}

// Bad is something that is no block. All before it was good.
type Bad struct {
	Place Place
	What  error
}

func (b *Bad) Error() string { return fmt.Sprintf("%s: %v", b.Place, b.What) }

func (b *Bad) Unwrap() error { return b.What }

// IsBad reports whether err says that something is no block.
func IsBad(err error) bool {
	var b *Bad
	return errors.As(err, &b)
}

// Stranger says that a file begins with another magic than the network's.
type Stranger struct{ Got, Want [4]byte }

func (s *Stranger) Error() string {
	return fmt.Sprintf("it begins with %x: that is neither hex digits nor %x, with which this network's blocks begin", s.Got, s.Want)
}

// Reader reads the blocks of one file, whatever its format.
type Reader struct {
	in     *bufio.Reader
	magic  [4]byte
	key    []byte // of the xor.dat beside it, if there is one; nil once it turns out not to be used
	format Format // "" before the first block
	place  Place  // of the next record
}

// NewReader returns the reader of what in holds. name is for errors; magic are the
// network's four bytes; key is nil or what is in Core's xor.dat.
func NewReader(in io.Reader, name string, magic [4]byte, key []byte) *Reader {
	return &Reader{in: bufio.NewReaderSize(in, bufferSize), magic: magic, key: key, place: Place{File: name}}
}

// Offset returns how many bytes have been read.
func (r *Reader) Offset() int64 { return r.place.Offset }

// Next returns the next block. The error is io.EOF after the last one, or a *Bad.
func (r *Reader) Next() (Record, error) {
	if r.format == "" {
		if err := r.recognise(); err != nil {
			return Record{}, err
		}
	}
	if r.format == Hex {
		return r.nextLine()
	}
	return r.nextFrame()
}

func (r *Reader) bad(format string, args ...any) error {
	return &Bad{r.place, fmt.Errorf(format, args...)}
}

// peek returns the next n bytes as they are and as they are meant, fewer at the end.
func (r *Reader) peek(n int) (raw, plain []byte, err error) {
	raw, err = r.in.Peek(n)
	if err != nil && err != io.EOF {
		return nil, nil, r.bad("%w", err)
	}
	return raw, xored(raw, r.key, r.place.Offset), nil
}

// xored returns a copy of what stands at this offset without its disguise.
func xored(b, key []byte, at int64) []byte {
	b = bytes.Clone(b)
	if len(key) > 0 {
		for i := range b {
			b[i] ^= key[(at+int64(i))%int64(len(key))]
		}
	}
	return b
}

// recognise looks at the first bytes.
func (r *Reader) recognise() error {
	raw, plain, err := r.peek(len(r.magic))
	switch {
	case err != nil:
		return err
	case len(raw) == 0:
		return io.EOF
	case bytes.Equal(raw, r.magic[:]):
		r.format, r.key = Blk, nil
	case bytes.Equal(plain, r.magic[:]), len(bytes.Trim(raw, "\x00")) == 0:
		r.format = Blk
	case isText(raw):
		r.format, r.key = Hex, nil
		return nil
	case len(raw) == len(r.magic):
		return &Bad{r.place, &Stranger{[4]byte(raw), r.magic}}
	default:
		return r.bad("%w", block.ErrTruncated)
	}
	if strings.HasSuffix(r.place.File, ".fdb") {
		r.format = FDB
	}
	return nil
}

// isText reports whether a file that begins like this is one of hex and comments.
func isText(head []byte) bool {
	head, _, _ = bytes.Cut(head, []byte("#"))
	return len(bytes.Trim(head, "0123456789abcdefABCDEF \t\r\n")) == 0
}

// nextFrame reads magic, length and block.
func (r *Reader) nextFrame() (Record, error) {
	if err := r.skipZeros(); err != nil {
		return Record{}, err
	}
	_, head, err := r.peek(frameHead)
	if err != nil {
		return Record{}, err
	}
	if !bytes.HasPrefix(head, r.magic[:]) {
		return Record{}, r.bad("%x, where a block should begin with %x, or zeros last to the end", head[:min(len(head), len(r.magic))], r.magic)
	}
	if len(head) < frameHead {
		return Record{}, r.bad("the file ends in the middle of a block's length")
	}
	size := binary.LittleEndian.Uint32(head[len(r.magic):])
	if size < minBlock || size > block.MaxMessage {
		return Record{}, r.bad("a block of %d bytes; want %d to %d", size, minBlock, block.MaxMessage)
	}
	raw := make([]byte, frameHead+size)
	if n, err := io.ReadFull(r.in, raw); err != nil {
		return Record{}, r.bad("the file ends after %d of a block's %d bytes", max(n-frameHead, 0), size)
	}
	if err := r.checkSum(raw); err != nil {
		return Record{}, err
	}
	place := r.place
	place.at, place.size, place.key = place.Offset+frameHead, int(size), r.key
	b, err := place.parse(raw[frameHead:])
	if err != nil {
		return Record{}, r.bad("%w", err)
	}
	r.place.Offset += int64(len(raw))
	if r.format == FDB {
		r.place.Offset += checksum
	}
	return Record{b, place}, nil
}

// skipZeros leaves out what Core makes room for before it has blocks. With a key the
// zeros are bare, and so may be the beginning of a block: that goes first.
func (r *Reader) skipZeros() error {
	for {
		raw, plain, err := r.peek(len(r.magic))
		switch {
		case err != nil:
			return err
		case len(raw) == 0:
			return io.EOF
		case raw[0] != 0 || bytes.Equal(plain, r.magic[:]):
			return nil
		}
		r.in.Discard(1)
		r.place.Offset++
	}
}

// checkSum reads btcd's checksum after a frame. Whether there are any shows at the
// file's first block.
func (r *Reader) checkSum(frame []byte) error {
	want := crc32.Checksum(frame, castagnoli)
	got, err := r.in.Peek(checksum)
	if err != nil && err != io.EOF {
		return r.bad("%w", err)
	}
	fits := len(got) == checksum && binary.BigEndian.Uint32(got) == want
	if fits && r.format == Blk && r.key == nil && r.place.Offset == 0 {
		r.format = FDB
	}
	switch {
	case r.format != FDB:
		return nil
	case len(got) < checksum:
		return r.bad("the file ends before the block's checksum")
	case !fits:
		return r.bad("the block has the checksum %08x, written is %x", want, got)
	}
	r.in.Discard(checksum)
	return nil
}

// nextLine reads a block in hex.
func (r *Reader) nextLine() (Record, error) {
	for {
		r.place.Line++
		line, err := r.readLine()
		if err != nil {
			return Record{}, err
		}
		place := r.place
		place.at, place.size = place.Offset, len(line)
		text := bytes.TrimSpace(line)
		if len(text) == 0 || text[0] == '#' {
			r.place.Offset += int64(len(line))
			continue
		}
		b, err := place.parse(line)
		if err != nil {
			return Record{}, r.bad("%w", err)
		}
		r.place.Offset += int64(len(line))
		return Record{b, place}, nil
	}
}

// readLine reads up to the end of a line, and no more than a line may have.
func (r *Reader) readLine() (line []byte, err error) {
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return nil, r.bad("a line of more than %d bytes", maxLine)
		case err == io.EOF && len(line) > 0 || err == nil:
			return line, nil
		case err == io.EOF:
			return nil, io.EOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, r.bad("%w", err)
		}
	}
}

var errNotHex = errors.New("not hex")

// parse makes a block of the bytes that stand at a place.
func (p Place) parse(raw []byte) (*block.Block, error) {
	if p.Line == 0 {
		return block.Parse(xored(raw, p.key, p.at))
	}
	text := bytes.TrimSpace(raw)
	out := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(out, text); err != nil {
		return nil, errNotHex
	}
	return block.Parse(out)
}
