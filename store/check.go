package store

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// Tree returns the tree of all that is stored, after a check of the last blocks of the best
// chain: are they complete, with undo data that fits them, and are the coins those that the
// very last one left? A node starts like this, so it is quick; the indexes are left to
// Verify. v is how the tree checks signatures. The error is ErrDamaged or the disk's.
func (db *DB) Tree(v consensus.Verifier, last int) (tree *chain.Tree, err error) {
	err = db.read(func(from source) error {
		c, err := db.newChecker(from, v)
		if err != nil {
			return err
		}
		tree = c.tree
		if err := c.quick(last); err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if len(c.found) > 0 {
			return db.damaged("%s", c.found[0])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return tree, nil
}

// Verify looks for damage, and returns what it finds, one sentence each. last is how many
// blocks of the best chain to check, with all that belongs to them; 0 checks everything:
// every key, every body of every branch, every signature, and whether the coins are those
// of a replay from genesis. It reads the state as of now, and the node may go on meanwhile.
// progress, if not nil, is called with a number of blocks. The error is not nil if the check
// itself failed.
func (db *DB) Verify(v consensus.Verifier, last int, progress func(done, total int)) (findings []string, err error) {
	if progress == nil {
		progress = func(int, int) {}
	}
	err = db.read(func(from source) error {
		c, err := db.newChecker(from, v)
		if err == nil {
			err = c.hashes()
		}
		if err == nil && len(c.entries) > 0 {
			if last > 0 {
				err = c.recent(last, progress)
			} else {
				err = c.everything(progress)
			}
			findings = c.found
		}
		return err
	})
	var d *damage
	switch {
	case errors.Is(err, errEnough):
		err = nil
	case errors.As(err, &d):
		findings, err = append(findings, d.what.Error()), nil
	}
	return findings, err
}

// maxFindings is how many findings are enough.
const maxFindings = 20

var errEnough = errors.New("enough found")

// checker compares what is stored with what the same blocks would make today: the writer
// that wrote it computes what there should be.
type checker struct {
	db      *DB
	from    source
	tree    *chain.Tree
	entries []chain.Entry // of all headers; in everything only those beside the best chain that have bodies
	keys    map[byte]int  // how many keys there should be of each kind, as far as counted
	found   []string
}

func (db *DB) newChecker(from source, v consensus.Verifier) (*checker, error) {
	entries, tip, err := db.load(from)
	if err != nil {
		return nil, err
	}
	tree, err := chain.NewTree(db.params, v, db, entries, tip)
	if err != nil {
		return nil, db.damaged("%w", err)
	}
	return &checker{db: db, from: from, tree: tree, entries: entries, keys: make(map[byte]int)}, nil
}

// hashes checks that each header has the hash of its key. A start takes the keys' word for it:
// to hash 300,000 headers takes it longer than to read them.
func (c *checker) hashes() error {
	for i := range c.entries {
		e := &c.entries[i]
		if got := e.Header.Hash(); got != e.HeaderHash {
			return c.db.damaged("header under key %x: its hash is %s", appendEntryKey(nil, e.HeaderHash), got)
		}
	}
	return nil
}

// report adds a finding. The error is errEnough if there are enough of them.
func (c *checker) report(format string, args ...any) error {
	c.found = append(c.found, fmt.Sprintf(format, args...))
	if len(c.found) >= maxFindings {
		return errEnough
	}
	return nil
}

// reportDamage turns damage into a finding, and returns every other error.
func (c *checker) reportDamage(err error) error {
	var d *damage
	if errors.As(err, &d) {
		return c.report("%v", d.what)
	}
	return err
}

// quick checks only the last blocks of the best chain, and the coins that the highest
// created and spent.
func (c *checker) quick(last int) error {
	tip := c.tree.Tip().Height
	for h := tip; h > 0 && h > tip-block.Height(last); h-- {
		s, err := c.block(h)
		if err != nil || s == nil {
			return err
		}
		err = c.expect(fmt.Sprintf("height %d", h), func(w *writer) {
			w.best(chain.Point{Hash: s.Hash, Height: s.Height})
			if h == tip {
				left := make(coinChanges)
				left.before(s.Delta)
				w.coins(left)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// recent looks at the last blocks of the best chain and at all that belongs to
// them, the highest first.
func (c *checker) recent(last int, progress func(done, total int)) error {
	left := make(coinChanges)
	tip := c.tree.Tip().Height
	last = min(last, int(tip))
	for n := range last {
		progress(n, last)
		s, err := c.block(tip - block.Height(n))
		if err != nil || s == nil {
			return err
		}
		if err := c.step(s); err != nil {
			return err
		}
		left.before(s.Delta)
	}
	progress(last, last)
	return c.expect("the coins of the last blocks", func(w *writer) { w.coins(left) })
}

// coinChanges is what becomes of coins; nil for gone.
type coinChanges map[block.Outpoint]*consensus.Coin

// before puts a block's changes before those that are here: a later block has the
// last word on a coin, and in one block spending has it.
func (m coinChanges) before(d consensus.Delta) {
	for _, s := range d.Spent {
		if _, later := m[s.Outpoint]; !later {
			m[s.Outpoint] = nil
		}
	}
	for i, s := range d.Created {
		if _, later := m[s.Outpoint]; !later {
			m[s.Outpoint] = &d.Created[i].Coin
		}
	}
}

// block reads one block of the best chain with its undo data and returns how it
// joined, or nothing if there is a finding about that.
func (c *checker) block(h block.Height) (*chain.Step, error) {
	hash, _ := c.tree.At(h)
	info, _ := c.tree.Info(hash)
	if info.Entry.Status != chain.HasBody|chain.Connected {
		return nil, c.report("block %s at height %d is on the best chain, but its status is %04b", hash, h, info.Entry.Status)
	}
	b, err := c.body(hash)
	if err != nil || b.Block == nil {
		return nil, err
	}
	undo, err := c.undo(hash, h)
	if err != nil || undo == nil {
		return nil, err
	}
	parent, _ := c.tree.Info(b.Header.Prev)
	delta, err := consensus.DeltaOf(parent.State, b, undo)
	if err != nil {
		return nil, c.report("block %s at height %d: %v", hash, h, err)
	}
	return &chain.Step{Connect: true, Hash: hash, Height: h, Block: b.Block, IDs: b.IDs, Delta: delta}, nil
}

// step looks at all that is stored of a block of the best chain, but for the coins.
func (c *checker) step(s *chain.Step) error {
	return c.expect(fmt.Sprintf("block %s at height %d", s.Hash, s.Height), func(w *writer) {
		w.body(chain.Point{Hash: s.Hash, Height: s.Height}, consensus.Block{Block: s.Block, IDs: s.IDs})
		w.step(s)
	})
}

// body returns a stored body, or one without a block if there is a finding about it.
func (c *checker) body(hash block.Hash) (none consensus.Block, err error) {
	stored, err := c.db.block(c.from, hash)
	if errors.Is(err, chain.ErrNoBody) || errors.Is(err, chain.ErrUnknown) {
		return none, c.report("%v", err)
	}
	if err != nil {
		return none, c.reportDamage(err)
	}
	b := consensus.NewBlock(stored)
	info, _ := c.tree.Info(hash)
	if b.Root != b.Header.MerkleRoot {
		return none, c.report("block %s: its transactions make the merkle root %s", hash, b.Root)
	}
	if info.Txs != len(b.Txs) || info.Size != b.Size() {
		return none, c.report("block %s has %d transactions and %d bytes, its header says %d and %d",
			hash, len(b.Txs), b.Size(), info.Txs, info.Size)
	}
	return b, nil
}

// undo returns a block's undo data, or nil if there is a finding about it.
func (c *checker) undo(hash block.Hash, h block.Height) ([]consensus.Coin, error) {
	coins, err := get(c.db, c.from, appendUndoKey(nil, chain.Point{Hash: hash, Height: h}),
		fmt.Sprintf("undo data of block %s at height %d", hash, h), decodeUndo)
	if err != nil {
		return nil, c.reportDamage(err)
	}
	if coins == nil {
		coins = []consensus.Coin{}
	}
	return coins, nil
}

// expect checks that the database holds exactly what write would put there.
func (c *checker) expect(of string, write func(*writer)) error {
	w := writer{batch: new(leveldb.Batch)}
	write(&w)
	e := expected{values: make(map[string][]byte)}
	if err := w.batch.Replay(&e); err != nil {
		return err
	}
	for _, key := range e.order {
		if err := c.match(of, []byte(key), e.values[key]); err != nil {
			return err
		}
	}
	return nil
}

// match compares one key's value with the one that it should have; want is nil if the key
// should not be there.
func (c *checker) match(of string, key, want []byte) error {
	if want != nil {
		c.keys[key[0]]++
	}
	got, found, err := find(c.db, c.from, key, of, func(b []byte) ([]byte, error) { return b, nil })
	switch {
	case err != nil:
		return c.reportDamage(err)
	case found && want == nil:
		return c.report("%s: %s should be gone", of, name(key))
	case !found && want != nil:
		return c.report("%s: %s is missing", of, name(key))
	case !bytes.Equal(got, want):
		return c.report("%s: %s is %x, should be %x", of, name(key), clip(got), clip(want))
	}
	return nil
}

// expected takes a batch apart: of several operations on one key the last counts.
type expected struct {
	order  []string
	values map[string][]byte // nil for a key that is deleted
}

func (e *expected) Put(key, value []byte) {
	e.set(string(key), append([]byte{}, value...))
}

func (e *expected) Delete(key []byte) { e.set(string(key), nil) }

func (e *expected) set(key string, value []byte) {
	if _, known := e.values[key]; !known {
		e.order = append(e.order, key)
	}
	e.values[key] = value
}

func clip(b []byte) []byte { return b[:min(len(b), 64)] }

// kinds has the words for the kinds of keys: see the table in doc.go.
var kinds = map[byte]string{
	keyMeta: "a fact about the database", keyEntry: "a header", keyBody: "a body", keyUndo: "undo data",
	keyChain: "a place of the best chain", keyCoin: "a coin", keyTx: "a place of a transaction",
	keyHistory: "an address's transaction", keyReorg: "an entry of the journal",
}

// name returns what a key is about, for people.
func name(key []byte) string {
	if o, err := outpointOf(key); err == nil && key[0] == keyCoin {
		return "coin " + o.String()
	}
	return fmt.Sprintf("%s (key %x)", kinds[key[0]], key)
}
