package store

import (
	"errors"
	"io/fs"

	"toychain/consensus"
	"toychain/store/ldb"
)

// errReadOnly is why a database that was opened to be read takes no Commit.
var errReadOnly = errors.New("it was opened to be read only")

// OpenReadOnly opens the database in the directory of a node that is not running, and
// changes nothing in it: no file is written, made or removed, and a record that a crash
// truncated is passed over and stays. Several may read at a time; a node that runs locks
// the directory. The error is fs.ErrNotExist if no node ever kept its chain there, or one
// of Open's.
func OpenReadOnly(dir string, p *consensus.Params) (*DB, error) {
	s, err := openDir(dir, ldb.OpenDirReadOnly)
	if err != nil {
		return nil, err
	}
	o := options()
	o.ReadOnly, o.ErrorIfMissing = true, true
	db, err := open(s, location{dir, p}, o)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	db.storage, db.queue.failed = s, errReadOnly
	return db, nil
}

// InUse reports whether a process has the database in this directory open for writing, as
// a node that runs has. Its lock decides; nothing is read.
func InUse(dir string) bool {
	s, err := ldb.OpenDirReadOnly(dir)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return s.Close() != nil
}
