package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	ldberrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/journal"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/util"
)

// LevelDB keeps two kinds of log: the journal, with one record for each batch, and
// the manifest, with one record for each change of the list of tables. A log is
// cut into blocks of 32 KiB, a record into chunks that each lie within a block:
//
//	checksum 4 | length 2 | type 1 | length bytes      full, or first, middle…, last
//
// A crash in the middle of a write leaves a record without its end. That is no
// damage: it was not synced, so nobody was told that it had been written. A record
// with a wrong byte is damage. LevelDB itself knows only two answers to both, to
// refuse the database or to drop what it cannot read and go on after it, which may
// leave a hole in the middle of history. So this file looks at each log before
// LevelDB does. It cuts a torn record off and reports damage; LevelDB reads the
// rest with every check switched on.
//
// What tells them apart is that each record is synced before the next is written:
// whatever has a record after it was complete. Of the last record, a torn one
// ends early, or has zeros where the disk was to write later.

const (
	logBlock    = 32 << 10
	chunkHeader = 7
	sector      = 512 // the least that a disk writes at once

	chunkFull   = 1
	chunkFirst  = 2
	chunkMiddle = 3
	chunkLast   = 4
)

// intact returns how many bytes of a log are whole records. An error says that
// what follows them is not what a crash leaves.
func intact(log []byte) (int, error) {
	good, inside := 0, false // end of the last whole record; whether another has begun
	for at := 0; ; {
		if left := logBlock - at%logBlock; left < chunkHeader {
			at += left // filled up with zeros
		}
		if at >= len(log) {
			return good, nil
		}
		end, kind := chunk(log, at)
		if end == 0 {
			return good, torn(log, at)
		}
		if starts := kind == chunkFull || kind == chunkFirst; starts == inside {
			return good, fmt.Errorf("the chunk at byte %d is out of place", at)
		}
		at, inside = end, kind == chunkFirst || kind == chunkMiddle
		if !inside {
			good = end
		}
	}
}

// chunk returns where the chunk at this place ends and its kind; 0 if there is no
// whole one with the right checksum.
func chunk(log []byte, at int) (end int, kind byte) {
	if at+chunkHeader > len(log) {
		return 0, 0
	}
	length := int(binary.LittleEndian.Uint16(log[at+4:]))
	kind = log[at+6]
	end = at + chunkHeader + length
	if kind < chunkFull || kind > chunkLast || end > len(log) || at%logBlock+chunkHeader+length > logBlock {
		return 0, 0
	}
	if binary.LittleEndian.Uint32(log[at:]) != util.NewCRC(log[at+6:end]).Value() {
		return 0, 0
	}
	return end, kind
}

// torn decides whether what begins with a bad chunk can be the end of a record
// that was being written when everything stopped.
func torn(log []byte, at int) error {
	for later := at + 1; later < len(log); later++ {
		if end, kind := chunk(log, later); end != 0 && (kind == chunkFull || kind == chunkFirst) {
			return fmt.Errorf("the record at byte %d is bad, and the one at byte %d was written after it", at, later)
		}
	}
	rest := log[at:]
	if len(rest) < chunkHeader || cutShort(log, at) || hasHole(log, at) {
		return nil
	}
	return fmt.Errorf("the chunk at byte %d has a wrong checksum", at)
}

// cutShort reports whether the log ends inside the chunk. A chunk that is all there
// but for a wrong length is not cut.
func cutShort(log []byte, at int) bool {
	length, kind := int(binary.LittleEndian.Uint16(log[at+4:])), log[at+6]
	fits := at%logBlock+chunkHeader+length <= logBlock && kind >= chunkFull && kind <= chunkLast
	whole := binary.LittleEndian.Uint32(log[at:]) == util.NewCRC(log[at+6:]).Value()
	return fits && at+chunkHeader+length > len(log) && !whole
}

// hasHole reports whether something after at was never written: the chunk's header
// is zero, or a sector is, or all from the start of some sector to the end.
func hasHole(log []byte, at int) bool {
	zero := make([]byte, sector)
	if bytes.Equal(log[at:at+chunkHeader], zero[:chunkHeader]) {
		return true
	}
	for i := (at + sector - 1) / sector * sector; i < len(log); i += sector {
		part := log[i:min(i+sector, len(log))]
		if bytes.Equal(part, zero[:len(part)]) {
			return true
		}
	}
	return false
}

// guard is a storage whose logs end with their last whole record.
type guard struct{ storage.Storage }

// GetMeta returns which manifest is current. A crash in the middle of making a
// database can leave a first manifest that nothing names yet: then there is no
// database, rather than a damaged one.
func (g guard) GetMeta() (storage.FileDesc, error) {
	fd, err := g.Storage.GetMeta()
	if err == nil {
		return fd, nil
	}
	files, listed := g.List(storage.TypeAll)
	first := storage.FileDesc{Type: storage.TypeManifest, Num: 0}
	if listed != nil || len(files) != 1 || files[0] != first {
		return fd, err
	}
	if err := g.Remove(first); err != nil {
		return fd, err
	}
	return fd, os.ErrNotExist
}

// Open opens a file. Of a log it reads everything at once: a journal is about as
// large as the write buffer, and is read when the database is opened.
func (g guard) Open(fd storage.FileDesc) (storage.Reader, error) {
	r, err := g.Storage.Open(fd)
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
	n, bad := intact(log)
	switch {
	case bad == nil && fd.Type == storage.TypeManifest:
		bad = g.checkManifest(log[:n])
	case bad == nil && n < len(log):
		bad = g.checkLast(fd)
	}
	if bad != nil {
		return nil, ldberrors.NewErrCorrupted(fd, bad)
	}
	return &whole{bytes.NewReader(log[:n])}, nil
}

// checkLast makes sure that nothing was written after a torn journal.
func (g guard) checkLast(torn storage.FileDesc) error {
	files, err := g.List(storage.TypeJournal)
	if err != nil {
		return err
	}
	for _, fd := range files {
		if fd.Num <= torn.Num {
			continue
		}
		r, err := g.Storage.Open(fd)
		if err != nil {
			return err
		}
		size, err := r.Seek(0, io.SeekEnd)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		if size > 0 {
			return fmt.Errorf("its last record is torn, and %s was written after it", fd)
		}
	}
	return nil
}

// checkManifest makes sure that the journal which the manifest counts on is there:
// LevelDB itself would go on without what was in it.
func (g guard) checkManifest(log []byte) error {
	num, err := journalOf(log)
	if err != nil || num == 0 { // 0 is in the first manifest, before there is a journal
		return err
	}
	files, err := g.List(storage.TypeJournal)
	if err != nil {
		return err
	}
	want := storage.FileDesc{Type: storage.TypeJournal, Num: num}
	for _, fd := range files {
		if fd == want {
			return nil
		}
	}
	return fmt.Errorf("it names the journal %s, which is missing", want)
}

// The fields of a manifest's records, and which of the three kinds each is made of.
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

// journalOf returns the number of the oldest journal that is not in tables yet.
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
		for r := (reader{b: b}); len(r.b) > 0; {
			field := r.uvarint(1 << 10)
			kinds, known := manifestFields[field]
			if !known {
				return 0, fmt.Errorf("field %d is unknown", field)
			}
			for _, kind := range kinds {
				n := r.uvarint(1 << 62)
				if kind == 'b' {
					r.take(int(n))
				}
				if field == manifestJournal {
					num = int64(n)
				}
			}
			if r.err != nil {
				return 0, r.err
			}
		}
	}
}

// A table ends with where its two directories are, offset and length each, then
// zeros and a magic number: 48 bytes, the only ones without a checksum.
const (
	tableFooter  = 48
	blockTrailer = 5 // after each block: how it is compressed, and its checksum
)

// checkFooter makes sure that both directories lie inside the table: LevelDB itself
// would allocate whatever length it finds there.
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
	for f, i := (reader{b: footer}), 0; i < 2; i++ {
		offset, length := f.uvarint(most), f.uvarint(most)
		if f.err != nil || offset+length+blockTrailer > most {
			return errors.New("its footer points outside of it")
		}
	}
	return nil
}

// whole is a file in memory.
type whole struct{ *bytes.Reader }

func (*whole) Close() error { return nil }
