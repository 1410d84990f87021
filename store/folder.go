package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/syndtr/goleveldb/leveldb/storage"
)

// folder is LevelDB's storage in a folder, for its owner's eyes alone.
type folder struct {
	storage.Storage
	dir string
}

// openFolder makes the folder if it is not there, and locks it.
func openFolder(dir string) (*folder, error) {
	if err := finishSwap(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	s, err := storage.OpenFile(dir, false)
	if err != nil {
		var path *os.PathError
		var errno syscall.Errno
		if !errors.As(err, &path) && errors.As(err, &errno) { // of all that can fail, only the lock names no path
			return nil, fmt.Errorf("%w: %s (%w); stop that node or choose another --datadir", ErrInUse, dir, err)
		}
		return nil, fmt.Errorf("data folder: %w", err)
	}
	f := &folder{s, dir}
	if err := f.hide("LOCK", "LOG"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return f, nil
}

// hide takes away the permissions that LevelDB gives to everybody.
func (f *folder) hide(names ...string) error {
	for _, name := range names {
		if err := os.Chmod(filepath.Join(f.dir, name), 0o600); err != nil {
			return fmt.Errorf("data folder: %w", err)
		}
	}
	return nil
}

// Create makes a file that only its owner can read.
func (f *folder) Create(fd storage.FileDesc) (storage.Writer, error) {
	w, err := f.Storage.Create(fd)
	if err != nil {
		return nil, err
	}
	if err := f.hide(fd.String()); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// SetMeta says which manifest is current.
func (f *folder) SetMeta(fd storage.FileDesc) error {
	if err := f.Storage.SetMeta(fd); err != nil {
		return err
	}
	return f.hide("CURRENT")
}

// The folders beside a database while it is rebuilt: the new one grows, and has
// another name when it is whole; then the old one steps aside, for ever if something
// in it could not be read, and the new one takes its name.
const (
	suffixNew     = ".reindex-new"
	suffixReady   = ".reindex-ready"
	suffixOld     = ".reindex-old"
	suffixDamaged = ".damaged"
)

// swap puts the new database in the place of the old. If keep is set, the old
// folder stays, and its new name is returned.
func swap(dir string, keep bool) (kept string, err error) {
	old := dir + suffixOld
	if keep {
		old = freeName(dir + suffixDamaged)
		kept = old
	}
	for _, step := range [][2]string{{dir + suffixNew, dir + suffixReady}, {dir, old}, {dir + suffixReady, dir}} {
		if err := os.Rename(step[0], step[1]); err != nil {
			return "", fmt.Errorf("data folder: %w", err)
		}
		if err := SyncFolder(filepath.Dir(dir)); err != nil {
			return "", err
		}
	}
	return kept, finishSwap(dir)
}

// finishSwap ends a swap that was interrupted, in whatever place. While the old
// folder is in its place the new one is of no account: the old may have changed since.
func finishSwap(dir string) error {
	_, err := os.Stat(dir)
	switch {
	case err == nil:
		err = os.RemoveAll(dir + suffixOld)
	case errors.Is(err, os.ErrNotExist):
		err = os.Rename(dir+suffixReady, dir)
		if errors.Is(err, os.ErrNotExist) {
			return nil // a new node
		}
	}
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}

// freeName returns path, or path and a number if something is there.
func freeName(path string) string {
	for n, name := 2, path; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = fmt.Sprintf("%s%d", path, n)
	}
}

// SyncFolder makes the names in a folder safe from a power failure, where the system can.
func SyncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}
