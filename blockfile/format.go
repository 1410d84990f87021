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

// Format is the layout of a file of blocks.
type Format string

const (
	// Hex is a line of hex digits for each block.
	Hex Format = "hex"
	// Blk is Bitcoin's frames, plain or xored.
	Blk Format = "blk"
	// FDB is btcd's frames, with a checksum after each block. It is only read.
	FDB Format = "fdb"
)

const (
	frameHead = 8  // magic and length
	checksum  = 4  // after a block in btcd's frames
	keySize   = 8  // of Core's xor.dat
	minBlock  = 81 // a header and the number of transactions

	bufferSize = 64 << 10

	// maxLine is the maximum length of a line of hex: the largest block that any parser
	// here accepts, and room for spaces.
	maxLine = 2*block.MaxMessage + 1024
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Location is where a block is.
type Location struct {
	File   string // as it was opened; "-" for a stream
	Offset int64  // of the record's first byte
	Line   int    // in a file of hex, from 1; else 0

	at   int64  // of the block itself
	size int    // of the block as it is encoded there
	key  []byte // with which it is xored; nil: none
}

// String returns the location for error messages.
func (p Location) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s: line %d", p.File, p.Line)
	}
	return fmt.Sprintf("%s: byte %d", p.File, p.Offset)
}

// Record is a block and its location.
type Record struct {
	Block    *block.Block
	Location Location
}

// Malformed is the error for bytes that are not a block. The blocks before it are good.
type Malformed struct {
	Location Location
	What     error
}

func (b *Malformed) Error() string { return fmt.Sprintf("%s: %v", b.Location, b.What) }

func (b *Malformed) Unwrap() error { return b.What }

// WrongMagic is the error for a file that begins with another magic than the network's.
type WrongMagic struct{ Got, Want [4]byte }

func (s *WrongMagic) Error() string {
	return fmt.Sprintf("it begins with %x: that is neither hex digits nor %x, with which this network's blocks begin", s.Got, s.Want)
}

// Reader reads the blocks of one file in any format.
type Reader struct {
	in       *bufio.Reader
	magic    [4]byte
	key      []byte   // of the xor.dat in the same directory, if there is one; nil if it is not used
	format   Format   // "" before the first block
	location Location // of the next record
}

// NewReader returns a reader of the blocks in in. name is for errors; magic is the network's four
// bytes; key is nil or the content of Core's xor.dat.
func NewReader(in io.Reader, name string, magic [4]byte, key []byte) *Reader {
	return &Reader{in: bufio.NewReaderSize(in, bufferSize), magic: magic, key: key, location: Location{File: name}}
}

// Offset returns the number of bytes read.
func (r *Reader) Offset() int64 { return r.location.Offset }

// Next returns the next block. The error is io.EOF after the last one, or a *Malformed.
func (r *Reader) Next() (Record, error) {
	if r.format == "" {
		if err := r.detect(); err != nil {
			return Record{}, err
		}
	}
	if r.format == Hex {
		return r.nextLine()
	}
	return r.nextFrame()
}

func (r *Reader) malformed(format string, args ...any) error {
	return &Malformed{r.location, fmt.Errorf(format, args...)}
}

// peek returns the next n bytes as they are and without the key, fewer at the end; io.EOF if
// there are none.
func (r *Reader) peek(n int) (raw, plain []byte, err error) {
	raw, err = r.in.Peek(n)
	if err != nil && err != io.EOF {
		return nil, nil, r.malformed("%w", err)
	}
	if len(raw) == 0 {
		return nil, nil, io.EOF
	}
	return raw, xored(raw, r.key, r.location.Offset), nil
}

// xored returns a copy of b, which is at this offset, xored with the key.
func xored(b, key []byte, at int64) []byte {
	b = bytes.Clone(b)
	if len(key) > 0 {
		for i := range b {
			b[i] ^= key[(at+int64(i))%int64(len(key))]
		}
	}
	return b
}

// detect determines the format from the first bytes.
func (r *Reader) detect() error {
	raw, plain, err := r.peek(len(r.magic))
	switch {
	case err != nil:
		return err
	case bytes.Equal(raw, r.magic[:]):
		r.format, r.key = Blk, nil
	case bytes.Equal(plain, r.magic[:]), len(bytes.Trim(raw, "\x00")) == 0:
		r.format = Blk
	case isText(raw):
		r.format, r.key = Hex, nil
		return nil
	case len(raw) == len(r.magic):
		return &Malformed{r.location, &WrongMagic{[4]byte(raw), r.magic}}
	default:
		return r.malformed("%w", block.ErrTruncated)
	}
	if strings.HasSuffix(r.location.File, ".fdb") {
		r.format = FDB
	}
	return nil
}

// isText reports whether a file that begins like this holds hex and comments.
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
		return Record{}, r.malformed("%x, where a block should begin with %x, or zeros last to the end", head[:min(len(head), len(r.magic))], r.magic)
	}
	if len(head) < frameHead {
		return Record{}, r.malformed("the file ends in the middle of a block's length")
	}
	size := binary.LittleEndian.Uint32(head[len(r.magic):])
	if size < minBlock || size > block.MaxMessage {
		return Record{}, r.malformed("a block of %d bytes; want %d to %d", size, minBlock, block.MaxMessage)
	}
	raw := make([]byte, frameHead+size)
	if n, err := io.ReadFull(r.in, raw); err != nil {
		return Record{}, r.malformed("the file ends after %d of a block's %d bytes", max(n-frameHead, 0), size)
	}
	place := r.location
	place.at, place.size, place.key = place.Offset+frameHead, int(size), r.key
	if err := r.checkSum(raw); err != nil {
		return Record{}, err
	}
	b, err := place.parse(raw[frameHead:])
	if err != nil {
		return Record{}, &Malformed{place, err}
	}
	r.location.Offset += int64(len(raw))
	return Record{b, place}, nil
}

// skipZeros skips the space that Core allocates before it has blocks. With a key the zeros are
// not xored, and the beginning of a block may look like them: a block has precedence.
func (r *Reader) skipZeros() error {
	for {
		raw, plain, err := r.peek(len(r.magic))
		switch {
		case err != nil:
			return err
		case raw[0] != 0 || bytes.Equal(plain, r.magic[:]):
			return nil
		}
		r.in.Discard(1)
		r.location.Offset++
	}
}

// checkSum reads btcd's checksum after a frame. The file's first block shows whether there are
// any.
func (r *Reader) checkSum(frame []byte) error {
	want := crc32.Checksum(frame, castagnoli)
	got, err := r.in.Peek(checksum)
	if err != nil && err != io.EOF {
		return r.malformed("%w", err)
	}
	fits := len(got) == checksum && binary.BigEndian.Uint32(got) == want
	if fits && r.format == Blk && r.key == nil && r.location.Offset == 0 {
		r.format = FDB
	}
	switch {
	case r.format != FDB:
		return nil
	case len(got) < checksum:
		return r.malformed("the file ends before the block's checksum")
	case !fits:
		return r.malformed("the block has the checksum %08x, written is %x", want, got)
	}
	r.in.Discard(checksum)
	r.location.Offset += checksum
	return nil
}

// nextLine reads a block in hex.
func (r *Reader) nextLine() (Record, error) {
	for {
		r.location.Line++
		line, err := r.readLine()
		if err != nil {
			return Record{}, err
		}
		place := r.location
		place.at, place.size = place.Offset, len(line)
		r.location.Offset += int64(len(line))
		if text := bytes.TrimSpace(line); len(text) == 0 || text[0] == '#' {
			continue
		}
		b, err := place.parse(line)
		if err != nil {
			return Record{}, &Malformed{place, err}
		}
		return Record{b, place}, nil
	}
}

// readLine reads to the end of a line, and at most maxLine bytes.
func (r *Reader) readLine() (line []byte, err error) {
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return nil, r.malformed("a line of more than %d bytes", maxLine)
		case err == io.EOF && len(line) > 0 || err == nil:
			return line, nil
		case err == io.EOF:
			return nil, io.EOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, r.malformed("%w", err)
		}
	}
}

// parse parses the block whose bytes are at this location.
func (p Location) parse(raw []byte) (*block.Block, error) {
	if p.Line == 0 {
		return block.Parse(xored(raw, p.key, p.at))
	}
	text := bytes.TrimSpace(raw)
	out := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(out, text); err != nil {
		return nil, errors.New("not hex")
	}
	return block.Parse(out)
}

// ParseFormat parses the name of a format that can be written.
func ParseFormat(s string) (Format, error) {
	if f := Format(s); f == Hex || f == Blk {
		return f, nil
	}
	return "", fmt.Errorf("format %q: want hex or blk", s)
}

// Write appends a block to a file in the format hex or blk. magic is the network's four bytes.
func Write(w io.Writer, f Format, magic [4]byte, b *block.Block) error {
	raw := b.Bytes()
	var out []byte
	if f == Hex {
		out = append(hex.AppendEncode(nil, raw), '\n')
	} else {
		out = binary.LittleEndian.AppendUint32(append(out, magic[:]...), uint32(len(raw)))
		out = append(out, raw...)
	}
	_, err := w.Write(out)
	return err
}
