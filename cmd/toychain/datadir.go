package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"toychain/consensus"
	"toychain/network"
	"toychain/store"
	"toychain/testnet"
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

// settingsFile returns the path of the file of settings.
func (a *app) settingsFile() string { return filepath.Join(a.global.datadir, "toychain.toml") }

// networkDir returns the directory of a network's data.
func (a *app) networkDir(p *consensus.Params) string { return filepath.Join(a.global.datadir, p.Name) }

// chainFolder is the database of a node, in its network's directory.
const chainFolder = "chain"

// dataDir is the data of a node that does not run, for commands that open it.
type dataDir struct {
	params           *consensus.Params
	network, datadir string // the flags of "node run"
}

// folder returns the path of the database.
func (k dataDir) folder() string { return filepath.Join(k.datadir, k.params.Name, chainFolder) }

// dataDir returns the data that the flags name: that of --datadir, or with --node that of
// a node of the testnet.
func (a *app) dataDir() (dataDir, error) {
	if a.global.node == "" {
		if a.typed["dir"] {
			return dataDir{}, a.whichNode()
		}
		p, _, err := network.Load(a.global.network)
		return dataDir{p, a.global.network, a.global.datadir}, err
	}
	t, err := a.namedTestnet()
	if err != nil {
		return dataDir{}, err
	}
	nodes := t.Nodes()
	i := slices.IndexFunc(nodes, func(n testnet.Node) bool { return n.Name == a.global.node })
	switch {
	case i < 0:
		return dataDir{}, fmt.Errorf("no node %q; there are %s", a.global.node, strings.Join(t.Names(), ", "))
	case t.Orchestrator() != nil:
		return dataDir{}, fmt.Errorf("%s runs %s: its data is there, not here", t.Orchestrator().Name, a.global.node)
	}
	return dataDir{t.Params(), t.File().Network, nodes[i].Datadir}, nil
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
