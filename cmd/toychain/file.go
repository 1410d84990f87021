package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// refuseExisting returns an error if there is a file at path, unless force is set. It is
// for before the work; writeFile looks again.
func refuseExisting(path string, force bool) error {
	if _, err := os.Stat(path); err != nil || force {
		return nil
	}
	return fmt.Errorf("%s exists: choose another name, or overwrite it with --force", path)
}

// writeFile writes the whole file, or nothing. It replaces an existing file only if force
// is set.
func writeFile(path string, mode fs.FileMode, force bool, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after a rename
	err = write(f)
	if err := errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return err
	}
	if !force {
		err = os.Link(f.Name(), path)
		if errors.Is(err, fs.ErrExist) {
			return refuseExisting(path, force)
		}
		if err == nil {
			return nil
		}
	} // or it is a file system without links
	return os.Rename(f.Name(), path)
}
