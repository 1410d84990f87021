package store

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"

	"toychain/block"
	"toychain/chain"
)

// disk is a storage in memory that forgets, when it crashes, what was not synced,
// and that breaks at a write of the test's choice.
type disk struct {
	mu      sync.Mutex
	files   map[storage.FileDesc]*diskFile
	removed map[storage.FileDesc]*diskFile // since the folder was last synced
	meta    storage.FileDesc
	named   bool // meta is set
	locked  bool
	writes  int // operations that change something, so far
	breakAt int // the first of them that fails, with all that follow; 0 for never
}

type diskFile struct {
	data   []byte
	synced int
}

var errBroken = errors.New("the disk is broken")

func newDisk(breakAt int) *disk {
	return &disk{files: make(map[storage.FileDesc]*diskFile), removed: make(map[storage.FileDesc]*diskFile), breakAt: breakAt}
}

// change counts an operation; the caller holds the lock.
func (d *disk) change() error {
	d.writes++
	if d.breakAt > 0 && d.writes >= d.breakAt {
		return errBroken
	}
	return nil
}

// crash returns what is there after the power comes back.
func (d *disk) crash(r *rand.Rand) *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := newDisk(0)
	after.meta, after.named = d.meta, d.named
	mode := r.IntN(4)
	for fd, f := range d.files {
		data := bytes.Clone(f.data)
		switch mode {
		case 0: // only what was synced
			data = data[:f.synced]
		case 1: // a part of the rest
			data = data[:f.synced+r.IntN(len(data)-f.synced+1)]
		case 2: // the length of it, not the bytes
			clear(data[f.synced:])
		} // or all of it: only the process died
		after.files[fd] = &diskFile{data: data, synced: len(data)}
	}
	for fd, f := range d.removed { // a folder that was not synced may still name a file
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
	if err := d.change(); err != nil {
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
	for fd := range d.files {
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
	return &whole{bytes.NewReader(f.data)}, nil
}

func (d *disk) Create(fd storage.FileDesc) (storage.Writer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.change(); err != nil {
		return nil, err
	}
	f := &diskFile{}
	d.files[fd] = f
	return &diskWriter{d, f, fd}, nil
}

func (d *disk) Remove(fd storage.FileDesc) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.change(); err != nil {
		return err
	}
	d.removed[fd] = d.files[fd]
	delete(d.files, fd)
	return nil
}

func (d *disk) Rename(from, to storage.FileDesc) error { return errors.New("not used") }

type diskWriter struct {
	d  *disk
	f  *diskFile
	fd storage.FileDesc
}

func (w *diskWriter) Write(p []byte) (int, error) {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	n := len(p)
	err := w.d.change()
	if err != nil {
		n /= 2
	}
	w.f.data = append(w.f.data, p[:n]...)
	return n, err
}

func (w *diskWriter) Sync() error {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	if err := w.d.change(); err != nil {
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
func openDisk(d *disk, p *chain.Params) (*DB, error) {
	o := options()
	o.WriteBuffer, o.CompactionTableSize = 4*opt.KiB, 4*opt.KiB
	return open(d, place{"", p}, o)
}

// The disk breaks at every single write in turn, while a chain grows, forks and
// reorganises. After the crash the database is where it was before the write or
// after it, with all that belongs to it, and goes on from there.
func TestCrashAtEveryWrite(t *testing.T) {
	if raceDetector {
		t.Skip("LevelDB races with itself when its disk fails")
	}
	const seed = 20261125
	t.Logf("seed %d", seed)
	p := quickParams()
	p.Spending = freely{}
	w := newWorld(t, p)
	r := rand.New(rand.NewPCG(seed, 0))
	for len(w.all) < 16 {
		w.randomBlock(r, w.all[len(w.all)-1-r.IntN(min(len(w.all), 3))])
	}
	for breakAt, crashed := 1, true; crashed; breakAt++ {
		d := newDisk(breakAt)
		var said told
		said, crashed = live(t, w, d)
		after := d.crash(r)
		if r.IntN(2) == 0 { // and again, while it is being opened
			after.breakAt = 1 + r.IntN(12)
			if db, err := openDisk(after, p); err == nil {
				db.Close()
			}
			after = after.crash(r)
		}
		db, err := openDisk(after, p)
		if err != nil {
			t.Fatalf("write %d: after the crash: %v", breakAt, err)
		}
		_, tip, err := db.Load()
		if err != nil || tip != said.before && tip != said.after {
			t.Fatalf("write %d: tip %s, want %s or %s: %v", breakAt, tip, said.before, said.after, err)
		}
		n := &node{world: w, db: db, tree: loadTree(t, db, p), arrived: map[block.Hash]*vertex{}}
		for _, v := range w.all {
			if info, known := n.tree.Info(v.hash); known && info.Entry.Status&chain.HasBody != 0 {
				n.arrived[v.hash] = v
			}
		}
		if !tip.IsZero() {
			check(t, n)
		}
		for _, v := range w.all[1:] {
			if n.arrived[v.hash] == nil {
				n.take(v)
			}
			n.flush()
		}
		check(t, n)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if !crashed && breakAt < 60 {
			t.Fatalf("only %d writes: the test shows little", breakAt)
		}
	}
}

// check holds a database against the world, and against itself.
func check(t *testing.T, n *node) {
	t.Helper()
	tip := n.arrived[n.tree.Tip().Hash]
	compareCoins(t, n.db, tip)
	compareBlocks(t, n.db, n.arrived, tip)
	if findings, err := n.db.Verify(0, nil); err != nil || findings != nil {
		t.Fatal(findings, err)
	}
}

// told is what a node knew when it died: the tip of the last Flush that succeeded,
// and of the one that did not.
type told struct{ before, after block.Hash }

// live feeds a node on this disk block by block until something fails.
func live(t *testing.T, w *world, d *disk) (said told, crashed bool) {
	db, err := openDisk(d, w.params)
	if err != nil {
		return said, true
	}
	defer db.Close()
	tree := loadTree(t, db, w.params)
	for _, v := range w.all {
		if v != w.genesis {
			if _, err := tree.AddBlock(v.block, now(v)); err != nil {
				if !errors.Is(err, errBroken) {
					t.Fatal(err)
				}
				return said, true
			}
		}
		said.after = tree.Tip().Hash
		if err := tree.Flush(); err != nil {
			if !errors.Is(err, errBroken) && db.failed == nil {
				t.Fatal(err)
			}
			if err := db.Commit(&chain.Commit{Tip: said.before}); err == nil {
				t.Fatal("a Commit after one that failed")
			}
			return said, true
		}
		said.before = said.after
	}
	return said, d.writes >= d.breakAt
}
