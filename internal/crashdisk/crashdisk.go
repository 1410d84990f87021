// Package crashdisk is a disk for tests of package store and of the files below it: it
// loses, when it crashes, what was not synced, and it fails at an operation of the
// test's choice.
package crashdisk

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// Disk implements LevelDB's storage.Storage in memory.
type Disk struct {
	FailAt int  // the first operation that fails: see Ops; 0: none
	Once   bool // it is the only one; else all that follow fail too

	mu      sync.Mutex
	files   map[storage.FileDesc]*file
	removed map[storage.FileDesc]*file // since the directory was last synced
	meta    storage.FileDesc
	named   bool // meta is set
	locked  bool
	ops     int
}

type file struct {
	data   []byte
	synced int
}

// ErrBroken is the error of an operation that fails.
var ErrBroken = errors.New("the disk is broken")

// New returns an empty disk.
func New() *Disk {
	return &Disk{files: make(map[storage.FileDesc]*file), removed: make(map[storage.FileDesc]*file)}
}

// Put adds a file whose contents are synced.
func (d *Disk) Put(fd storage.FileDesc, data []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[fd] = &file{data, len(data)}
}

// Ops returns how many operations there were: all that change something, and opening
// a file to read.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// op counts an operation; the caller holds the lock.
func (d *Disk) op() error {
	d.ops++
	if d.FailAt > 0 && (d.ops == d.FailAt || d.ops > d.FailAt && !d.Once) {
		return ErrBroken
	}
	return nil
}

// Broke reports whether an operation was to fail and did.
func (d *Disk) Broke() bool { return d.Ops() >= d.FailAt }

// inOrder returns the names of files, in an order that is always the same.
func inOrder(files map[storage.FileDesc]*file) []storage.FileDesc {
	return slices.SortedFunc(maps.Keys(files), func(a, b storage.FileDesc) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Num, b.Num))
	})
}

// Crash is what ends the use of a disk, and how much of what was not synced is left.
type Crash int

const (
	NothingUnsynced Crash = iota // a power cut, and only what was synced is left
	CutShort                     // of what was not synced the beginning is left
	Zeros                        // all of its length is, but not the bytes
	Sectors                      // some of its sectors are
	ProcessDied                  // all of it is: there was no power cut
	Crashes                      // how many ways there are
)

// sector is the least that a disk writes at once.
const sector = 512

// After returns what is left after a crash.
func (d *Disk) After(how Crash, r *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := New()
	after.meta, after.named = d.meta, d.named
	for _, fd := range inOrder(d.files) {
		data := d.files[fd].after(how, r)
		after.files[fd] = &file{data, len(data)}
	}
	for _, fd := range inOrder(d.removed) { // a directory that was not synced may still name a file
		f := d.removed[fd]
		if _, there := after.files[fd]; !there && r.IntN(2) == 0 {
			after.files[fd] = &file{bytes.Clone(f.data[:f.synced]), f.synced}
		}
	}
	return after
}

func (f *file) after(how Crash, r *rand.Rand) []byte {
	data := bytes.Clone(f.data)
	switch how {
	case NothingUnsynced:
		return data[:f.synced]
	case CutShort:
		return data[:f.synced+r.IntN(len(data)-f.synced+1)]
	case Zeros:
		clear(data[f.synced:])
	case Sectors:
		for at := f.synced; at < len(data); {
			end := min((at/sector+1)*sector, len(data))
			if r.IntN(2) == 0 {
				clear(data[at:end])
			}
			at = end
		}
	}
	return data
}

// Lock implements storage.Storage.
func (d *Disk) Lock() (storage.Locker, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked {
		return nil, storage.ErrLocked
	}
	d.locked = true
	return d, nil
}

// Unlock implements storage.Locker.
func (d *Disk) Unlock() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.locked = false
}

// Log implements storage.Storage.
func (d *Disk) Log(string) {}

// Close implements storage.Storage.
func (d *Disk) Close() error { return nil }

func (d *Disk) SetMeta(fd storage.FileDesc) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op(); err != nil {
		return err
	}
	d.meta, d.named = fd, true
	clear(d.removed)
	return nil
}

// GetMeta implements storage.Storage.
func (d *Disk) GetMeta() (storage.FileDesc, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.named {
		return storage.FileDesc{}, os.ErrNotExist
	}
	return d.meta, nil
}

// List implements storage.Storage.
func (d *Disk) List(kind storage.FileType) (out []storage.FileDesc, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, fd := range inOrder(d.files) {
		if fd.Type&kind != 0 {
			out = append(out, fd)
		}
	}
	return out, nil
}

// Open implements storage.Storage.
func (d *Disk) Open(fd storage.FileDesc) (storage.Reader, error) {
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

// Create implements storage.Storage.
func (d *Disk) Create(fd storage.FileDesc) (storage.Writer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op(); err != nil {
		return nil, err
	}
	f := &file{}
	d.files[fd] = f
	return &writer{d, f, fd}, nil
}

// Remove implements storage.Storage.
func (d *Disk) Remove(fd storage.FileDesc) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.op(); err != nil {
		return err
	}
	d.removed[fd] = d.files[fd]
	delete(d.files, fd)
	return nil
}

// Rename implements storage.Storage.
func (d *Disk) Rename(from, to storage.FileDesc) error { return errors.New("not used") }

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

type writer struct {
	d  *Disk
	f  *file
	fd storage.FileDesc
}

// Write implements storage.Writer.
func (w *writer) Write(p []byte) (int, error) {
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

// Sync implements storage.Writer.
func (w *writer) Sync() error {
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

// Close implements storage.Writer.
func (w *writer) Close() error { return nil }
