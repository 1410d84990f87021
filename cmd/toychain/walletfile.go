package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"toychain/consensus"
	"toychain/store"
	"toychain/wallet"
)

// walletFlag adds --wallet to a command.
func (a *app) walletFlag(cmd *cobra.Command) *string {
	name := cmd.Flags().String("wallet", "default", "`NAME` of the wallet, or its file's path")
	settable(cmd.Flags(), "wallet")
	a.completeWallets(cmd)
	return name
}

// walletPath returns where a wallet's file is: NAME in the network's folder, or a
// path if it looks like one.
func (a *app) walletPath(p *consensus.Params, name string) (string, error) {
	switch {
	case name == "":
		return "", usagef("--wallet: want a name, or the path of a file")
	case strings.ContainsRune(name, filepath.Separator) || strings.HasSuffix(name, ".json"):
		return name, nil
	case strings.HasPrefix(name, "."):
		return "", usagef("--wallet %q: a name does not begin with a dot", name)
	}
	return filepath.Join(a.networkDir(p), "wallets", name+".json"), nil
}

// loadWallet opens a wallet to look.
func (a *app) loadWallet(p *consensus.Params, name string) (*wallet.Wallet, error) {
	path, err := a.walletPath(p, name)
	if err != nil {
		return nil, err
	}
	w, err := wallet.Load(path, walletNetwork(p))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &told{fmt.Sprintf("there is no wallet %s: make one with '%s', or name another with --wallet", path, a.walletRemedy()), fs.ErrNotExist}
	}
	return w, err
}

// walletRemedy is the command that makes the wallet that was looked for: with the flags
// that the user gave.
func (a *app) walletRemedy() string {
	text := "toychain wallet create"
	for _, name := range []string{"network", "datadir", "node", "dir", "wallet"} {
		if a.onLine[name] {
			text += " --" + name + " " + store.Quote(a.running.Flags().Lookup(name).Value.String())
		}
	}
	return text
}

func walletNetwork(p *consensus.Params) wallet.Network {
	return wallet.Network{Name: p.Name, Prefixes: p.Prefixes}
}
