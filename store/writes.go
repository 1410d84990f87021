package store

import (
	"github.com/syndtr/goleveldb/leveldb"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/store/ldb"
)

const (
	// keepBatch is the most bytes of a written batch whose memory is used again for
	// the next: a block of a few hundred payments.
	keepBatch = 1 << 20
	// maxQueued is how many bytes of bodies may wait to be written before Put waits, too.
	maxQueued = 8 << 20
)

// Put implements chain.Disk.
func (db *DB) Put(entries []chain.Entry, bodies []consensus.Block) error {
	return db.put(entries, bodies, false)
}

// put is Put. haveBodies says that the bodies are stored already, and only their places
// in the transaction index are missing.
func (db *DB) put(entries []chain.Entry, bodies []consensus.Block, haveBodies bool) error {
	size, txs := 0, 0
	for i := range bodies {
		size += bodies[i].Size()
		txs += len(bodies[i].Txs)
	}
	if db.queue.bytes.Add(int64(size)) > maxQueued {
		db.queue.await(&db.queue.puts)
	}
	_, err := db.enqueue(&db.queue.puts, func() error {
		defer db.queue.bytes.Add(-int64(size))
		w := db.writer(1<<10 + 200*len(entries) + size + 100*txs)
		w.haveBodies = haveBodies
		heights := make(map[block.Hash]block.Height, len(bodies))
		for i := range entries {
			p := chain.Point{Hash: entries[i].ID(), Height: entries[i].Height}
			heights[p.Hash] = p.Height
			w.entry(p, &entries[i])
		}
		for _, b := range bodies {
			hash := b.Hash()
			w.body(chain.Point{Hash: hash, Height: heights[hash]}, b)
		}
		return db.writeBatch(w)
	})
	return err
}

// Commit implements chain.Disk. It waits for the Commit before it, so that one at a time
// is in memory.
func (db *DB) Commit(c *chain.Commit) error {
	db.queue.await(&db.queue.commits)
	db.onTheWay.Store(c)
	_, err := db.enqueue(&db.queue.commits, func() error {
		defer db.onTheWay.Store(nil)
		size := 1<<10 + 200*len(c.Entries) + 70*len(c.Coins)
		for i := range c.Steps {
			size += 200*len(c.Steps[i].Block.Txs) + 50*len(c.Steps[i].Delta.Spent) // its history, and undo
		}
		w := db.writer(size)
		w.commit(c, db.reorgs)
		db.reorgs += uint64(len(c.Reorgs))
		return db.writeBatch(w)
	})
	return err
}

// Wait implements chain.Disk.
func (db *DB) Wait() error {
	db.queue.await(&db.queue.puts)
	return db.queue.failure()
}

// CachedCoins implements chain.Disk: about 10 MB.
func (db *DB) CachedCoins() int { return 50_000 }

// Sync implements chain.Disk.
func (db *DB) Sync() error {
	done, err := db.enqueue(nil, func() error { return ldb.Sync(db.level) })
	if err != nil {
		return err
	}
	if db.Waiting != nil {
		db.Waiting(done)
	} else {
		<-done
	}
	return db.queue.failure()
}

// enqueue adds a write to the queue.
func (db *DB) enqueue(newest *chan struct{}, write func() error) (done chan struct{}, err error) {
	return db.queue.add(newest, func() error {
		if err := db.enter(); err != nil {
			return err
		}
		defer db.leave()
		return db.wrap(write(), "writing")
	})
}

// writer returns a writer whose batch has room for about so many bytes: one that grows as
// it is filled is copied again and again.
func (db *DB) writer(size int) *writer {
	if size > cap(db.batch.Dump()) {
		db.batch = leveldb.MakeBatch(size)
	}
	return &writer{batch: db.batch}
}

// writeBatch writes what a writer was given, and makes its batch ready for the next.
func (db *DB) writeBatch(w *writer) error {
	err := ldb.Write(db.level, w.batch)
	if cap(w.batch.Dump()) > keepBatch {
		db.batch = new(leveldb.Batch)
	}
	db.batch.Reset()
	return err
}

// coinsOnTheWay returns those of the outpoints that the Commit on its way does not change,
// after adding the coins that it makes.
func (db *DB) coinsOnTheWay(of []block.Outpoint, into consensus.Coins) (rest []block.Outpoint) {
	c := db.onTheWay.Load()
	if c == nil {
		return of
	}
	for _, o := range of {
		coin, changed := c.Coins[o]
		if !changed {
			rest = append(rest, o)
		} else if coin != nil {
			into[o] = coin
		}
	}
	return rest
}

// undoOnTheWay returns what a block spent that the Commit on its way connects.
func (db *DB) undoOnTheWay(hash block.Hash) ([]consensus.Coin, bool) {
	if c := db.onTheWay.Load(); c != nil {
		for i := range c.Steps {
			if s := &c.Steps[i]; s.Connect && s.Hash == hash {
				return s.Delta.Undo(), true
			}
		}
	}
	return nil, false
}
