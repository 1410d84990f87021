package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"toychain/consensus"
	"toychain/internal/atomicfile"
	"toychain/network"
	"toychain/store"
)

// findDatadir replaces a leading ~ in --datadir, which a shell leaves in --datadir=~/x
// and in the environment.
func (a *app) findDatadir() error {
	dir := a.global.datadir
	if rest, ok := strings.CutPrefix(dir, "~"); ok && (rest == "" || rest[0] == filepath.Separator) {
		home, err := os.UserHomeDir()
		if err != nil {
			return fmt.Errorf("the home directory is not known: %w: choose a directory with --datadir", err)
		}
		dir = filepath.Join(home, rest)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("--datadir: %w", err)
	}
	a.global.datadir = dir
	return nil
}

// networkDir returns the directory of a network's data.
func (a *app) networkDir(p *consensus.Params) string { return filepath.Join(a.global.datadir, p.Name) }

// dataDir is the data of a node that does not run, for commands that open it.
type dataDir struct {
	params           *consensus.Params
	network, datadir string // the flags of "node run"
}

// folder returns the path of the database.
func (k dataDir) folder() string { return filepath.Join(k.datadir, k.params.Name, "chain") }

// dataDir returns the data that the flags name: that of --datadir, or with --node that of
// a node of the testnet.
func (a *app) dataDir() (dataDir, error) {
	if a.global.node == "" {
		if a.typed["dir"] {
			return dataDir{}, a.whichNode()
		}
		p, err := network.Load(a.global.network)
		return dataDir{p, a.global.network, a.global.datadir}, err
	}
	t, n, err := a.namedNode()
	if err != nil {
		return dataDir{}, err
	}
	if r := t.Orchestrator(); r != nil {
		return dataDir{}, fmt.Errorf("%s runs %s: its data is there, not here", r.Name, n.Name)
	}
	return dataDir{t.Params(), t.File().Network, n.Datadir}, nil
}

// atRest adds to the error of opening a database how to stop the testnet's node that has
// it open.
func (a *app) atRest(err error) error {
	if a.global.node == "" || !errors.Is(err, store.ErrInUse) {
		return err
	}
	return &userError{fmt.Sprintf("%s runs (%v): end it first, with: toychain testnet kill %s --dir %s",
		a.global.node, store.ErrInUse, a.global.node, store.Quote(a.testnetFolder())), err}
}

// writeFile writes to stdout if path is empty, or else the whole file or nothing. It replaces an
// existing file only if force is set.
func (a *app) writeFile(path string, force bool, write func(io.Writer) error) error {
	place := atomicfile.Create
	switch {
	case path == "":
		return write(a.Stdout)
	case force:
		place = atomicfile.Replace
	}
	err := place(path, func(f *os.File) error { return errors.Join(write(f), f.Chmod(0o644)) })
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s exists: choose another name, or overwrite it with --force", path)
	}
	return err
}
