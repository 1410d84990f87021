package ldb

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

// Recovery reads a damaged database file by file. It returns every value whose checksum
// is right, whether it is the newest of its key or an older one, passes over the rest,
// and changes nothing.
type Recovery struct {
	Storage storage.Storage
	Unread  []string // what the last Each could not read, for people
}

// A Visit is called with a key, a value, and the number that LevelDB gave to the write:
// of two values of one key the one with the higher number is newer. Both slices are valid
// until it returns.
type Visit = func(key, value []byte, seq uint64) error

// Each calls f with every key and value that can be read. An error of f ends it and is
// returned.
func (r *Recovery) Each(f Visit) error {
	r.Unread = nil
	for _, kind := range []storage.FileType{storage.TypeTable, storage.TypeJournal} {
		files, err := r.Storage.List(kind)
		if err != nil {
			return wrap(err)
		}
		slices.SortFunc(files, func(a, b storage.FileDesc) int { return int(a.Num - b.Num) })
		for _, fd := range files {
			read := r.table
			if kind == storage.TypeJournal {
				read = r.journal
			}
			if err := r.file(fd, read, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// errVisit marks an error of the visitor: the file is not the cause.
type errVisit struct{ error }

// file reads what it can of a file.
func (r *Recovery) file(fd storage.FileDesc, read func(storage.Reader, storage.FileDesc, Visit) error, f Visit) error {
	opened, err := r.Storage.Open(fd)
	if err != nil {
		r.lost(fd, err)
		return nil
	}
	err = read(opened, fd, func(key, value []byte, seq uint64) error {
		if err := f(key, value, seq); err != nil {
			return errVisit{err}
		}
		return nil
	})
	opened.Close()
	var visit errVisit
	if errors.As(err, &visit) {
		return visit.error
	}
	if err != nil {
		r.lost(fd, err)
	}
	return nil
}

// lost records what could not be read.
func (r *Recovery) lost(fd storage.FileDesc, err error) {
	r.Unread = append(r.Unread, fmt.Sprintf("%s: %v", fd, err))
}

// table reads what it can of a table. LevelDB's own keys are the caller's followed by a
// number: the write's times 256, plus 1 for a value, 0 for a deletion.
func (r *Recovery) table(file storage.Reader, fd storage.FileDesc, f Visit) error {
	if err := checkFooter(file); err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	o := &opt.Options{Strict: opt.StrictBlockChecksum}
	t, err := table.NewReader(file, size, fd, nil, util.NewBufferPool(o.GetBlockSize()+5), o)
	if err != nil {
		return err
	}
	defer t.Release()
	it := t.NewIterator(nil, nil)
	defer it.Release()
	if c, ok := it.(interface{ SetErrorCallback(func(error)) }); ok {
		c.SetErrorCallback(func(err error) { r.lost(fd, err) })
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
func (r *Recovery) journal(file storage.Reader, fd storage.FileDesc, f Visit) error {
	records := journal.NewReader(file, dropped{r, fd}, false, true)
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
			r.lost(fd, err)
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

// dropped implements journal.Dropper: it records what a journal's reader passes over.
type dropped struct {
	r  *Recovery
	fd storage.FileDesc
}

// Drop implements journal.Dropper.
func (d dropped) Drop(err error) { d.r.lost(d.fd, err) }

// visitor implements leveldb.BatchReplay: it calls f with what a batch puts.
type visitor struct {
	f   Visit
	seq uint64
	err error
}

// Put implements leveldb.BatchReplay.
func (v *visitor) Put(key, value []byte) {
	if v.err == nil {
		v.err = v.f(key, value, v.seq)
	}
	v.seq++
}

// Delete implements leveldb.BatchReplay.
func (v *visitor) Delete([]byte) { v.seq++ }
