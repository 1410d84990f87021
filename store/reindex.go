package store

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/storage"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/store/ldb"
)

// Rebuilt is what Reindex made.
type Rebuilt struct {
	Tip     chain.Point
	Headers int
	Blocks  int           // bodies that were read and kept
	Lost    []chain.Point // bodies that had been stored and could not be read, or whose ancestors could not
	Refused int           // bodies on top of a block that breaks a rule, which are not kept
	Reorgs  int           // entries of the journal
	Unread  []string      // what could not be read of which file
	Kept    string        // where the damaged database is, if anything was lost
}

// Reindex rebuilds the database in a directory from the blocks of every branch that can
// still be read in it, and validates each again: statuses, coins, undo data and indexes
// are as if the blocks arrived today. When a header was first seen, the order in which
// blocks arrived, and the journal are kept where they can be read. A block that a user
// invalidated is valid again if it breaks no rule.
//
// The new database is made beside the old one and takes its place at the very end. If
// that is interrupted, Reindex starts over, and nothing is lost. progress, if not nil, is
// called with a number of blocks: first of those that were found, with a total of 0
// because that is not known yet, and then of those that were validated.
func Reindex(dir string, p *consensus.Params, v consensus.Verifier, progress func(done, total int)) (Rebuilt, error) {
	if progress == nil {
		progress = func(int, int) {}
	}
	if err := ldb.FinishReplace(dir); err != nil {
		return Rebuilt{}, err
	}
	if _, err := os.Stat(dir); err != nil {
		return Rebuilt{}, fmt.Errorf("there is no database to rebuild: %w", err)
	}
	old, err := openDir(dir, ldb.OpenDir)
	if err != nil {
		return Rebuilt{}, err
	}
	out, err := rebuild(old, location{dir, p}, v, progress)
	if err = errors.Join(err, old.Close()); err != nil {
		return Rebuilt{}, err
	}
	out.Kept, err = ldb.Replace(dir, len(out.Lost) > 0)
	return out, err
}

// rebuild reads the old database in dir and writes a new one beside it.
func rebuild(old storage.Storage, at location, v consensus.Verifier, progress func(done, total int)) (Rebuilt, error) {
	r := rebuilder{old: ldb.Recovery{Storage: old}, at: at, verifier: v,
		headers: make(map[block.Hash]*oldHeader), reorgs: make(map[uint64]chain.Reorg)}
	if err := r.readHeaders(); err != nil {
		return Rebuilt{}, err
	}
	beside, err := ldb.StartReplace(at.dir)
	if err != nil {
		return Rebuilt{}, err
	}
	db, err := Open(beside, at.params)
	if err != nil {
		return Rebuilt{}, err
	}
	r.db = db
	err = r.readBodies(progress)
	if err == nil {
		err = r.buildTree(progress)
	}
	if err == nil {
		err = r.finish()
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return Rebuilt{}, errors.Join(err, os.RemoveAll(beside))
	}
	return r.out, nil
}

// rebuilder is the state of a rebuild.
type rebuilder struct {
	old      ldb.Recovery
	at       location
	verifier consensus.Verifier
	db       *DB // the new one
	tree     *chain.Tree
	headers  map[block.Hash]*oldHeader // until they are in the tree
	precious []chain.Entry             // those with a negative Seq
	reorgs   map[uint64]chain.Reorg
	out      Rebuilt
}

// oldHeader is what can still be read of one header.
type oldHeader struct {
	chain.Entry
	seq  uint64 // of the write; a higher one is newer
	body bool   // its body is in the new database
}

// readHeaders reads the headers, the journal, and which network's database this is.
func (r *rebuilder) readHeaders() error {
	return r.old.Each(func(key, value []byte, seq uint64) error {
		switch {
		case string(key) == string(metaNetwork):
			if n, err := decodeNetwork(value); err == nil {
				return r.at.checkNetwork(n)
			}
		case string(key) == string(metaSchema):
			if n, err := decodeNumber(value); err == nil {
				return r.at.checkSchema(n)
			}
		case key[0] == keyEntry && len(key) == lenEntryKey:
			hash := block.Hash(key[1:])
			if e, err := decodeEntry(value); err == nil && e.Header.Hash() == hash {
				if n := r.headers[hash]; n == nil || seq >= n.seq {
					r.headers[hash] = &oldHeader{Entry: e, seq: seq}
				}
			}
		case key[0] == keyReorg && len(key) == lenReorgKey:
			if g, err := decodeReorg(value); err == nil {
				r.reorgs[reorgNumber(key)] = g
			}
		}
		return nil
	})
}

// copyBatch is how many bytes of bodies are copied at once.
const copyBatch = 1 << 20

// readBodies copies every body that is whole into the new database.
func (r *rebuilder) readBodies(progress func(done, total int)) error {
	batch := new(leveldb.Batch)
	write := func(least int) error {
		if len(batch.Dump()) < least {
			return nil
		}
		err := r.db.wrap(ldb.Write(r.db.level, batch), "copying blocks")
		batch.Reset()
		return err
	}
	genesis := chain.Point{Hash: r.at.params.Genesis.Hash()}
	r.headers[genesis.Hash] = &oldHeader{Entry: chain.Entry{Header: r.at.params.Genesis.Header, Status: chain.HasBody}, body: true}
	batch.Put(appendBodyKey(nil, genesis), r.at.params.Genesis.Bytes())
	found := 0
	err := r.old.Each(func(key, value []byte, _ uint64) error {
		if key[0] != keyBody {
			return nil
		}
		p, err := placeOf(key)
		n := r.headers[p.Hash]
		if err != nil || n != nil && n.body {
			return nil
		}
		b, err := decodeBody(value, p.Hash)
		if err != nil {
			return nil
		}
		if root, _ := block.MerkleRoot(b.TxIDs()); root != b.Header.MerkleRoot {
			return nil
		}
		if n == nil {
			n = &oldHeader{Entry: chain.Entry{Header: b.Header, Height: p.Height}}
			r.headers[p.Hash] = n
		}
		n.body, n.Status = true, n.Status|chain.HasBody
		found++
		progress(found, 0)
		batch.Put(appendBodyKey(nil, chain.Point{Hash: p.Hash, Height: n.Height}), value)
		return write(copyBatch)
	})
	if err != nil {
		return err
	}
	r.out.Unread = r.old.Unread
	if len(r.headers) == 1 {
		return fmt.Errorf("%w: %snot one block could be read; to begin a new chain remove %s, and not the wallets beside it", ErrDamaged, r.at.prefix(), Quote(r.at.dir))
	}
	return write(0)
}

// flushBlocks and flushBytes are how much may wait in the tree before it is flushed.
const (
	flushBlocks = 500
	flushBytes  = 4 << 20
)

// buildTree makes a tree on the new database and adds all headers to it, and then all
// blocks in the order in which they arrived.
func (r *rebuilder) buildTree(progress func(done, total int)) (err error) {
	if r.tree, err = chain.NewTree(r.at.params, r.verifier, rebuiltDisk{r.db}, nil, block.Hash{}); err != nil {
		return err
	}
	order := make([]chain.Point, 0, len(r.headers))
	for hash, n := range r.headers {
		order = append(order, chain.Point{Hash: hash, Height: n.Height})
	}
	slices.SortFunc(order, func(a, b chain.Point) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), slices.Compare(a.Hash[:], b.Hash[:]))
	})
	blocks := make([]oldBlock, 0, len(order))
	for _, p := range order {
		n := r.headers[p.Hash]
		if err := r.tree.AddHeader(&n.Header, n.seen(r.at.params.Future)); err != nil && !rejected(err) {
			return err
		}
		if n.Seq < 0 {
			r.precious = append(r.precious, n.Entry)
		}
		if n.Status&chain.HasBody != 0 {
			blocks = append(blocks, oldBlock{p, n.order(), n.arrived(r.at.params.Future), n.body})
		}
		delete(r.headers, p.Hash) // the tree has it
	}
	r.headers, order = nil, nil
	slices.SortStableFunc(blocks, func(a, b oldBlock) int { return cmp.Compare(a.order, b.order) })
	for i := range blocks {
		progress(i, len(blocks))
		if err := r.add(&blocks[i]); err != nil {
			return err
		}
		if blocks, bytes := r.tree.Unflushed(); blocks >= flushBlocks || bytes >= flushBytes {
			if err := r.tree.Flush(); err != nil {
				return err
			}
		}
	}
	progress(len(blocks), len(blocks))
	return r.restorePrecious()
}

// oldBlock is what adding a block takes besides its body.
type oldBlock struct {
	chain.Point
	order   int64
	arrived time.Time
	body    bool // it could be read
}

// seen returns when the header was first seen; its own time if that is not known, or if it
// is so much earlier that a clock must have been wrong.
func (n *oldHeader) seen(future time.Duration) time.Time {
	if int64(n.Header.Time)-n.Received.Unix() > int64(future.Seconds()) {
		return time.Unix(int64(n.Header.Time), 0)
	}
	return n.Received
}

// arrived returns when the block and its ancestors were all here, as far as that is known.
func (n *oldHeader) arrived(future time.Duration) time.Time {
	if n.Complete.IsZero() {
		return n.seen(future)
	}
	return n.Complete
}

// order returns the number by which blocks are added: as they arrived the first time, and
// those of which that is not known after all others.
func (n *oldHeader) order() int64 {
	if n.Seq > 0 {
		return n.Seq
	}
	return 1 << 62
}

// rejected reports whether an error is about the block. Any other is the disk's.
func rejected(err error) bool {
	return consensus.RuleOf(err) != "" || errors.Is(err, chain.ErrKnown) || errors.Is(err, consensus.ErrNoParent)
}

// add adds one block to the tree. A body that the tree does not accept is removed from the
// database again: no header would ever refer to it.
func (r *rebuilder) add(n *oldBlock) error {
	p := n.Point
	if _, known := r.tree.Info(p.Hash); !known || !n.body {
		r.out.Lost = append(r.out.Lost, p)
		return r.remove(p)
	}
	b, err := get(r.db, r.db.level, appendBodyKey(nil, p), "a block just copied",
		func(v []byte) (*block.Block, error) { return decodeBody(v, p.Hash) })
	if err != nil {
		return err
	}
	if _, err := r.tree.AddBlock(b, n.arrived); err != nil && !rejected(err) {
		return err
	}
	if info, _ := r.tree.Info(p.Hash); info.Entry.Status&chain.HasBody == 0 {
		r.out.Refused++
		return r.remove(p)
	}
	r.out.Blocks++
	return nil
}

// remove deletes a body that readBodies copied.
func (r *rebuilder) remove(p chain.Point) error {
	return r.db.wrap(r.db.level.Delete(appendBodyKey(nil, p), nil), "removing a block")
}

// restorePrecious repeats a user's preciousblock calls: such blocks have a negative place
// in the order, the latest call the lowest.
func (r *rebuilder) restorePrecious() error {
	precious := r.precious
	slices.SortFunc(precious, func(a, b chain.Entry) int { return cmp.Compare(b.Seq, a.Seq) })
	for i := range precious {
		hash := precious[i].Header.Hash()
		if _, known := r.tree.Info(hash); !known {
			continue
		}
		if _, err := r.tree.Precious(hash, precious[i].Received); err != nil {
			return err
		}
	}
	return r.tree.Flush()
}

// finish writes the journal and the result.
func (r *rebuilder) finish() error {
	tip := r.tree.Tip()
	batch := new(leveldb.Batch)
	w := writer{batch: batch}
	numbers := make([]uint64, 0, len(r.reorgs))
	for n := range r.reorgs {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for i, n := range numbers {
		g := r.reorgs[n]
		w.reorg(uint64(i)+1, &g)
	}
	r.out.Reorgs = len(numbers)
	if err := r.db.Sync(); err != nil {
		return err
	}
	r.out.Tip, r.out.Headers = chain.Point{Hash: tip.Hash, Height: tip.Height}, len(r.tree.Entries())
	err := ldb.Write(r.db.level, batch)
	if err == nil {
		err = ldb.Sync(r.db.level)
	}
	return r.db.wrap(err, "writing the journal")
}

// rebuiltDisk is the disk of buildTree's tree: the bodies are stored already, and what
// looks like a reorganisation is in the old journal, if it happened at all.
type rebuiltDisk struct{ *DB }

// Put implements chain.Disk.
func (g rebuiltDisk) Put(entries []chain.Entry, bodies []consensus.Block) error {
	return g.put(entries, bodies, true)
}

// Commit implements chain.Disk.
func (g rebuiltDisk) Commit(c *chain.Commit) error {
	quiet := *c
	quiet.Reorgs = nil
	return g.DB.Commit(&quiet)
}
