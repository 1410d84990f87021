package chaingen

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// Disk is a chain.Disk in memory. It checks in every Commit what the interface demands:
// steps that follow each other from tip to tip, coins that are exactly the sum of the steps,
// and bodies before they are needed.
type Disk struct {
	Entries map[block.Hash]chain.Entry
	Bodies  map[block.Hash]*block.Block
	Undos   map[block.Hash][]consensus.Coin
	Set     consensus.Coins // the unspent coins
	Journal []chain.Reorg
	Tip     block.Hash
	Commits int
	Puts    int

	Verifier consensus.Verifier // of the trees that it opens

	unsynced []changes // of the writes since the last Sync
	fail     int       // this many more calls and then one fails; negative: never
	write    bool
}

// ErrDisk is the error that FailAfter causes.
var ErrDisk = errors.New("the disk is on fire")

// NewDisk returns an empty disk.
func NewDisk() *Disk {
	return &Disk{
		Entries: make(map[block.Hash]chain.Entry),
		Bodies:  make(map[block.Hash]*block.Block),
		Undos:   make(map[block.Hash][]consensus.Coin),
		Set:     make(consensus.Coins),
		fail:    -1,

		Verifier: consensus.InOrder(consensus.P2PKH{}),
	}
}

// FailAfter lets n calls pass and makes every later one return ErrDisk. If the first
// of those is a Put or a Commit, write says whether it reaches the disk all the same: a
// crash may strike before the answer is read.
func (d *Disk) FailAfter(n int, write bool) { d.fail, d.write = n, write }

// Repair ends what FailAfter started.
func (d *Disk) Repair() { d.fail = -1 }

// CutPower takes back all that was Put or committed since the last Sync but for the first
// so many writes, as a power cut may, and returns how many it took back.
func (d *Disk) CutPower(keep int) (lost int) {
	for ; len(d.unsynced) > keep; lost++ {
		last := len(d.unsynced) - 1
		for _, undo := range slices.Backward(d.unsynced[last]) {
			undo()
		}
		d.unsynced = d.unsynced[:last]
	}
	d.unsynced = nil
	return lost
}

// changes are functions that take a write back, the last first.
type changes []func()

// set and unset change a map; undo takes it back.
func set[K comparable, V any](undo *changes, m map[K]V, k K, v V) {
	old, there := m[k]
	m[k] = v
	*undo = append(*undo, func() {
		if m[k] = old; !there {
			delete(m, k)
		}
	})
}

func unset[K comparable, V any](undo *changes, m map[K]V, k K) {
	if old, there := m[k]; there {
		delete(m, k)
		*undo = append(*undo, func() { m[k] = old })
	}
}

// Clone returns a copy that shares no mutable state, and on which all is synced.
func (d *Disk) Clone() *Disk {
	c := *d
	c.unsynced = nil
	c.Entries, c.Bodies, c.Undos, c.Set = maps.Clone(d.Entries), maps.Clone(d.Bodies), maps.Clone(d.Undos), maps.Clone(d.Set)
	c.Journal = slices.Clone(d.Journal)
	return &c
}

// Open returns the tree stored on the disk, as after a restart.
func (d *Disk) Open(p *consensus.Params) (*chain.Tree, error) {
	return chain.NewTree(p, d.Verifier, d, slices.Collect(maps.Values(d.Entries)), d.Tip)
}

// MustOpen is Open for tests in which the disk does not fail.
func (d *Disk) MustOpen(p *consensus.Params) *chain.Tree {
	t, err := d.Open(p)
	if err != nil {
		panic(err)
	}
	return t
}

// ok counts calls and reports whether this one succeeds.
func (d *Disk) ok() bool {
	if d.fail > 0 {
		d.fail--
		return true
	}
	return d.fail < 0
}

// Coins implements chain.Disk.
func (d *Disk) Coins(of []block.Outpoint, into consensus.Coins) error {
	if !d.ok() {
		return ErrDisk
	}
	for _, o := range of {
		if c, there := d.Set[o]; there {
			into[o] = c
		}
	}
	return nil
}

// Block implements chain.Disk. Each call returns a new value, as a real disk would.
func (d *Disk) Block(hash block.Hash) (*block.Block, error) {
	if !d.ok() {
		return nil, ErrDisk
	}
	b := d.Bodies[hash]
	if b == nil {
		return nil, fmt.Errorf("no body is stored for %s", hash)
	}
	return block.Parse(b.Bytes())
}

// Undo implements chain.Disk.
func (d *Disk) Undo(hash block.Hash) ([]consensus.Coin, error) {
	if !d.ok() {
		return nil, ErrDisk
	}
	undo, there := d.Undos[hash]
	if !there {
		return nil, fmt.Errorf("no undo data are stored for %s", hash)
	}
	return undo, nil
}

// Put implements chain.Disk.
func (d *Disk) Put(entries []chain.Entry, bodies []consensus.Block) error {
	return d.writes(func(undo *changes) error { return d.put(entries, bodies, undo) })
}

// Commit implements chain.Disk.
func (d *Disk) Commit(c *chain.Commit) error {
	return d.writes(func(undo *changes) error { return d.apply(c, undo) })
}

// Wait implements chain.Disk.
func (d *Disk) Wait() error { return nil }

// CachedCoins implements chain.Disk: as many as a real one.
func (d *Disk) CachedCoins() int { return 50_000 }

// Sync implements chain.Disk.
func (d *Disk) Sync() error {
	if !d.ok() {
		return ErrDisk
	}
	d.unsynced = nil
	return nil
}

// writes calls write, unless it is the turn of a failure that leaves nothing.
func (d *Disk) writes(write func(*changes) error) error {
	first := d.fail == 0
	ok := d.ok()
	if !ok && !(first && d.write) {
		return ErrDisk
	}
	var undo changes
	if err := write(&undo); err != nil {
		return err
	}
	d.unsynced = append(d.unsynced, undo)
	if !ok {
		d.write = false
		return ErrDisk
	}
	return nil
}

func (d *Disk) put(entries []chain.Entry, bodies []consensus.Block, undo *changes) error {
	d.Puts++
	for _, e := range entries {
		hash := e.Header.Hash()
		old := d.Entries[hash]
		switch _, parent := d.Entries[e.Header.Prev]; {
		case !parent && e.Height > 0:
			return fmt.Errorf("put %d: the parent of %s is not stored", d.Puts, hash)
		case (e.Status^old.Status)&chain.Connected != 0 && e.Height > 0:
			return fmt.Errorf("put %d: %s has status %b, had %b: only a commit connects", d.Puts, hash, e.Status, old.Status)
		}
		set(undo, d.Entries, hash, e)
		if e.Height == 0 {
			d.Tip = hash
		}
	}
	for _, b := range bodies {
		hash := b.Hash()
		if d.Entries[hash].Status&chain.HasBody == 0 || d.Bodies[hash] != nil {
			return fmt.Errorf("put %d: the body of %s was there, or its header does not say that it is", d.Puts, hash)
		}
		set(undo, d.Bodies, hash, b.Block)
	}
	return nil
}

func (d *Disk) apply(c *chain.Commit, undo *changes) error {
	d.Commits++
	tip, oldTip, journal := d.Tip, d.Tip, len(d.Journal)
	*undo = append(*undo, func() { d.Commits, d.Tip, d.Journal = d.Commits-1, oldTip, d.Journal[:journal] })
	for _, e := range c.Entries {
		set(undo, d.Entries, e.Header.Hash(), e)
	}
	d.Journal = append(d.Journal, c.Reorgs...)
	touched := make(map[block.Outpoint]touch)
	for i := range c.Steps {
		var err error
		if tip, err = d.step(tip, &c.Steps[i], touched, undo); err != nil {
			return fmt.Errorf("commit %d: step %d of %d: %w", d.Commits, i+1, len(c.Steps), err)
		}
	}
	if len(c.Steps) > 0 && tip != c.Tip {
		return fmt.Errorf("commit %d: steps lead to %s, tip is %s", d.Commits, tip, c.Tip)
	}
	d.Tip = c.Tip
	for o := range c.Coins {
		if _, ok := touched[o]; !ok {
			return fmt.Errorf("commit %d: coin %s, which none of its steps changes", d.Commits, o)
		}
	}
	for o, t := range touched {
		want, there := d.Set[o]
		got, named := c.Coins[o]
		if !there && !t.before && (!named || t.coinbase && got == nil) {
			continue // created and spent
		}
		if !named || (got != nil) != there || !there && !t.before || there && !reflect.DeepEqual(got, want) {
			return fmt.Errorf("commit %d: coin %s is %v, its steps make it %v", d.Commits, o, got, want)
		}
	}
	return nil
}

// touch is a coin that a commit's steps change.
type touch struct {
	before   bool // it was there before
	coinbase bool
}

// step makes one step after tip and returns the new tip.
func (d *Disk) step(tip block.Hash, s *chain.Step, touched map[block.Outpoint]touch, undo *changes) (block.Hash, error) {
	note := func(c *consensus.UTXO) {
		if _, known := touched[c.Outpoint]; !known {
			_, there := d.Set[c.Outpoint]
			touched[c.Outpoint] = touch{there, c.Coin.Coinbase}
		}
	}
	next, from := s.Hash, s.Block.Header.Prev
	if !s.Connect {
		next, from = from, next
	} else {
		set(undo, d.Undos, s.Hash, s.Delta.Undo())
	}
	if from != tip && tip != (block.Hash{}) {
		return tip, fmt.Errorf("block %s does not fit tip %s", s.Hash, tip)
	}
	if d.Bodies[s.Hash] == nil {
		return tip, fmt.Errorf("block %s has no body", s.Hash)
	}
	for _, c := range s.Delta.Created {
		note(&c)
		set(undo, d.Set, c.Outpoint, &c.Coin)
	}
	for _, c := range s.Delta.Spent {
		note(&c)
		if _, there := d.Set[c.Outpoint]; !there {
			return tip, fmt.Errorf("block %s spends %s, which is not there", s.Hash, c.Outpoint)
		}
		unset(undo, d.Set, c.Outpoint)
	}
	return next, nil
}
