package ldb

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb/util"
)

// LevelDB keeps two kinds of log: the journal, with one record for each batch, and
// the manifest, with one record for each change of the list of tables. A log is
// cut into blocks of 32 KiB, a record into chunks that each lie within a block:
//
//	checksum 4 | length 2 | type 1 | length bytes      full, or first, middle…, last
//
// A crash leaves only a part of what was not synced. That is no damage: such a write was
// either not acknowledged or not promised to outlive a power cut. A wrong byte in what was
// synced is damage. LevelDB has only two answers to both, to refuse the database or to
// drop what it cannot read and go on after it, which may leave a hole in the middle of
// history. So this file checks each log before LevelDB reads it. It cuts the log at the
// first record that a crash left incomplete, and reports damage; LevelDB reads the rest
// with all its checks switched on.
//
// What was synced shows in the log itself. Every record of a manifest is synced before the
// next is written, so a record that has another after it was complete. In a journal Sync
// leaves a mark, a record of its own, and returns when the disk has everything up to it:
//
//	block | block | block, tip | mark | block | block ┊ mark | block …
//	                                                  └ the power is cut during this Sync
//
// The disk may have written the last mark before the blocks in front of it. But a mark that
// has a record after it was synced, and with it all that precedes it.
//
// A record that a crash left incomplete ends early, or has zeros where the disk was to
// write later.

const (
	logBlock    = 32 << 10
	chunkHeader = 7
	sector      = 512 // the least that a disk writes at once

	chunkFull   = 1
	chunkFirst  = 2
	chunkMiddle = 3
	chunkLast   = 4
)

// aLog is the contents of a log. In one that has marks, records were written without
// waiting for the disk, which is done at each mark; in one without, after each record.
type aLog struct {
	bytes  []byte
	marked bool
}

// intact returns how many bytes of a log are whole records. The error is not nil if a
// crash does not explain what follows them.
func (l aLog) intact() (int, error) {
	for good := 0; ; {
		begin := l.chunkAt(good)
		if begin >= len(l.bytes) {
			return good, nil
		}
		_, end, bad, err := l.record(begin)
		if err != nil {
			return good, err
		}
		if bad >= 0 {
			return good, l.truncated(bad)
		}
		good = end
	}
}

// chunkAt returns where the next chunk begins: the end of a block that has no room for a
// chunk's header is filled with zeros.
func (l aLog) chunkAt(at int) int {
	if left := logBlock - at%logBlock; left < chunkHeader {
		at += left
	}
	return at
}

// record returns the record that begins with the chunk at this offset, and where it ends;
// bad is the offset of the first chunk that is not whole, or -1. The error is not nil if
// all chunks are whole, but do not make a record.
func (l aLog) record(at int) (data []byte, end, bad int, err error) {
	for inside := false; ; inside = true {
		at = l.chunkAt(at)
		end, kind := l.chunk(at)
		if end == 0 {
			return nil, 0, at, nil
		}
		if starts := kind == chunkFull || kind == chunkFirst; starts == inside {
			return nil, 0, -1, fmt.Errorf("the chunk at byte %d is out of place", at)
		}
		data = append(data, l.bytes[at+chunkHeader:end]...)
		if kind == chunkFull || kind == chunkLast {
			return data, end, -1, nil
		}
		at = end
	}
}

// chunk returns where the chunk at this offset ends, and its type; 0 if there is no
// whole chunk with the right checksum.
func (l aLog) chunk(at int) (end int, kind byte) {
	log := l.bytes
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

// truncated returns nil if a crash explains the bad chunk at this offset and all that
// follows it, and otherwise what makes it damage.
func (l aLog) truncated(at int) error {
	marked := !l.marked // whether a record here would prove that the bad one had been synced
	for later := at + 1; later < len(l.bytes); {
		end, kind := l.chunk(later)
		if end == 0 || kind != chunkFull && kind != chunkFirst {
			later++
			continue
		}
		if marked {
			return fmt.Errorf("the record at byte %d is bad, and the one at byte %d was written after it had been synced", at, later)
		}
		data, end, bad, err := l.record(later)
		if bad >= 0 || err != nil {
			later++
			continue
		}
		marked = isMark(data)
		later = end
	}
	if len(l.bytes)-at < chunkHeader || l.cutShort(at) || l.hasHole(at) {
		return nil
	}
	return fmt.Errorf("the chunk at byte %d has a wrong checksum", at)
}

// cutShort reports whether the log ends inside the chunk. A chunk that is complete but
// for a wrong length is not cut.
func (l aLog) cutShort(at int) bool {
	log := l.bytes
	length, kind := int(binary.LittleEndian.Uint16(log[at+4:])), log[at+6]
	fits := at%logBlock+chunkHeader+length <= logBlock && kind >= chunkFull && kind <= chunkLast
	whole := binary.LittleEndian.Uint32(log[at:]) == util.NewCRC(log[at+6:]).Value()
	return fits && at+chunkHeader+length > len(log) && !whole
}

// hasHole reports whether something from this offset on was never written: the chunk's
// header is zero, or a sector is, or the rest of the sector in which the chunk begins (what
// precedes it there was synced), or all from the start of some sector to the end.
func (l aLog) hasHole(at int) bool {
	log, zero := l.bytes, make([]byte, sector)
	if bytes.Equal(log[at:at+chunkHeader], zero[:chunkHeader]) {
		return true
	}
	for at < len(log) {
		end := min((at/sector+1)*sector, len(log))
		if bytes.Equal(log[at:end], zero[:end-at]) {
			return true
		}
		at = end
	}
	return false
}
