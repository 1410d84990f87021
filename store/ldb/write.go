package ldb

import (
	"bytes"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
)

// Write hands a batch to the system: it outlives the process, however that ends, and a
// power cut once Sync has returned. Batches are safe in the order of their writing: if one
// is there after a power cut, all before it are.
func Write(db *leveldb.DB, b *leveldb.Batch) error {
	return db.Write(b, &opt.WriteOptions{NoWriteMerge: true}) // one record for each batch
}

// Sync returns when everything that was written before is safe from a power cut.
func Sync(db *leveldb.DB) error {
	var b leveldb.Batch
	b.Delete(markKey)
	return db.Write(&b, &opt.WriteOptions{NoWriteMerge: true, Sync: true})
}

// markKey is the key that Sync deletes, though it is never there: what is left of that is
// a record in the journal, the mark.
var markKey = []byte("\x00synced")

// batchHeader is what LevelDB puts before a batch in the journal: the number of its first
// write in eight bytes, and how many there are in four.
const batchHeader = 12

// isMark reports whether a journal's record is one that Sync wrote.
func isMark(record []byte) bool {
	var b leveldb.Batch
	b.Delete(markKey)
	return len(record) > batchHeader && bytes.Equal(record[batchHeader:], b.Dump())
}
