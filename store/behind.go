package store

import (
	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// behind is a Commit that the disk is still busy with. A node that catches up need
// not wait for it: while one goroutine writes these blocks, the tree checks the
// next. What the tree may ask for meanwhile is answered from here, so that it sees
// what it committed. Indexes are behind until the write has ended.
type behind struct {
	coins  map[block.Outpoint]*consensus.Coin // that change, nil for gone
	bodies map[block.Hash]*block.Block
	joined map[block.Hash]*consensus.Delta // of blocks that join the best chain
	done   chan struct{}                   // closed when it has ended, well or not
}

// commitLater starts to write c and returns. How it ended the next Commit tells.
func (db *DB) commitLater(c *chain.Commit) error {
	db.mu.Lock()
	failed := db.failed
	db.mu.Unlock()
	if failed != nil {
		return db.commit(c, false) // which says so
	}
	b := &behind{coins: c.Coins, done: make(chan struct{}),
		bodies: make(map[block.Hash]*block.Block, len(c.Blocks)), joined: make(map[block.Hash]*consensus.Delta)}
	for _, x := range c.Blocks {
		b.bodies[x.Hash()] = x
	}
	for i := range c.Steps {
		if s := &c.Steps[i]; s.Connect {
			b.joined[s.Hash] = &s.Delta
		}
	}
	db.behind.Store(b)
	go func() {
		defer close(b.done)
		_ = db.commit(c, false) // remembered in db.failed
		db.behind.Store(nil)
	}()
	return nil
}

// catchUp waits until nothing is on its way to the disk.
func (db *DB) catchUp() {
	if b := db.behind.Load(); b != nil {
		<-b.done
	}
}

// ask returns those of the outpoints that are not known here, after adding the coins
// that are.
func (b *behind) ask(of []block.Outpoint, into consensus.Coins) (rest []block.Outpoint) {
	if b == nil {
		return of
	}
	for _, o := range of {
		coin, known := b.coins[o]
		if !known {
			rest = append(rest, o)
		} else if coin != nil {
			into[o] = *coin
		}
	}
	return rest
}

// body returns a block that is on its way, or nil.
func (b *behind) body(hash block.Hash) *block.Block {
	if b == nil {
		return nil
	}
	return b.bodies[hash]
}

// undo returns what a block that is on its way has spent, and whether there is one.
func (b *behind) undo(hash block.Hash) ([]consensus.Coin, bool) {
	if b == nil || b.joined[hash] == nil {
		return nil, false
	}
	return b.joined[hash].Undo(), true
}
