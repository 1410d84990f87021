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
	"toychain/internal/nearest"
	"toychain/store"
	"toychain/wallet"
)

// defaultWallet is the wallet of those who name none.
const defaultWallet = "default"

// walletFlag adds --wallet to a command.
func (a *app) walletFlag(cmd *cobra.Command) *string {
	name := cmd.Flags().String("wallet", defaultWallet, "`NAME` of the wallet, or path of its file")
	cli.Settable(cmd.Flags(), "wallet")
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

const aboutNames = `Instead of an address, the name of a wallet on this machine will do ('toychain wallet
list'): it stands for the wallet's next address. Stderr says which one that is. What is an
address is never taken for a name.`

// addressOf returns the address that the user names: an address of the network that the
// flags name or, if it is none, the name of a wallet, see aboutNames. An error begins with
// the flag that the text is of, "" for an argument.
func (a *app) addressOf(flag, text string) (wallet.Address, error) {
	p, err := a.network()
	if err != nil {
		return wallet.Address{}, err
	}
	address, bad := wallet.ParseAddress(text, p.Prefixes)
	if bad == nil {
		return address, nil
	}
	usage := func(hint string) error {
		return cli.Usagef("%s: %w%s", strings.TrimSpace(flag+" "+text), bad, hint)
	}
	path, _, err := a.walletPath(text)
	if err != nil {
		return address, usage("")
	}
	w, err := wallet.Load(path, walletNetwork(p))
	if errors.Is(err, fs.ErrNotExist) {
		if len(text) >= 26 { // the length of the shortest address
			return address, usage("")
		}
		hint := "; nor is it the name of a wallet: 'toychain wallet list' lists them"
		if names := a.walletNames(); len(names) > 0 {
			if near, far := nearest.Of(text, names); far <= 2 {
				hint = "; nor is it the name of a wallet: did you mean " + near + "?"
			}
		}
		return address, usage(hint)
	}
	if err == nil {
		address, _, err = w.Next(wallet.Receive)
	}
	if err == nil {
		fmt.Fprintf(a.Stderr, "%s is %s, the next address of this wallet\n", text, address.Encode(p.Prefixes))
	}
	return address, err
}

// addressText is addressOf for an address that is passed on as text; "" stays "".
func (a *app) addressText(flag, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	address, err := a.addressOf(flag, text)
	if err != nil {
		return "", err
	}
	p, err := a.network()
	return address.Encode(p.Prefixes), err
}

// walletNames returns the names of the wallets in the network's directory, sorted; none if
// the flags name no network.
func (a *app) walletNames() (names []string) {
	p, err := a.network()
	if err != nil {
		return nil
	}
	files, _ := filepath.Glob(filepath.Join(a.networkDir(p), "wallets", "*.json")) // no bad pattern
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	return names
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
