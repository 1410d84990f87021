package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/journal"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/table"
	"github.com/syndtr/goleveldb/leveldb/util"
)

// wreck is a damaged database, read file by file: whatever has its checksum right
// is returned, be it the newest word on its key or an old one, and whatever has not
// is passed over. It changes nothing.
type wreck struct {
	storage.Storage
	unread []string // what could not be read, for people
}

// each calls f with every key and value that can be read, and the number that
// LevelDB gave to the write: of two values of one key the higher is the newer. The
// slices are f's until it returns. The error is f's.
func (w *wreck) each(f func(key, value []byte, seq uint64) error) error {
	w.unread = nil
	for _, kind := range []storage.FileType{storage.TypeTable, storage.TypeJournal} {
		files, err := w.List(kind)
		if err != nil {
			return fmt.Errorf("data folder: %w", err)
		}
		slices.SortFunc(files, func(a, b storage.FileDesc) int { return int(a.Num - b.Num) })
		for _, fd := range files {
			read := w.table
			if kind == storage.TypeJournal {
				read = w.journal
			}
			if err := w.file(fd, read, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// visit is what each calls.
type visit = func(key, value []byte, seq uint64) error

// errVisit marks an error of the visitor: the file is not to blame.
type errVisit struct{ error }

func (w *wreck) file(fd storage.FileDesc, read func(storage.Reader, storage.FileDesc, visit) error, f visit) error {
	r, err := w.Open(fd)
	if err != nil {
		w.lost(fd, err)
		return nil
	}
	err = read(r, fd, func(key, value []byte, seq uint64) error {
		if err := f(key, value, seq); err != nil {
			return errVisit{err}
		}
		return nil
	})
	r.Close()
	var theirs errVisit
	if errors.As(err, &theirs) {
		return theirs.error
	}
	if err != nil {
		w.lost(fd, err)
	}
	return nil
}

func (w *wreck) lost(fd storage.FileDesc, err error) {
	w.unread = append(w.unread, fmt.Sprintf("%s: %v", fd, err))
}

// table reads what it can of a table. LevelDB's own keys are ours followed by a
// number, the write's times 256 and 1 for a value, 0 for a deletion.
func (w *wreck) table(r storage.Reader, fd storage.FileDesc, f visit) error {
	if err := checkFooter(r); err != nil {
		return err
	}
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	o := &opt.Options{Strict: opt.StrictBlockChecksum}
	t, err := table.NewReader(r, size, fd, nil, util.NewBufferPool(o.GetBlockSize()+5), o)
	if err != nil {
		return err
	}
	defer t.Release()
	it := t.NewIterator(nil, nil)
	defer it.Release()
	if c, ok := it.(interface{ SetErrorCallback(func(error)) }); ok {
		c.SetErrorCallback(func(err error) { w.lost(fd, err) })
	}
	for it.Next() {
		key := it.Key()
		if len(key) < 8 {
			continue
		}
		number := binary.LittleEndian.Uint64(key[len(key)-8:])
		if number&0xff != 1 {
			continue
		}
		if err := f(key[:len(key)-8], it.Value(), number>>8); err != nil {
			return err
		}
	}
	return it.Error()
}

// journal reads the batches that it can. Each begins with the number of its first
// write and how many there are.
func (w *wreck) journal(r storage.Reader, fd storage.FileDesc, f visit) error {
	records := journal.NewReader(r, dropped{w, fd}, false, true)
	for {
		record, err := records.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		b, err := io.ReadAll(record)
		if err != nil || len(b) < 12 {
			continue // reported by dropped
		}
		var batch leveldb.Batch
		if err := batch.Load(b[12:]); err != nil {
			w.lost(fd, err)
			continue
		}
		v := visitor{f: f, seq: binary.LittleEndian.Uint64(b)}
		if err := batch.Replay(&v); err != nil {
			return err
		}
		if v.err != nil {
			return v.err
		}
	}
}

// dropped is told what a journal's reader passes over.
type dropped struct {
	w  *wreck
	fd storage.FileDesc
}

func (d dropped) Drop(err error) { d.w.lost(d.fd, err) }

// visitor is a batch's replay.
type visitor struct {
	f   visit
	seq uint64
	err error
}

func (v *visitor) Put(key, value []byte) {
	if v.err == nil {
		v.err = v.f(key, value, v.seq)
	}
	v.seq++
}

func (v *visitor) Delete([]byte) { v.seq++ }
