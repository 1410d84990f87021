package wallet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Only its owner may read the key file, and the directory made for it.
const (
	fileMode = 0o600
	dirMode  = 0o700
)

// createFile writes a new file and never changes an existing one (fs.ErrExist). An empty
// file reserves the name first. If the machine stops before the bytes follow, opening it
// gives an error that says so.
func createFile(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists and is never overwritten: choose another name, or move it away: %w", path, fs.ErrExist)
	}
	if err != nil {
		return err
	}
	if err := errors.Join(f.Close(), replaceFile(path, b)); err != nil {
		os.Remove(path)
		return err
	}
	return nil
}

// replaceFile replaces the file at path by b, atomically: it writes and syncs a file beside
// it, and renames that.
func replaceFile(path string, b []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after a rename
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
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
