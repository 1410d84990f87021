package sim

import (
	"fmt"
	"math/rand/v2"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/mempool"
)

// disk is a chain.Disk in memory. Bodies and coins are shared with the other nodes: nothing
// changes them. What was not synced can be lost, see crash.
type disk struct {
	kept  bool // for a start: entries, the tip and what is not synced
	files table[block.Hash, *file]
	coins table[block.Outpoint, *consensus.Coin]

	entries  map[block.Hash]chain.Entry
	tip      block.Hash
	journal  []chain.Reorg
	pool     []*mempool.Entry // when the node stopped in good order; nil: never
	unsynced []func()         // how to take back each write since the last Sync, the oldest first
	fuse     int              // writes and syncs until the power fails; 0: it does not
	dead     bool             // it has
}

// file is the body of a block, and the coins that it spent when it was connected. It never
// changes.
type file struct {
	body  *block.Block
	spent []consensus.UTXO
	done  bool // spent is set
}

func (w *World) newDisk() *disk {
	return &disk{kept: w.cfg.Faults, entries: map[block.Hash]chain.Entry{},
		files: table[block.Hash, *file]{numbers: &w.ids}, coins: table[block.Outpoint, *consensus.Coin]{numbers: &w.outpoints}}
}

// CachedCoins implements chain.Disk: this one is in memory itself.
func (d *disk) CachedCoins() int { return 0 }

func (d *disk) Coins(of []block.Outpoint, into consensus.Coins) error {
	for _, o := range of {
		if c := d.coins.get(o); c != nil {
			into[o] = c
		}
	}
	return nil
}

func (d *disk) Block(hash block.Hash) (*block.Block, error) {
	if f := d.files.get(hash); f != nil {
		return f.body, nil
	}
	return nil, fmt.Errorf("no body of block %s is stored", hash)
}

func (d *disk) Undo(hash block.Hash) ([]consensus.Coin, error) {
	if f := d.files.get(hash); f != nil && f.done {
		return consensus.Delta{Spent: f.spent}.Undo(), nil
	}
	return nil, fmt.Errorf("no undo data of block %s is stored", hash)
}

// burn reports whether the power fails now, or has.
func (d *disk) burn() bool {
	if d.fuse > 0 {
		d.fuse--
		d.dead = d.dead || d.fuse == 0
	}
	return d.dead
}

func (d *disk) Put(entries []chain.Entry, bodies []consensus.Block) error {
	if d.burn() {
		return errPower
	}
	back := d.begin()
	d.store(entries, back)
	for _, b := range bodies {
		hash := b.Header.Hash()
		d.keep(hash, &file{body: b.Block}, back)
	}
	return nil
}

func (d *disk) Commit(c *chain.Commit) error {
	if d.burn() {
		return errPower
	}
	back := d.begin()
	d.store(c.Entries, back)
	for _, s := range c.Steps {
		if s.Connect {
			d.keep(s.Hash, &file{s.Block, s.Delta.Spent, true}, back)
		}
	}
	var were []coinWas
	if back != nil {
		were = make([]coinWas, 0, len(c.Coins))
	}
	for o, coin := range c.Coins {
		if old := d.coins.set(o, coin); back != nil {
			were = append(were, coinWas{o, old})
		}
	}
	if back != nil {
		back.add(func() {
			for _, w := range were {
				d.coins.set(w.of, w.coin)
			}
		})
	}
	if tip, journal := d.tip, d.journal; back != nil {
		back.add(func() { d.tip, d.journal = tip, journal })
		d.journal = append(journal, c.Reorgs...)
	}
	d.tip = c.Tip
	return nil
}

func (d *disk) Wait() error { return nil }

func (d *disk) Sync() error {
	if d.burn() {
		return errPower
	}
	d.unsynced = nil
	return nil
}

// crash takes back some of the writes that were not synced, the last ones first: the disk
// keeps their order. Each write is there as a whole or not at all.
func (d *disk) crash(rng *rand.Rand) {
	for left := rng.IntN(len(d.unsynced) + 1); len(d.unsynced) > left; {
		last := len(d.unsynced) - 1
		d.unsynced[last]()
		d.unsynced = d.unsynced[:last]
	}
	d.unsynced, d.fuse, d.dead = nil, 0, false // what is left now stays
}

func (d *disk) keep(hash block.Hash, f *file, back *writes) {
	if old := d.files.set(hash, f); back != nil {
		back.add(func() { d.files.set(hash, old) })
	}
}

func (d *disk) store(entries []chain.Entry, back *writes) {
	if !d.kept {
		return
	}
	for _, e := range entries {
		hash := e.Header.Hash()
		old, there := d.entries[hash]
		back.add(func() {
			if there {
				d.entries[hash] = old
			} else {
				delete(d.entries, hash)
			}
		})
		d.entries[hash] = e
	}
}

// writes are how to take back the parts of one write.
type writes struct{ back []func() }

func (w *writes) add(f func()) { w.back = append(w.back, f) }

// coinWas is the coin that an outpoint had before a write; nil if none.
type coinWas struct {
	of   block.Outpoint
	coin *consensus.Coin
}

// begin begins a write; nil if nothing is ever taken back.
func (d *disk) begin() *writes {
	if !d.kept {
		return nil
	}
	w := &writes{}
	d.unsynced = append(d.unsynced, func() {
		for i := len(w.back) - 1; i >= 0; i-- {
			w.back[i]()
		}
	})
	return w
}
