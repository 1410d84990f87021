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
// A crash in the middle of a write leaves a record without its end. That is no
// damage: it was not synced, so its write was never acknowledged. A record with a
// wrong byte is damage. LevelDB has only two answers to both, to refuse the database
// or to drop what it cannot read and go on after it, which may leave a hole in the
// middle of history. So this file checks each log before LevelDB reads it. It cuts a
// truncated record off and reports damage; LevelDB reads the rest with all its checks
// switched on.
//
// What tells them apart is that each record is synced before the next is written: a
// record that has another after it was complete. The last record, if a crash truncated
// it, ends early, or has zeros where the disk was to write later.

const (
	logBlock    = 32 << 10
	chunkHeader = 7
	sector      = 512 // the least that a disk writes at once

	chunkFull   = 1
	chunkFirst  = 2
	chunkMiddle = 3
	chunkLast   = 4
)

// intact returns how many bytes of a log are whole records. The error is not nil if a
// crash does not explain what follows them.
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
			return good, truncated(log, at)
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

// chunk returns where the chunk at this offset ends, and its type; 0 if there is no
// whole chunk with the right checksum.
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

// truncated returns nil if what begins with a bad chunk can be the end of a record that
// was being written when everything stopped, and otherwise what makes it damage.
func truncated(log []byte, at int) error {
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

// cutShort reports whether the log ends inside the chunk. A chunk that is complete but
// for a wrong length is not cut.
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
