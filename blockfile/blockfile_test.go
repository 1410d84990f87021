package blockfile

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"toychain/block"
)

var magic = [4]byte{0xfa, 0xbf, 0xb5, 0xda}

// line makes n blocks, each on the one before; the first is on parent. They break every
// rule there is, which is nobody's business here.
func line(parent block.Hash, n int) (out []*block.Block) {
	for i := range n {
		b := &block.Block{Header: block.Header{Version: 4, Prev: parent, Nonce: uint32(i)}, Txs: []*block.Tx{{
			Version: 1, Inputs: []block.Input{{Script: []byte{1, byte(i)}}}, Outputs: []block.Output{{Value: 50, Script: make([]byte, i*7%100)}},
		}}}
		out = append(out, b)
		parent = b.Hash()
	}
	return out
}

// write makes the bytes of a file.
func write(t testing.TB, f Format, blocks ...*block.Block) []byte {
	var out bytes.Buffer
	for _, b := range blocks {
		if f != FDB {
			if err := Write(&out, f, magic, b); err != nil {
				t.Fatal(err)
			}
			continue
		}
		at := out.Len()
		if err := Write(&out, Blk, magic, b); err != nil {
			t.Fatal(err)
		}
		sum := crc32.Checksum(out.Bytes()[at:], crc32.MakeTable(crc32.Castagnoli))
		out.Write(binary.BigEndian.AppendUint32(nil, sum))
	}
	return out.Bytes()
}

// disguise does what Core does since 28.
func disguise(file, key []byte) []byte {
	out := bytes.Clone(file)
	for i := range out {
		out[i] ^= key[i%8]
	}
	return out
}

func readAll(next func() (Record, error)) (out []*block.Block, err error) {
	for {
		rec, err := next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, rec.Block)
	}
}

func same(got, want []*block.Block) bool {
	return slices.EqualFunc(got, want, func(a, b *block.Block) bool { return bytes.Equal(a.Bytes(), b.Bytes()) })
}

// TestFormats: each is told from the others by its bytes alone.
func TestFormats(t *testing.T) {
	blocks := line(block.Hash{}, 40)
	blk := write(t, Blk, blocks...)
	one := write(t, Blk, blocks[0])
	zeros := make([]byte, 5000)
	key := []byte{1, 2, 0xfa ^ 0xbf, 3, 4, 5, 6, 7}
	nulls := append([]byte{magic[0]}, key[1:]...) // makes the first byte of the first block 0
	hexFile := "\n# made by hand\n" + strings.ToUpper(string(write(t, Hex, blocks[:20]...))) + "\n" +
		strings.TrimSuffix(strings.ReplaceAll(string(write(t, Hex, blocks[20:]...)), "\n", " \r\n"), " \r\n")
	for _, c := range []struct {
		name string
		file []byte
		key  []byte
		want Format
		n    int
	}{
		{"hex", write(t, Hex, blocks...), nil, Hex, 40},
		{"hex by hand", []byte(hexFile), key, Hex, 40},
		{"blk", blk, nil, Blk, 40},
		{"one", one, nil, Blk, 1},
		{"made longer", append(bytes.Clone(blk), zeros...), nil, Blk, 40},
		{"after a crash", slices.Concat(blk[:len(one)], zeros, blk[len(one):]), nil, Blk, 40},
		{"nothing yet", zeros, key, Blk, 0},
		{"xored", append(disguise(blk, key), zeros...), key, Blk, 40},
		{"xored to zeros", append(disguise(blk, nulls), zeros...), nulls, Blk, 40},
		{"not xored, beside a key", append(bytes.Clone(blk), zeros...), key, Blk, 40},
		{"btcd", write(t, FDB, blocks...), nil, FDB, 40},
		{"btcd, one", write(t, FDB, blocks[0]), nil, FDB, 1},
		{"empty", nil, nil, "", 0},
	} {
		r := NewReader(bytes.NewReader(c.file), c.name, magic, c.key)
		got, err := readAll(r.Next)
		if err != nil || !same(got, blocks[:c.n]) || r.format != c.want || r.Offset() != int64(len(c.file)) {
			t.Errorf("%s: %d blocks of %s, up to %d of %d: %v", c.name, len(got), r.format, r.Offset(), len(c.file), err)
		}
	}
}

// TestBad: what is wrong is named with its place, and all before it was returned.
func TestBad(t *testing.T) {
	blocks := line(block.Hash{}, 3)
	blk, fdb, lines := write(t, Blk, blocks...), write(t, FDB, blocks...), write(t, Hex, blocks...)
	second := len(write(t, Blk, blocks[0]))
	changed := func(file []byte, at int, to ...byte) []byte {
		out := bytes.Clone(file)
		copy(out[at:], to)
		return out
	}
	for _, c := range []struct {
		file string
		data []byte
		n    int
		want string
	}{
		{"a", blk[:second+3], 1, fmt.Sprintf("a: byte %d: fabfb5, where a block should begin with fabfb5da", second)},
		{"a", blk[:second+7], 1, "in the middle of a block's length"},
		{"a", blk[:second+100], 1, fmt.Sprintf("a: byte %d: the file ends after 92 of a block's", second)},
		{"a", changed(blk, second, 0xf9, 0xbe), 1, "f9beb5da, where a block should begin with fabfb5da"},
		{"a", changed(blk, second+4, 80, 0, 0, 0), 1, "a block of 80 bytes; want 81 to 4000000"},
		{"a", changed(blk, second+4, 0, 0, 0, 0x7f), 1, "a block of 2130706432 bytes"},
		{"a", changed(blk, second+8+80, 9), 1, fmt.Sprintf("a: byte %d: block: ", second)},
		{"a", append(bytes.Clone(blk), 0, 0, 0, 1), 3, fmt.Sprintf("a: byte %d: 01, where", len(blk)+3)},
		{"a.fdb", changed(fdb, second, 1), 0, "a.fdb: byte 0: the block has the checksum"},
		{"a", changed(fdb, second+4+30, 1), 1, "the block has the checksum"},
		{"a", fdb[:len(fdb)-2], 2, "the file ends before the block's checksum"},
		{"a", changed(lines, bytes.IndexByte(lines, '\n')+2, 'x'), 1, "a: line 2: not hex"},
		{"a", changed(lines, bytes.IndexByte(lines, '\n')+201, '\n'), 1, "a: line 2: block: "},
		{"a", []byte("Once upon a time"), 0, "a: byte 0: it begins with 4f6e6365: that is neither hex digits nor fabfb5da"},
		{"a", []byte{0xfa, 0xbf}, 0, "truncated"},
		{"a", bytes.Repeat([]byte("0"), maxLine+1), 0, "a: line 1: a line of more than"},
	} {
		got, err := readAll(NewReader(bytes.NewReader(c.data), c.file, magic, nil).Next)
		var bad *Malformed
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || !same(got, blocks[:c.n]) {
			t.Errorf("%d blocks, then %v; want %d, then %q", len(got), err, c.n, c.want)
		}
	}
	var other *WrongMagic
	_, err := NewReader(bytes.NewReader([]byte{0xf9, 0xbe, 0xb4, 0xd9, 0}), "a", magic, nil).Next()
	if !errors.As(err, &other) || other.Got != [4]byte{0xf9, 0xbe, 0xb4, 0xd9} {
		t.Errorf("another network's file: %v", err)
	}
}

func put(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// nobody knows no blocks.
func nobody(block.Hash) (bool, error) { return false, nil }

// TestFolders: Core's and btcd's files, in order of their numbers, with a key or not.
func TestFolders(t *testing.T) {
	blocks := line(block.Hash{}, 30)
	key := []byte{9, 8, 7, 6, 5, 4, 3, 2}
	for sub, files := range map[string]map[string][]byte{
		"": {"blk00000.dat": write(t, Blk, blocks[:10]...), "blk00001.dat": write(t, Blk, blocks[10:]...),
			"rev00000.dat": []byte("undo data"), "blk00002.dat.bak": []byte("x"), "index/CURRENT": nil},
		"blocks": {"blk99999.dat": disguise(write(t, Blk, blocks[:10]...), key), "xor.dat": key,
			"blk100000.dat": disguise(write(t, Blk, blocks[10:]...), key)},
		"blocks_ffldb": {"000000000.fdb": write(t, FDB, blocks[:10]...), "000000001.fdb": write(t, FDB, blocks[10:]...),
			"metadata/CURRENT": nil},
	} {
		dir, total := t.TempDir(), int64(0)
		for name, data := range files {
			put(t, filepath.Join(dir, sub), name, data)
			if strings.HasSuffix(name, ".fdb") || strings.HasPrefix(name, "blk") && !strings.HasSuffix(name, ".bak") {
				total += int64(len(data))
			}
		}
		s, err := Open(dir, magic)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(NewOrder(s, nobody).Next)
		if err != nil || !same(got, blocks) {
			t.Errorf("%q: %d blocks, %v", sub, len(got), err)
		}
		if read, of := s.Progress(); read != total || of != total {
			t.Errorf("%q: read %d of %d bytes, want %d", sub, read, of, total)
		}
	}
	dir := t.TempDir()
	if _, err := Open(dir, magic); err == nil || !strings.Contains(err.Error(), "no blk00000.dat") {
		t.Errorf("an empty folder: %v", err)
	}
	put(t, dir, "blk00000.dat", nil)
	put(t, dir, "xor.dat", key[:7])
	s, err := Open(dir, magic)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); err == nil || !strings.Contains(err.Error(), "xor.dat has 7 bytes") {
		t.Errorf("a short key: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none"), magic); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
}

// TestOrder: blocks that stand before their parents wait for them, over the ends of
// files, and are read again from whatever format they are in.
func TestOrder(t *testing.T) {
	blocks := line(block.Hash{7}, 12)
	side := line(blocks[3].Hash(), 3)
	mixed := []*block.Block{blocks[11], side[1], blocks[2], side[2], blocks[10], blocks[0], blocks[1], blocks[4], blocks[3],
		blocks[9], blocks[8], side[0], blocks[6], blocks[7], blocks[5]}
	key := []byte{9, 8, 7, 6, 5, 4, 3, 2}
	for name, files := range map[string]map[string][]byte{
		"hex":   {"a": write(t, Hex, mixed...)},
		"blk":   {"a": write(t, Blk, mixed...)},
		"xored": {"a/blk00000.dat": disguise(write(t, Blk, mixed[:6]...), key), "a/blk00001.dat": disguise(write(t, Blk, mixed[6:]...), key), "a/xor.dat": key},
		"btcd":  {"a/000000000.fdb": write(t, FDB, mixed[:3]...), "a/000000001.fdb": write(t, FDB, mixed[3:]...)},
	} {
		dir := t.TempDir()
		for file, data := range files {
			put(t, dir, file, data)
		}
		s, err := Open(filepath.Join(dir, "a"), magic)
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		got, err := readAll(NewOrder(s, func(h block.Hash) (bool, error) { asked++; return h == block.Hash{7}, nil }).Next)
		if err != nil || len(got) != len(mixed) {
			t.Fatalf("%s: %d blocks, %v", name, len(got), err)
		}
		have := map[block.Hash]bool{{7}: true}
		for i, b := range got {
			if !have[b.Header.Prev] {
				t.Fatalf("%s: block %d before its parent", name, i)
			}
			have[b.Hash()] = true
		}
		if asked > len(mixed) {
			t.Errorf("%s: asked %d times for parents", name, asked)
		}
	}
}

func TestMissing(t *testing.T) {
	blocks := line(block.Hash{7}, 4)
	path := filepath.Join(t.TempDir(), "a")
	put(t, filepath.Dir(path), "a", write(t, Hex, blocks[1:]...))
	s, err := Open(path, magic)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readAll(NewOrder(s, nobody).Next)
	var m *MissingParents
	if len(got) != 0 || !errors.As(err, &m) || m.Count != 3 || m.First.Line != 1 || m.Parent != blocks[0].Hash() {
		t.Errorf("%d blocks, %v", len(got), err)
	}
	// What comes from a pipe cannot be read again.
	_, err = readAll(NewOrder(Read(bytes.NewReader(write(t, Hex, blocks[1:]...)), magic), nobody).Next)
	if err == nil || !strings.Contains(err.Error(), "-: line 1: its parent") {
		t.Errorf("from a pipe: %v", err)
	}
	broken := errors.New("broken")
	_, err = NewOrder(Read(bytes.NewReader(write(t, Hex, blocks...)), magic), func(block.Hash) (bool, error) { return false, broken }).Next()
	if !errors.Is(err, broken) {
		t.Errorf("nobody to ask: %v", err)
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range []Format{Hex, Blk} {
		if got, err := ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("%s: %s, %v", f, got, err)
		}
	}
	for _, s := range []string{"", "fdb", "HEX"} {
		if _, err := ParseFormat(s); err == nil {
			t.Errorf("%q is a format", s)
		}
	}
}

// FuzzReader: whatever a file holds, reading it ends, each block is where its Place
// says, and what can be read is read again from what Write makes of it.
func FuzzReader(f *testing.F) {
	blocks := line(block.Hash{}, 3)
	key := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	f.Add(write(f, Hex, blocks...), []byte{})
	f.Add(append(write(f, Blk, blocks...), make([]byte, 20)...), []byte{})
	f.Add(append(disguise(write(f, Blk, blocks...), key), make([]byte, 20)...), key)
	f.Add(write(f, FDB, blocks...), []byte{})
	f.Add([]byte("# nothing\n\nff"), key)
	f.Fuzz(func(t *testing.T, file, key []byte) {
		if len(key) != keySize {
			key = nil
		}
		r := NewReader(bytes.NewReader(file), "file", magic, key)
		var got []*block.Block
		for last := int64(-1); ; {
			rec, err := r.Next()
			if err != nil {
				var bad *Malformed
				if err != io.EOF && !errors.As(err, &bad) {
					t.Fatalf("%v", err)
				}
				break
			}
			p := rec.Location
			if p.Offset <= last || r.Offset() > int64(len(file)) {
				t.Fatalf("a block at %d after one at %d, read up to %d of %d", p.Offset, last, r.Offset(), len(file))
			}
			last = p.Offset
			b, err := p.parse(file[p.at : p.at+int64(p.size)])
			if err != nil || b.Hash() != rec.Block.Hash() {
				t.Fatalf("read again at %s: %v", p, err)
			}
			got = append(got, rec.Block)
		}
		for _, format := range []Format{Hex, Blk} {
			again, err := readAll(NewReader(bytes.NewReader(write(t, format, got...)), "again", magic, nil).Next)
			if err != nil || !same(again, got) {
				t.Fatalf("%s: %d blocks of %d, %v", format, len(again), len(got), err)
			}
		}
	})
}

func ExampleReader() {
	file := strings.NewReader("# Bitcoin's first block has 285 bytes.\n" + hex.EncodeToString(line(block.Hash{}, 1)[0].Bytes()) + "\n")
	r := NewReader(file, "chain.hex", magic, nil)
	rec, err := r.Next()
	fmt.Println(rec.Location, err)
	// Output: chain.hex: line 2 <nil>
}
