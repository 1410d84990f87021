package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// disk is a storage in memory that forgets, when it crashes, what was not synced,
// and that breaks at an operation of the test's choice.
type disk struct {
	mu      sync.Mutex
	files   map[storage.FileDesc]*diskFile
	removed map[storage.FileDesc]*diskFile // since the folder was last synced
	meta    storage.FileDesc
	named   bool // meta is set
	locked  bool
	ops     int  // so far: all that change something, and opening a file to read
	breakAt int  // the first of them that fails; 0 for never
	once    bool // it is the only one; else all that follow fail too
}

type diskFile struct {
	data   []byte
	synced int
}

var errBroken = errors.New("the disk is broken")

func newDisk(breakAt int) *disk {
	return &disk{files: make(map[storage.FileDesc]*diskFile), removed: make(map[storage.FileDesc]*diskFile), breakAt: breakAt}
}

// op counts an operation; the caller holds the lock.
func (d *disk) op() error {
	d.ops++
	if d.breakAt > 0 && (d.ops == d.breakAt || d.ops > d.breakAt && !d.once) {
		return errBroken
	}
	return nil
}

// broke reports whether an operation has failed.
func (d *disk) broke() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops >= d.breakAt
}

// inOrder returns the names of files, in an order that is always the same.
func inOrder(files map[storage.FileDesc]*diskFile) []storage.FileDesc {
	return slices.SortedFunc(maps.Keys(files), func(a, b storage.FileDesc) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Num, b.Num))
	})
}

// crashModes is how many ways crash knows.
const crashModes = 4

// crash returns what is there after the power comes back.
func (d *disk) crash(r *rand.Rand, mode int) *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := newDisk(0)
	after.meta, after.named = d.meta, d.named
	for _, fd := range inOrder(d.files) {
		f := d.files[fd]
		data := bytes.Clone(f.data)
		switch mode {
		case 0: // only what was synced
			data = data[:f.synced]
		case 1: // a part of the rest: the last record is torn
			data = data[:f.synced+r.IntN(len(data)-f.synced+1)]
		case 2: // the length of it, not the bytes
			clear(data[f.synced:])
		} // or all of it: only the process died
		after.files[fd] = &diskFile{data: data, synced: len(data)}
	}
	for _, fd := range inOrder(d.removed) { // a folder that was not synced may still name a file
		f := d.removed[fd]
		if _, there := after.files[fd]; !there && r.IntN(2) == 0 {
			after.files[fd] = &diskFile{data: bytes.Clone(f.data[:f.synced]), synced: f.synced}
		}
	}
	return after
}

func (d *disk) Lock() (storage.Locker, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked {
		return nil, storage.ErrLocked
	}
	d.locked = true
	return d, nil
}

func (d *disk) Unlock() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.locked = false
}

func (d *disk) Log(string) {}

func (d *disk) Close() error { return nil }

func (d *disk) SetMeta(fd storage.FileDesc) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op(); err != nil {
		return err
	}
	d.meta, d.named = fd, true
	clear(d.removed)
	return nil
}

func (d *disk) GetMeta() (storage.FileDesc, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.named {
		return storage.FileDesc{}, os.ErrNotExist
	}
	return d.meta, nil
}

func (d *disk) List(kind storage.FileType) (out []storage.FileDesc, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, fd := range inOrder(d.files) {
		if fd.Type&kind != 0 {
			out = append(out, fd)
		}
	}
	return out, nil
}

func (d *disk) Open(fd storage.FileDesc) (storage.Reader, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[fd]
	if f == nil {
		return nil, os.ErrNotExist
	}
	if err := d.op(); err != nil {
		return nil, err
	}
	return inMemory{bytes.NewReader(f.data)}, nil
}

func (d *disk) Create(fd storage.FileDesc) (storage.Writer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op(); err != nil {
		return nil, err
	}
	f := &diskFile{}
	d.files[fd] = f
	return &diskWriter{d, f, fd}, nil
}

func (d *disk) Remove(fd storage.FileDesc) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op(); err != nil {
		return err
	}
	d.removed[fd] = d.files[fd]
	delete(d.files, fd)
	return nil
}

func (d *disk) Rename(from, to storage.FileDesc) error { return errors.New("not used") }

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

type diskWriter struct {
	d  *disk
	f  *diskFile
	fd storage.FileDesc
}

func (w *diskWriter) Write(p []byte) (int, error) {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	n := len(p)
	err := w.d.op()
	if err != nil {
		n /= 2
	}
	w.f.data = append(w.f.data, p[:n]...)
	return n, err
}

func (w *diskWriter) Sync() error {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	if err := w.d.op(); err != nil {
		return err
	}
	w.f.synced = len(w.f.data)
	if w.fd.Type == storage.TypeManifest {
		clear(w.d.removed)
	}
	return nil
}

func (w *diskWriter) Close() error { return nil }

// openDisk opens a database on a disk, with so small a write buffer that tables are
// written and merged all the time.
func openDisk(d *disk, p *consensus.Params) (*DB, error) {
	o := options()
	o.WriteBuffer, o.CompactionTableSize = 4*opt.KiB, 4*opt.KiB
	return open(d, place{"", p}, o)
}

// fault is how a disk breaks.
type fault struct {
	name string
	once bool // only at the one operation, and not at all that follow
}

// The disk breaks at every single operation in turn, while a chain grows, forks and
// reorganises. Whatever the crash leaves of what was not synced, the database then
// holds to the byte what it held before the Commit that failed, or all of what it
// was to hold after it, and goes on from there.
func TestCrashAtEveryWrite(t *testing.T) {
	if raceDetector {
		t.Skip("LevelDB races with itself when its disk fails")
	}
	const seed = 20261125
	t.Logf("seed %d", seed)
	p := quickParams()
	w := newWorld(t, p)
	r := rand.New(rand.NewPCG(seed, 0))
	for len(w.all) < 16 {
		w.randomBlock(r, w.all[len(w.all)-1-r.IntN(min(len(w.all), 3))])
	}
	h := newHistory(w)
	for _, f := range []fault{{"from then on", false}, {"once", true}} {
		inReorg, inConnect, broke := 0, 0, true
		for n := 1; broke; n++ {
			d := newDisk(n)
			d.once = f.once
			done := live(t, w, d)
			broke = d.broke()
			for mode := range crashModes {
				h.reopen(t, d.crash(r, mode), r, done, fmt.Sprintf("operation %d breaks %s, crash %d", n, f.name, mode))
			}
			switch {
			case done == len(w.all): // nothing the node noticed
			case h.reorgs[done]:
				inReorg++
			default:
				inConnect++
			}
			if !broke && n < 60 {
				t.Fatalf("only %d operations: the test shows little", n)
			}
		}
		t.Logf("breaking %s: %d times in a reorganisation, %d times otherwise", f.name, inReorg, inConnect)
		if inReorg < 5 || inConnect < 5 {
			t.Error("that shows little")
		}
	}
}

// history is what a database holds after each of a world's blocks, on a sound disk.
type history struct {
	*world
	holds  []block.Hash // of everything in it: 0 when it is new, i after i blocks
	reorgs []bool       // block i, from 0, makes the best chain another
}

func newHistory(w *world) *history {
	w.Helper()
	h := &history{world: w}
	db, err := openDisk(newDisk(0), w.params)
	if err != nil {
		w.Fatal(err)
	}
	note := func() {
		sum, err := contents(w, db)
		if err != nil {
			w.Fatal(err)
		}
		h.holds = append(h.holds, sum)
	}
	note()
	n := &node{world: w, db: db, tree: loadTree(w, db, w.params), arrived: map[block.Hash]*vertex{}}
	for _, v := range w.all {
		before := len(n.reorgs)
		if v != w.genesis {
			n.take(v)
		}
		n.flush()
		note()
		h.reorgs = append(h.reorgs, len(n.reorgs) > before)
	}
	if err := db.Close(); err != nil {
		w.Fatal(err)
	}
	return h
}

// reopen looks at what a crash left after so many blocks, and lets it go on.
func (h *history) reopen(t *testing.T, d *disk, r *rand.Rand, done int, when string) {
	t.Helper()
	if r.IntN(2) == 0 { // and again, while it is being opened
		d.breakAt = 1 + r.IntN(12)
		if db, err := openDisk(d, h.params); err == nil {
			db.Close()
		}
		d = d.crash(r, r.IntN(crashModes))
	}
	db, err := openDisk(d, h.params)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	got, err := contents(t, db)
	if err != nil || got != h.holds[done] && (done == len(h.all) || got != h.holds[done+1]) {
		t.Fatalf("%s: after %d blocks it holds neither what it did nor what it was to hold: %v", when, done, err)
	}
	n := &node{world: h.world, db: db, tree: loadTree(t, db, h.params), arrived: map[block.Hash]*vertex{}}
	for _, v := range h.all {
		if info, known := n.tree.Info(v.hash); known && info.Entry.Status&chain.HasBody != 0 {
			n.arrived[v.hash] = v
		}
	}
	for _, v := range h.all[1:] {
		if n.arrived[v.hash] == nil {
			n.take(v)
		}
		n.flush()
	}
	n.arrived[h.genesis.hash] = h.genesis
	check(t, n)
	if got, err := contents(t, db); err != nil || got != h.holds[len(h.all)] {
		t.Fatalf("%s: going on, it ends with other contents: %v", when, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// check holds a database against the world, and against itself.
func check(t *testing.T, n *node) {
	t.Helper()
	tip := n.arrived[n.tree.Tip().Hash]
	compareCoins(t, n.db, tip)
	compareBlocks(t, n.db, n.arrived, tip)
	if findings, err := n.db.Verify(unsigned, 0, nil); err != nil || findings != nil {
		t.Fatal(findings, err)
	}
}

// live feeds a node on this disk block by block until something fails, and returns
// after how many blocks Flush had succeeded.
func live(t *testing.T, w *world, d *disk) (done int) {
	db, err := openDisk(d, w.params)
	if err != nil {
		return 0
	}
	defer db.Close()
	entries, tip, err := db.Load()
	if err != nil {
		return 0
	}
	tree, err := chain.NewTree(w.params, unsigned, db, entries, tip)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range w.all {
		if v != w.genesis {
			if _, err := tree.AddBlock(v.block, now(v)); err != nil {
				if !errors.Is(err, errBroken) {
					t.Fatal(err)
				}
				return done
			}
		}
		if err := tree.Flush(); err != nil {
			if !errors.Is(err, errBroken) && db.failed == nil {
				t.Fatal(err)
			}
			if err := db.Commit(&chain.Commit{Tip: w.genesis.hash}); err == nil {
				t.Fatal("a Commit after one that failed")
			}
			return done
		}
		done++
	}
	return done
}
