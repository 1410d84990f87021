package chain

import (
	"fmt"
	"slices"

	"toychain/block"
	"toychain/consensus"
)

// pending is what was decided and not handed to the disk yet.
type pending struct {
	headers []*node           // whose entries the next Put will store: new headers and bodies
	genesis []consensus.Block // its body, if the next Put will store that, too

	Commit                               // the next one, all but its entries
	statuses []*node                     // those: headers whose status changed
	fresh    map[block.Outpoint]struct{} // of its coins: see changes
	bytes    int                         // of the blocks in its steps
}

// unsynced is what was handed to the disk after the last Sync.
type unsynced struct{ blocks, commit bool }

// put stores new headers, and with them bodies. It comes before a block is connected, so
// that no change of the best chain is ever on the disk without the bodies that it stands on:
// the disk keeps the order of its writes, so what a crash leaves is a beginning of them.
//
//	Put 5b ── Put 6b ── Commit 4a,5a → 4b,5b,6b
//	       ▲         ▲                         ▲
//	       a crash at any of these leaves the old tip with more bodies, or the new tip
func (t *Tree) put(bodies ...consensus.Block) error {
	if len(t.pending.headers) == 0 {
		return nil
	}
	if err := t.disk.Put(entries(t.pending.headers), append(t.pending.genesis, bodies...)); err != nil {
		return fmt.Errorf("writing to the store: %w", err)
	}
	t.pending.genesis, t.unsynced.blocks = nil, true
	t.allPut()
	return nil
}

// toPut has the next Put store n's entry, and toCommit the next Commit.
func (t *Tree) toPut(n *node) {
	if !n.unput {
		n.unput = true
		t.pending.headers = append(t.pending.headers, n)
	}
}

func (t *Tree) toCommit(n *node) {
	if !n.changed {
		n.changed = true
		t.pending.statuses = append(t.pending.statuses, n)
	}
}

// allPut notes that there is nothing left for the next Put.
func (t *Tree) allPut() {
	for _, n := range t.pending.headers {
		n.unput = false
	}
	t.pending.headers = nil
}

// entries returns what is stored of nodes, parents before children.
func entries(of []*node) []Entry {
	out := make([]Entry, 0, len(of))
	for _, n := range of {
		out = append(out, n.entry())
	}
	if len(out) > 1 {
		slices.SortFunc(out, func(a, b Entry) int { return a.compare(&b) })
	}
	return out
}

// Flush hands everything that changed since the last one to the disk, as one batch. Following
// the tip that is one block. While catching up the engine lets hundreds gather: a coin that
// one of them creates and another spends is then never written at all (see overlay.go). After
// an error the tree is ahead of its disk and must not be used any more.
func (t *Tree) Flush() error {
	if err := t.put(); err != nil || len(t.pending.statuses) == 0 && len(t.pending.Steps) == 0 {
		return err
	}
	c := t.pending.Commit
	c.Tip, c.Entries = t.tip().Hash, entries(t.pending.statuses)
	if err := t.disk.Commit(&c); err != nil {
		return fmt.Errorf("writing to the store: %w", err)
	}
	for _, n := range t.pending.statuses {
		n.changed = false
	}
	t.pending, t.unsynced.commit = pending{}, true
	t.trimCoins(c.Coins)
	return nil
}

// Wait returns when every header and block that was taken in outlives the process, however
// that ends. After an error the tree must not be used any more.
func (t *Tree) Wait() error {
	if err := t.put(); err != nil {
		return err
	}
	if err := t.disk.Wait(); err != nil {
		return fmt.Errorf("writing to the store: %w", err)
	}
	return nil
}

// SyncBlocks returns when every header and block that was taken in outlives a power cut.
// It does not wait for changes of the best chain that were flushed after the last of them.
// After an error the tree must not be used any more.
func (t *Tree) SyncBlocks() error {
	if err := t.put(); err != nil || !t.unsynced.blocks {
		return err
	}
	return t.Sync()
}

// Unsynced reports whether there is something for Sync to do.
func (t *Tree) Unsynced() bool { return len(t.pending.headers) > 0 || t.unsynced != (unsynced{}) }

// Sync returns when everything that was taken in or flushed outlives a power cut. After an
// error the tree must not be used any more.
func (t *Tree) Sync() error {
	if err := t.put(); err != nil || t.unsynced == (unsynced{}) {
		return err
	}
	t.unsynced = unsynced{}
	if err := t.disk.Sync(); err != nil {
		return fmt.Errorf("writing to the store: %w", err)
	}
	return nil
}

// trimCoins brings the cache up to date with what was written, and bounds it. What is dropped
// is read again from the disk when it is spent. Which coins go is left to the order of Go's
// maps, which is no order: good enough for a cache, and it decides nothing but speed.
func (t *Tree) trimCoins(changed map[block.Outpoint]*consensus.Coin) {
	most := t.disk.CachedCoins()
	if most == 0 {
		return
	}
	for o, coin := range changed {
		if coin == nil {
			delete(t.cache, o)
		} else {
			t.cache[o] = detached(coin)
		}
	}
	for o := range t.cache {
		if len(t.cache) <= most {
			break
		}
		delete(t.cache, o)
	}
}

// Unflushed returns how many blocks left or joined the best chain since the last Flush,
// and how many bytes those have that joined.
func (t *Tree) Unflushed() (blocks, bytes int) { return len(t.pending.Steps), t.pending.bytes }

// body returns n's transactions.
func (t *Tree) body(n *node) (consensus.Block, error) {
	if n.body != nil {
		return *n.body, nil
	}
	b, err := t.read(n)
	if err != nil {
		return consensus.Block{}, err
	}
	return consensus.NewBlock(b), nil
}

// read returns n's transactions from the disk.
func (t *Tree) read(n *node) (*block.Block, error) {
	b, err := t.disk.Block(n.Hash)
	if err != nil {
		return nil, fmt.Errorf("reading block %s at height %d: %w", n.Hash, n.Height, err)
	}
	return b, nil
}

// keep keeps a body in memory, and forget drops it.
func (t *Tree) keep(n *node, b *consensus.Block) {
	n.body = b
	t.room -= memoryOf(*b, n.size)
}

func (t *Tree) forget(n *node) {
	if n.body != nil {
		t.room += memoryOf(*n.body, n.size)
		n.body = nil
	}
}

// The bytes of a parsed transaction with its ID, of an input and of an output, without their
// scripts.
const (
	txMemory     = 64 + 8 + 32
	inputMemory  = 72
	outputMemory = 32
)

// memoryOf returns how many bytes a body of this size takes in memory: its own, into which the
// scripts point, and what it is parsed into.
func memoryOf(b consensus.Block, size int) int {
	n := size + len(b.Txs)*txMemory
	for _, tx := range b.Txs {
		n += len(tx.Inputs)*inputMemory + len(tx.Outputs)*outputMemory
	}
	return n
}
