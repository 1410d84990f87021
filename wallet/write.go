package wallet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// The key file and a folder made for it are for their owner only.
const (
	fileMode   = 0o600
	folderMode = 0o700
)

// createFile writes a new file and never touches one that is there (fs.ErrExist). The
// name is taken first, by an empty file; should the machine stop before the bytes
// follow, that empty file says so to whoever opens it.
func createFile(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), folderMode); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and is never overwritten; take another name or move it away: %w", path, fs.ErrExist)
	}
	if err != nil {
		return err
	}
	err = f.Close()
	if err == nil {
		err = replaceFile(path, b)
	}
	if err != nil {
		os.Remove(path)
	}
	return err
}

// replaceFile puts b in the place of the file at path, all or nothing: it writes and
// syncs a file beside it, which then takes its name.
func replaceFile(path string, b []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(b); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder makes a new name last. Windows has no such call and needs none.
func syncFolder(dir string) error {
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
