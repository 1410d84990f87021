package blockfile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"toychain/block"
)

// Stdin is the name of a Source that reads a stream.
const Stdin = "-"

// Source yields the blocks of one file after the other.
type Source struct {
	files []string // in order; nil for the stream that Read was given
	magic [4]byte
	total int64 // bytes of all files; 0: unknown

	next      int       // index of the first file that was not opened
	open      io.Closer // the current file
	reader    *Reader   // of it; nil between two files
	bytesRead int64     // of the files before it
}

// Open returns the blocks of a file or a directory. A directory holds Core's files (blk00000.dat
// and so on) or btcd's (000000000.fdb), possibly in its subdirectory "blocks" or
// "blocks_ffldb". magic is the network's four bytes.
func Open(path string, magic [4]byte) (*Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	s := &Source{files: []string{path}, magic: magic}
	if info.IsDir() {
		if s.files, err = filesIn(path); err != nil {
			return nil, err
		}
	}
	for _, f := range s.files {
		info, err := os.Stat(f)
		if err != nil {
			return nil, err
		}
		s.total += info.Size()
	}
	return s, nil
}

// Read returns the blocks of a stream.
func Read(in io.Reader, magic [4]byte) *Source {
	return &Source{magic: magic, reader: NewReader(in, Stdin, magic, nil)}
}

// The names of Core's and btcd's files.
var (
	blkName = regexp.MustCompile(`^blk\d{5,}\.dat$`)
	fdbName = regexp.MustCompile(`^\d{9}\.fdb$`)
)

// filesIn returns the block files of a directory, in the order of their numbers.
func filesIn(dir string) ([]string, error) {
	for _, sub := range []string{"", "blocks", "blocks_ffldb"} {
		list, err := os.ReadDir(filepath.Join(dir, sub))
		if sub != "" && errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, pattern := range []*regexp.Regexp{blkName, fdbName} {
			var out []string
			for _, f := range list {
				if pattern.MatchString(f.Name()) {
					out = append(out, filepath.Join(dir, sub, f.Name()))
				}
			}
			if len(out) > 0 {
				slices.SortFunc(out, byNumber)
				return out, nil
			}
		}
	}
	return nil, fmt.Errorf("%s holds no block files: no blk00000.dat of Bitcoin Core, no 000000000.fdb of btcd", dir)
}

// byNumber compares names that differ only in their numbers, which may have different numbers of
// digits.
func byNumber(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// Next returns the next block. The error is io.EOF after the last one, a *Malformed, or the disk's.
func (s *Source) Next() (Record, error) {
	for {
		if s.reader == nil {
			if s.next == len(s.files) {
				return Record{}, io.EOF
			}
			if err := s.openNext(); err != nil {
				return Record{}, err
			}
		}
		rec, err := s.reader.Next()
		if err != io.EOF {
			return rec, err
		}
		if s.files == nil {
			return Record{}, io.EOF
		}
		s.bytesRead += s.reader.Offset()
		if err := s.Close(); err != nil {
			return Record{}, err
		}
	}
}

func (s *Source) openNext() error {
	path := s.files[s.next]
	s.next++
	key, err := os.ReadFile(filepath.Join(filepath.Dir(path), "xor.dat"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		key = nil
	case err != nil:
		return err
	case len(key) != keySize:
		return fmt.Errorf("%s has %d bytes; Core's key has %d", filepath.Join(filepath.Dir(path), "xor.dat"), len(key), keySize)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	s.open, s.reader = f, NewReader(f, path, s.magic, key)
	return nil
}

// Close closes the current file.
func (s *Source) Close() error {
	s.reader = nil
	if s.open == nil {
		return nil
	}
	err := s.open.Close()
	s.open = nil
	return err
}

// Progress returns how many bytes have been read, and of how many; 0 if that is unknown.
func (s *Source) Progress() (read, total int64) {
	read = s.bytesRead
	if s.reader != nil {
		read += s.reader.Offset()
	}
	return read, s.total
}

// Reread reads a block again.
func (s *Source) Reread(p Location) (*block.Block, error) {
	if s.files == nil {
		return nil, errors.New("a stream cannot be read twice")
	}
	f, err := os.Open(p.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw := make([]byte, p.size)
	if _, err := f.ReadAt(raw, p.at); err != nil {
		return nil, fmt.Errorf("%s: reading it again: %w", p, err)
	}
	b, err := p.parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: the file changed while it was read: %w", p, err)
	}
	return b, nil
}
