package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"toychain/consensus"
	"toychain/network"
	"toychain/store"
	"toychain/testnet"
)

// chainFolder is where a node keeps its chain, in its network's folder.
const chainFolder = "chain"

// kept is what the flags name when no node is asked but its folder is opened.
type kept struct {
	params           *consensus.Params
	network, datadir string // as node run was told
}

// folder is where the chain is.
func (k kept) folder() string { return filepath.Join(k.datadir, k.params.Name, chainFolder) }

// kept returns what the flags name: a folder of data, or with --node that of a node of
// the testnet.
func (a *app) kept() (kept, error) {
	if a.global.node == "" {
		if a.onLine["dir"] {
			return kept{}, a.whichNode()
		}
		p, _, err := network.Load(a.global.network)
		return kept{p, a.global.network, a.global.datadir}, err
	}
	t, err := a.namedTestnet()
	if err != nil {
		return kept{}, err
	}
	nodes := t.Nodes()
	i := slices.IndexFunc(nodes, func(n testnet.Node) bool { return n.Name == a.global.node })
	switch {
	case i < 0:
		return kept{}, fmt.Errorf("no node %q; there are %s", a.global.node, strings.Join(t.Names(), ", "))
	case t.Runner() != nil:
		return kept{}, fmt.Errorf("%s runs %s: its folder is there, not here", t.Runner().Name, a.global.node)
	}
	return kept{t.Params(), t.File().Network, nodes[i].Datadir}, nil
}

// atRest completes the error of opening a folder: it says how to stop the testnet's
// node that has it open.
func (a *app) atRest(err error) error {
	if a.global.node == "" || !errors.Is(err, store.ErrInUse) {
		return err
	}
	return &told{fmt.Sprintf("%s runs (%v): end it first, with: toychain testnet kill %s --dir %s",
		a.global.node, store.ErrInUse, a.global.node, store.Quote(a.testnetFolder())), err}
}
