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
	// ErrInUse: another process, or another part of this one, has the directory open.
	ErrInUse = errors.New("the data directory is in use by another node")
	// ErrOtherNetwork: the directory holds the chain of a network with other parameters.
	ErrOtherNetwork = errors.New("the data directory belongs to another network")
	// ErrNewerSchema: a later version of toychain wrote the directory.
	ErrNewerSchema = errors.New("the data directory was written by a newer toychain")
	// ErrDamaged: what is stored is not what was written, or does not fit together.
	// Nothing is repaired or dropped silently.
	ErrDamaged = errors.New("the database is damaged")
	// ErrClosed: the database was closed.
	ErrClosed = errors.New("the database is closed")
)

// location is which database an error is about: what people must know to repair it.
type location struct {
	dir    string // empty for a storage without a directory
	params *consensus.Params
}

// damage is ErrDamaged, what does not fit, and what to do.
type damage struct {
	location
	what error
}

// Error implements error.
func (d *damage) Error() string {
	return fmt.Sprintf("%s: %s%s; rebuild it from the blocks it holds with: %s", ErrDamaged, d.prefix(), d.what, d.remedy())
}

// Unwrap lets errors.Is find ErrDamaged and the cause.
func (d *damage) Unwrap() []error { return []error{ErrDamaged, d.what} }

// damaged returns an error that wraps ErrDamaged.
func (p location) damaged(format string, args ...any) error {
	return &damage{p, fmt.Errorf(format, args...)}
}

// prefix returns how an error begins that names the directory.
func (p location) prefix() string {
	if p.dir == "" {
		return ""
	}
	return p.dir + ": "
}

// remedy returns the command that rebuilds this database. Directories are laid out as
// DATADIR/NETWORK/…; where that does not hold the reader must fill it in.
func (p location) remedy() string {
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

// Quote returns an argument of a command as it must be typed in a shell.
func Quote(arg string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+=,"
	if arg != "" && strings.Trim(arg, plain) == "" {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// wrap adds to an error of LevelDB what was being done, and the remedy if it is damage.
func (p location) wrap(err error, doing string) error {
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
