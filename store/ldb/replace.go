package ldb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"toychain/internal/atomicfile"
)

// The directories beside a database while it is rebuilt: the new one grows, and is
// renamed when it is complete; then the old one steps aside, for good if it is to be
// kept, and the new one takes its name.
const (
	suffixNew     = ".reindex-new"
	suffixReady   = ".reindex-ready"
	suffixOld     = ".reindex-old"
	suffixDamaged = ".damaged"
)

// StartReplace returns the directory in which a database is made that is to take the
// place of dir. What an earlier attempt left is removed.
func StartReplace(dir string) (string, error) {
	if err := errors.Join(os.RemoveAll(dir+suffixNew), os.RemoveAll(dir+suffixReady)); err != nil {
		return "", wrap(err)
	}
	return dir + suffixNew, nil
}

// Replace puts the database that was made in StartReplace's directory in the place of
// the one in dir; neither may be open. If keep is set, the old directory stays, and its
// new name is returned.
func Replace(dir string, keep bool) (kept string, err error) {
	old := dir + suffixOld
	if keep {
		old = freeName(dir + suffixDamaged)
		kept = old
	}
	for _, step := range [][2]string{{dir + suffixNew, dir + suffixReady}, {dir, old}, {dir + suffixReady, dir}} {
		if err := os.Rename(step[0], step[1]); err != nil {
			return "", wrap(err)
		}
		if err := wrap(atomicfile.SyncDir(filepath.Dir(dir))); err != nil {
			return "", err
		}
	}
	return kept, FinishReplace(dir)
}

// FinishReplace ends a Replace that was interrupted at any of its steps. While the old
// directory is in its place the new one does not count: the old may have changed since.
func FinishReplace(dir string) error {
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
	return wrap(err)
}

// freeName returns path, or path and a number if there is something of that name.
func freeName(path string) string {
	for n, name := 2, path; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = fmt.Sprintf("%s%d", path, n)
	}
}
