package wallet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"toychain/internal/atomicfile"
)

// createFile writes a new file and never changes an existing one (fs.ErrExist). If the machine
// stops when its name is reserved and before the bytes follow, opening it gives an error that
// says so.
func createFile(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	err := atomicfile.Create(path, atomicfile.Synced(b))
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s exists and is never overwritten: choose another name, or move it away: %w", path, fs.ErrExist)
	case err != nil:
		return err
	}
	return syncDir(filepath.Dir(path))
}

// replaceFile replaces the file at path by b, atomically.
func replaceFile(path string, b []byte) error {
	if err := atomicfile.Replace(path, atomicfile.Synced(b)); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a new name durable. Windows has no such call and needs none.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
