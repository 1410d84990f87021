package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/store"
	"toychain/wallet"
)

// walletFlag adds --wallet to a command.
func (a *app) walletFlag(cmd *cobra.Command) *string {
	name := cmd.Flags().String("wallet", "default", "`NAME` of the wallet, or path of its file")
	cli.Settable(cmd.Flags(), "wallet")
	a.completeWallets(cmd)
	return name
}

// walletPath returns the path of a wallet's file, and its network. A name that looks like
// a path is one; any other is that of a file in the network's directory.
func (a *app) walletPath(name string) (string, *consensus.Params, error) {
	p, err := a.network()
	switch {
	case err != nil:
		return "", nil, err
	case name == "":
		return "", nil, cli.Usagef("--wallet: want a name, or the path of a file")
	case strings.ContainsRune(name, filepath.Separator) || strings.HasSuffix(name, ".json"):
		return name, p, nil
	case strings.HasPrefix(name, "."):
		return "", nil, cli.Usagef("--wallet %q: a name does not begin with a dot", name)
	}
	return filepath.Join(a.networkDir(p), "wallets", name+".json"), p, nil
}

// loadWallet opens a wallet without its private keys, and returns its network too.
func (a *app) loadWallet(name string) (*wallet.Wallet, *consensus.Params, error) {
	path, p, err := a.walletPath(name)
	if err != nil {
		return nil, nil, err
	}
	w, err := wallet.Load(path, walletNetwork(p))
	if errors.Is(err, fs.ErrNotExist) {
		err = &userError{fmt.Sprintf("there is no wallet %s: make one with '%s', or name another with --wallet", path, a.walletRemedy()), fs.ErrNotExist}
	}
	return w, p, err
}

// walletRemedy returns the command that makes the missing wallet, with the flags that the
// user typed.
func (a *app) walletRemedy() string {
	text := "toychain wallet create"
	for _, name := range []string{"network", "datadir", "node", "dir", "wallet"} {
		if a.typed[name] {
			text += " --" + name + " " + store.Quote(a.command.Flags().Lookup(name).Value.String())
		}
	}
	return text
}

func walletNetwork(p *consensus.Params) wallet.Network {
	return wallet.Network{Name: p.Name, Prefixes: p.Prefixes}
}

// unlock returns a wallet's private keys. It does not ask for the passphrase of a wallet
// without one.
func (a *app) unlock(ctx context.Context, w *wallet.Wallet, p *cli.Passphrase) (*wallet.Keychain, error) {
	text, ok, err := p.Given()
	if err != nil {
		return nil, err
	}
	if !ok {
		keys, err := w.Unlock(cli.NoPassphrase)
		if !errors.Is(err, wallet.ErrPassphrase) {
			return keys, err
		}
		if text, err = a.AskSecret(ctx, fmt.Sprintf("passphrase of wallet %s: ", w.Name())); err != nil {
			return nil, err
		}
	}
	keys, err := w.Unlock(text)
	if errors.Is(err, wallet.ErrPassphrase) {
		return nil, fmt.Errorf("%w: try again; without it only the words can restore the wallet", err)
	}
	return keys, err
}
