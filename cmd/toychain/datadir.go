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

// networkDir is where a network's data is kept.
func (a *app) networkDir(p *consensus.Params) string { return filepath.Join(a.global.datadir, p.Name) }

// chainFolder is where a node keeps its chain, in its network's folder.
const chainFolder = "chain"

// dataDir is what the flags name when a command opens the data of a node that does not run.
type dataDir struct {
	params           *consensus.Params
	network, datadir string // as node run was told
}

// folder is where the chain is.
func (k dataDir) folder() string { return filepath.Join(k.datadir, k.params.Name, chainFolder) }

// dataDir returns what the flags name: a folder of data, or with --node that of a node of
// the testnet.
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
	case t.Runner() != nil:
		return dataDir{}, fmt.Errorf("%s runs %s: its folder is there, not here", t.Runner().Name, a.global.node)
	}
	return dataDir{t.Params(), t.File().Network, nodes[i].Datadir}, nil
}

// atRest completes the error of opening a folder: it says how to stop the testnet's
// node that has it open.
func (a *app) atRest(err error) error {
	if a.global.node == "" || !errors.Is(err, store.ErrInUse) {
		return err
	}
	return &userError{fmt.Sprintf("%s runs (%v): end it first, with: toychain testnet kill %s --dir %s",
		a.global.node, store.ErrInUse, a.global.node, store.Quote(a.testnetFolder())), err}
}
