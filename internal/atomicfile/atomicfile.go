// Package atomicfile writes a file whole or not at all: into a new file in the same directory,
// which it then renames. It knows files, and must not know what is in them.
package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// Replace creates or replaces the file at path. Only its owner may read it, unless write changes
// its mode. It is safe from a power cut only if write syncs it.
func Replace(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after a rename
	if err := errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Create is Replace for a file that must not exist yet (fs.ErrExist). An empty file reserves its
// name until it is written.
func Create(path string, write func(*os.File) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Close(), Replace(path, write)); err != nil {
		os.Remove(path)
		return err
	}
	return nil
}

// Synced returns the argument write that writes b and syncs it.
func Synced(b []byte) func(*os.File) error {
	return func(f *os.File) error {
		_, err := f.Write(b)
		return errors.Join(err, f.Sync())
	}
}

// SyncDir makes the names in a directory safe from a power cut, where the system can. Windows has
// no such call and needs none.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}
