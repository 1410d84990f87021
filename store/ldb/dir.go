package ldb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/storage"
)

// ErrLocked: the directory is open in another process, or in another part of this one.
var ErrLocked = errors.New("the directory is locked")

// dir is LevelDB's storage in a directory whose files only their owner can read.
type dir struct {
	storage.Storage
	path string
}

// OpenDir returns the storage in a directory, which it makes if it is not there, and
// locks it until the storage is closed. A Replace that was interrupted is finished first.
// The error is ErrLocked or the disk's.
func OpenDir(path string) (storage.Storage, error) {
	if err := FinishReplace(path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, wrap(err)
	}
	s, err := storage.OpenFile(path, false)
	if err != nil {
		var named *os.PathError
		var errno syscall.Errno
		if !errors.As(err, &named) && errors.As(err, &errno) { // of all that can fail, only the lock names no path
			return nil, fmt.Errorf("%w: %w", ErrLocked, err)
		}
		return nil, wrap(err)
	}
	d := &dir{s, path}
	if err := d.hide("LOCK", "LOG"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return d, nil
}

// OpenDirReadOnly returns the storage in a directory that no process has open for
// writing, and changes nothing in it; several may read at a time. The error is
// fs.ErrNotExist if there is no such directory, ErrLocked, or the disk's.
func OpenDirReadOnly(path string) (storage.Storage, error) {
	s, err := storage.OpenFile(path, true)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, wrap(err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return s, nil
}

// hide removes the permissions that LevelDB gives to every user.
func (d *dir) hide(names ...string) error {
	for _, name := range names {
		if err := os.Chmod(filepath.Join(d.path, name), 0o600); err != nil {
			return wrap(err)
		}
	}
	return nil
}

// Create implements storage.Storage.
func (d *dir) Create(fd storage.FileDesc) (storage.Writer, error) {
	w, err := d.Storage.Create(fd)
	if err != nil {
		return nil, err
	}
	if err := d.hide(fd.String()); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// SetMeta implements storage.Storage: it sets which manifest is current.
func (d *dir) SetMeta(fd storage.FileDesc) error {
	if err := d.Storage.SetMeta(fd); err != nil {
		return err
	}
	return d.hide("CURRENT")
}

// Settle turns what is in a database's journal into a table, so that a closed directory
// has everything in files that LevelDB counts and checks. Without it the next opening
// would do the same work, but would not notice if the journal had been cut or was gone.
//
// LevelDB does this when a transaction is opened. Should that fail, LevelDB is stuck
// (its lock is never released, and its Close would wait for it): leave it open then;
// what was written is safe in the journal.
func Settle(db *leveldb.DB) error {
	tr, err := db.OpenTransaction()
	if err != nil {
		return err
	}
	tr.Discard()
	return nil
}

// wrap names what the operation was about; the error itself names the path.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("data directory: %w", err)
}
