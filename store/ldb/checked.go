package ldb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	ldberrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/journal"
	"github.com/syndtr/goleveldb/leveldb/storage"
)

// Checked returns a storage whose logs end with their last whole record, so that
// LevelDB can read them strictly. Opening a file whose contents no crash explains fails
// with an error that IsCorrupted reports. The storage also syncs a journal before
// LevelDB begins the next, which LevelDB itself does not: so a later write is never on
// the disk without the earlier ones, whichever journal they are in.
func Checked(s storage.Storage) storage.Storage { return &checked{Storage: s} }

// IsCorrupted reports whether an error of LevelDB, wrapped or not, is about damage.
func IsCorrupted(err error) bool {
	var a *ldberrors.ErrCorrupted
	var b *storage.ErrCorrupted
	return errors.As(err, &a) || errors.As(err, &b)
}

type checked struct {
	storage.Storage
	journal storage.Writer // the newest, which LevelDB writes to; used by its writer alone
}

// Create implements storage.Storage.
func (c *checked) Create(fd storage.FileDesc) (storage.Writer, error) {
	if fd.Type != storage.TypeJournal {
		return c.Storage.Create(fd)
	}
	if c.journal != nil {
		if err := c.journal.Sync(); err != nil {
			return nil, err
		}
	}
	w, err := c.Storage.Create(fd)
	if err == nil {
		c.journal = w
	}
	return w, err
}

// GetMeta implements storage.Storage: it returns which manifest is current. A crash in
// the middle of making a database can leave a first manifest that CURRENT does not name
// yet: then there is no database, rather than a damaged one.
func (c *checked) GetMeta() (storage.FileDesc, error) {
	fd, err := c.Storage.GetMeta()
	if err == nil {
		return fd, nil
	}
	files, listed := c.List(storage.TypeAll)
	first := storage.FileDesc{Type: storage.TypeManifest, Num: 0}
	if listed != nil || len(files) != 1 || files[0] != first {
		return fd, err
	}
	if err := c.Remove(first); err != nil {
		return fd, err
	}
	return fd, os.ErrNotExist
}

// Open implements storage.Storage. It reads a log at once: a journal is about as large as
// the write buffer, and is read when the database is opened.
func (c *checked) Open(fd storage.FileDesc) (storage.Reader, error) {
	r, err := c.Storage.Open(fd)
	if err == nil && fd.Type == storage.TypeTable {
		if bad := checkFooter(r); bad != nil {
			r.Close()
			return nil, ldberrors.NewErrCorrupted(fd, bad) // as it is: LevelDB asks for the type
		}
	}
	if err != nil || fd.Type != storage.TypeJournal && fd.Type != storage.TypeManifest {
		return r, err
	}
	log, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	n, bad := aLog{log, fd.Type == storage.TypeJournal}.intact()
	switch {
	case bad == nil && fd.Type == storage.TypeManifest:
		bad = c.checkManifest(log[:n])
	case bad == nil && n < len(log):
		bad = c.checkLast(fd)
	}
	if bad != nil {
		return nil, ldberrors.NewErrCorrupted(fd, bad)
	}
	return inMemory{bytes.NewReader(log[:n])}, nil
}

// checkLast returns an error if anything was written after a truncated journal.
func (c *checked) checkLast(cut storage.FileDesc) error {
	files, err := c.List(storage.TypeJournal)
	if err != nil {
		return err
	}
	for _, fd := range files {
		if fd.Num <= cut.Num {
			continue
		}
		r, err := c.Storage.Open(fd)
		if err != nil {
			return err
		}
		size, err := r.Seek(0, io.SeekEnd)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		if size > 0 {
			return fmt.Errorf("its last record is truncated, and %s was written after it", fd)
		}
	}
	return nil
}

// checkManifest returns an error if the journal that the manifest names is missing:
// LevelDB itself would go on without its contents.
func (c *checked) checkManifest(log []byte) error {
	num, err := journalOf(log)
	if err != nil || num == 0 { // 0 is in the first manifest, before there is a journal
		return err
	}
	files, err := c.List(storage.TypeJournal)
	if err != nil {
		return err
	}
	want := storage.FileDesc{Type: storage.TypeJournal, Num: num}
	if slices.Contains(files, want) {
		return nil
	}
	return fmt.Errorf("it names the journal %s, which is missing", want)
}

// manifestFields has for each field of a manifest's records what it consists of: n is a
// number, b bytes after their length.
var manifestFields = map[uint64]string{
	1: "b",     // name of the order of keys
	2: "n",     // journal number
	3: "n",     // next file number
	4: "n",     // sequence number
	5: "nb",    // level, key up to which it was compacted
	6: "nn",    // level, table that is gone
	7: "nnnbb", // level, table that is new, its size, first and last key
	9: "n",     // previous journal number
}

const manifestJournal = 2

// journalOf returns the number of the oldest journal whose batches are not in tables yet.
func journalOf(log []byte) (num int64, err error) {
	records := journal.NewReader(bytes.NewReader(log), nil, true, true)
	for {
		record, err := records.Next()
		if err == io.EOF {
			return num, nil
		}
		if err != nil {
			return 0, err
		}
		b, err := io.ReadAll(record)
		if err != nil {
			return 0, err
		}
		for len(b) > 0 {
			if b, num, err = skipField(b, num); err != nil {
				return 0, err
			}
		}
	}
}

// skipField returns what follows a manifest's first field, and the journal's number, the
// new one if the field sets it.
func skipField(b []byte, num int64) (rest []byte, journal int64, err error) {
	field, b, err := number(b, 1<<10)
	if err != nil {
		return nil, 0, err
	}
	kinds, known := manifestFields[field]
	if !known {
		return nil, 0, fmt.Errorf("field %d is unknown", field)
	}
	for _, kind := range kinds {
		var n uint64
		if n, b, err = number(b, 1<<62); err != nil {
			return nil, 0, err
		}
		if kind == 'b' {
			if n > uint64(len(b)) {
				return nil, 0, errField
			}
			b = b[n:]
		}
		if field == manifestJournal {
			num = int64(n)
		}
	}
	return b, num, nil
}

var errField = errors.New("a number is malformed")

// number reads a varint of at most this value, and returns what follows it.
func number(b []byte, most uint64) (n uint64, rest []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > most {
		return 0, nil, errField
	}
	return n, b[size:], nil
}

// A table ends with offset and length of its two directories, then zeros and a magic
// number: 48 bytes, the only ones without a checksum.
const (
	tableFooter  = 48
	blockTrailer = 5 // after each block: how it is compressed, and its checksum
)

// checkFooter returns an error unless both directories lie inside the table: LevelDB
// itself would allocate whatever length it finds there.
func checkFooter(r storage.Reader) error {
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	footer := make([]byte, tableFooter)
	if size < tableFooter {
		return errors.New("too short for a table")
	}
	if _, err := r.ReadAt(footer, size-tableFooter); err != nil && err != io.EOF {
		return err
	}
	most := uint64(size - tableFooter)
	for range 2 {
		var at [2]uint64 // offset, length
		for i := range at {
			if at[i], footer, err = number(footer, most); err != nil {
				return fmt.Errorf("its footer: %w", err)
			}
		}
		if at[0]+at[1]+blockTrailer > most {
			return errors.New("its footer points outside of it")
		}
	}
	return nil
}

// inMemory is a file that was read at once.
type inMemory struct{ *bytes.Reader }

// Close implements io.Closer.
func (inMemory) Close() error { return nil }
