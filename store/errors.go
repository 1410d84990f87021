package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"toychain/consensus"
	"toychain/store/ldb"
)

var (
	// ErrInUse: another process, or another part of this one, has the folder open.
	ErrInUse = errors.New("the data folder is in use by another node")
	// ErrOtherNetwork: the folder holds the chain of a network with other parameters.
	ErrOtherNetwork = errors.New("the data folder belongs to another network")
	// ErrNewerSchema: a later version of toychain wrote the folder.
	ErrNewerSchema = errors.New("the data folder was written by a newer toychain")
	// ErrDamaged: what is stored is not what was written, or does not fit together.
	// Nothing is repaired or dropped behind anybody's back.
	ErrDamaged = errors.New("the database is damaged")
	// ErrClosed: the database was closed.
	ErrClosed = errors.New("the database is closed")
)

// place says which database an error is about, for people.
type place struct {
	dir    string // empty for a storage without a folder
	params *consensus.Params
}

// damage is ErrDamaged, what does not fit, and what to do.
type damage struct {
	place
	what error
}

func (d *damage) Error() string {
	return fmt.Sprintf("%s: %s%s; rebuild it from the blocks it holds with: %s", ErrDamaged, d.prefix(), d.what, d.remedy())
}

func (d *damage) Unwrap() []error { return []error{ErrDamaged, d.what} }

func (p place) damaged(format string, args ...any) error {
	return &damage{p, fmt.Errorf(format, args...)}
}

func (p place) prefix() string {
	if p.dir == "" {
		return ""
	}
	return p.dir + ": "
}

// remedy returns the command that rebuilds this database. Folders are laid out
// as DATADIR/NETWORK/…; where that does not hold the reader must fill it in.
func (p place) remedy() string {
	command := "toychain chain reindex"
	if _, preset := consensus.Preset(p.params.Name); preset {
		command += " --network " + p.params.Name
	} else {
		command += " --network FILE"
	}
	if network := filepath.Dir(p.dir); p.dir != "" && filepath.Base(network) == p.params.Name {
		return command + " --datadir " + Quote(filepath.Dir(network))
	}
	return command + " --datadir …"
}

// Quote writes an argument of a command as a shell wants it typed.
func Quote(arg string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+=,"
	if arg != "" && strings.Trim(arg, plain) == "" {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// wrap says what was being done when LevelDB failed, and whether it was damage.
func (p place) wrap(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrDamaged):
		return err
	case ldb.IsCorrupted(err):
		return p.damaged("%s: %w", doing, err)
	}
	return fmt.Errorf("%s%s: %w", p.prefix(), doing, err)
}
