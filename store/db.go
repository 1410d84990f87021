package store

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/syndtr/goleveldb/leveldb"
	ldberrors "github.com/syndtr/goleveldb/leveldb/errors"
	"github.com/syndtr/goleveldb/leveldb/filter"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/util"

	"toychain/chain"
	"toychain/consensus"
	"toychain/store/ldb"
)

// schema is the version of the key space and of the values, see doc.go.
const schema = 1

const (
	// writeBuffer is how much LevelDB gathers in memory before it writes a table;
	// up to two such buffers are alive at a time. Half of it costs half as much again
	// for full blocks, because tables are merged more often; twice as much gains nothing.
	writeBuffer = 4 * opt.MiB
	// blockCache holds pieces of tables that were read lately. Before a coin is found
	// or found missing, the index and the bloom filter of each table that may hold it
	// are read, about 60 KiB for 2 MiB of coins; a cache that cannot keep them makes a
	// look-up ten times as dear. A small chain never fills it.
	blockCache = 8 * opt.MiB
	// openTables is how many table files stay open: of 2 MiB each, so 128 MiB of
	// chain without opening one again.
	openTables = 64
	// bloomBits for each key let one in a hundred questions for a coin that is not
	// there go to the disk in vain.
	bloomBits = 10
	// compression is off: nearly everything here is hashes, keys and signatures, which
	// shrink by an eighth and cost a fifth of the time.
	compression = opt.NoCompression
)

func options() *opt.Options {
	return &opt.Options{
		WriteBuffer:            writeBuffer,
		BlockCacheCapacity:     blockCache,
		OpenFilesCacheCapacity: openTables,
		Filter:                 filter.NewBloomFilter(bloomBits),
		Compression:            compression,
		// Every checksum is verified, and nothing that fails one is passed over. The one
		// thing that looks like damage and is not, a record that a crash truncated, is cut off
		// before LevelDB sees it: see package ldb.
		Strict: opt.StrictAll,
		// A batch larger than the write buffer goes through the log like any other. By
		// default LevelDB would write it as tables, in a way that hangs on Close if the
		// disk fails in the middle.
		DisableLargeBatchTransaction: true,
		// Reading is not a reason to rewrite tables.
		DisableSeeksCompaction: true,
	}
}

// DB is an open database. Its methods may be called from several goroutines; those that
// write, from one at a time.
type DB struct {
	location
	level   *leveldb.DB
	storage io.Closer // nil if the caller of OpenStorage owns it

	// open is held for reading by every method and for writing by Close, so that nothing
	// is closed while a method uses it.
	open   sync.RWMutex
	closed bool

	// Waiting, if it is not nil, is called by Sync and returns when done is closed: whoever
	// waits for the disk may do something else meanwhile. It is set before the first write.
	Waiting func(done <-chan struct{})

	queue    queue
	onTheWay atomic.Pointer[chain.Commit] // the Commit in the queue; nil: none

	// The rest belongs to the write at hand.
	batch  *leveldb.Batch
	reorgs uint64 // number of the journal's newest entry
}

// Open opens the database in a directory, which it makes if it is not there, for this
// network only, and locks it until Close. The error is ErrInUse,
// ErrOtherNetwork, ErrNewerSchema, ErrDamaged, or the disk's.
func Open(dir string, p *consensus.Params) (*DB, error) {
	s, err := openDir(dir, ldb.OpenDir)
	if err != nil {
		return nil, err
	}
	db, err := open(s, location{dir, p}, options())
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	db.storage = s
	return db, nil
}

// OpenStorage is Open on any storage, which stays the caller's to close: the seam
// for tests in which disks fail.
func OpenStorage(s storage.Storage, p *consensus.Params) (*DB, error) {
	return open(s, location{"", p}, options())
}

// openDir opens the storage in a directory.
func openDir(dir string, open func(string) (storage.Storage, error)) (storage.Storage, error) {
	s, err := open(dir)
	if errors.Is(err, ldb.ErrLocked) {
		err = fmt.Errorf("%w: %s (%w); stop that node or choose another --datadir", ErrInUse, dir, err)
	}
	return s, err
}

func open(s storage.Storage, at location, o *opt.Options) (*DB, error) {
	level, err := leveldb.Open(ldb.Checked(s), o)
	if errors.Is(err, storage.ErrLocked) {
		return nil, fmt.Errorf("%w: %s", ErrInUse, at.dir)
	}
	if err != nil {
		return nil, at.wrap(err, "opening")
	}
	db := &DB{location: at, level: level, batch: new(leveldb.Batch)}
	if err := db.identify(); err != nil {
		return nil, errors.Join(err, level.Close())
	}
	return db, nil
}

// identify checks that this is our network's database, and records the network in a new
// one.
func (db *DB) identify() error {
	empty, err := db.isEmpty()
	if err != nil {
		return err
	}
	if empty {
		ours := network{db.params.Digest(), db.params.Name}
		first := new(leveldb.Batch)
		first.Put(metaSchema, []byte{schema})
		first.Put(metaNetwork, appendNetwork(nil, ours))
		err := ldb.Write(db.level, first)
		if err == nil {
			err = ldb.Sync(db.level)
		}
		return db.wrap(err, "writing to a new database")
	}
	version, err := get(db, db.level, metaSchema, "the schema version", decodeNumber)
	if err != nil {
		return err
	}
	if err := db.checkSchema(version); err != nil {
		return err
	}
	theirs, err := get(db, db.level, metaNetwork, "the network's name", decodeNetwork)
	if err != nil {
		return err
	}
	if err := db.checkNetwork(theirs); err != nil {
		return err
	}
	db.reorgs, err = db.lastReorg()
	return err
}

func (p location) checkSchema(version uint64) error {
	if version <= schema {
		return nil
	}
	return fmt.Errorf("%w: %sit has schema %d, this toychain knows %d; update toychain or choose another --datadir",
		ErrNewerSchema, p.prefix(), version, schema)
}

func (p location) checkNetwork(theirs network) error {
	digest := p.params.Digest()
	if theirs.digest == digest {
		return nil
	}
	if theirs.name == p.params.Name {
		return fmt.Errorf("%w: %sit was made when the rules of %q were others (parameters %s, today %s): "+
			"choose another --datadir, or to begin a new chain remove %s, and not the wallets beside it",
			ErrOtherNetwork, p.prefix(), theirs.name, theirs.digest.Short(), digest.Short(), Quote(p.dir))
	}
	return fmt.Errorf("%w: %sit holds the chain of %q (parameters %s), this node runs %q (parameters %s); "+
		"choose that --network or another --datadir", ErrOtherNetwork, p.prefix(),
		theirs.name, theirs.digest.Short(), p.params.Name, digest.Short())
}

func (db *DB) isEmpty() (bool, error) {
	it := db.level.NewIterator(nil, nil)
	defer it.Release()
	some := it.First()
	return !some, db.wrap(it.Error(), "opening")
}

// lastReorg returns the number of the journal's newest entry, 0 if there is none.
func (db *DB) lastReorg() (uint64, error) {
	it := db.level.NewIterator(util.BytesPrefix([]byte{keyReorg}), nil)
	defer it.Release()
	if !it.Last() {
		return 0, db.wrap(it.Error(), "reading the journal")
	}
	return db.reorgNumber(it.Key())
}

// Close waits for readers and writers and closes the database. A second Close does
// nothing.
func (db *DB) Close() error {
	db.queue.await(&db.queue.all)
	db.open.Lock()
	defer db.open.Unlock()
	if db.closed {
		return nil
	}
	db.closed = true
	var err error
	if db.queue.failure() == nil { // else nothing more is written
		err = db.wrap(ldb.Settle(db.level), "closing")
	}
	if err == nil {
		err = db.wrap(db.level.Close(), "closing")
	}
	if db.storage != nil {
		err = errors.Join(err, db.storage.Close())
	}
	return err
}

// enter begins a method; unless it fails, leave must end it.
func (db *DB) enter() error {
	db.open.RLock()
	if db.closed {
		db.open.RUnlock()
		return ErrClosed
	}
	return nil
}

func (db *DB) leave() { db.open.RUnlock() }

// source is what can be read: the database as it is, or a snapshot.
type source = leveldb.Reader

// get reads and decodes one value that must be there; what names it in errors.
func get[T any](db *DB, from source, key []byte, what string, decode func([]byte) (T, error)) (T, error) {
	v, found, err := find(db, from, key, what, decode)
	if err == nil && !found {
		err = db.damaged("%s: it is missing", what)
	}
	return v, err
}

// find reads and decodes one value if it is there.
func find[T any](db *DB, from source, key []byte, what string, decode func([]byte) (T, error)) (v T, found bool, err error) {
	b, err := from.Get(key, nil)
	if err == ldberrors.ErrNotFound {
		return v, false, nil
	}
	if err != nil {
		return v, false, db.wrap(err, what)
	}
	if v, err = decode(b); err != nil {
		return v, false, db.damaged("%s: %w", what, err)
	}
	return v, true, nil
}
