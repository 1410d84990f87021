package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/rpc"
	"toychain/testnet/purse"
	"toychain/wallet"
)

func (a *app) walletCommand() *cobra.Command {
	return asking(cli.Noun("wallet", "Keys on your side: make them, be paid, pay, sign.",
		"toychain wallet create\ntoychain wallet balance\ntoychain wallet send ADDRESS 1.5",
		a.walletCreateCommand(), a.walletRestoreCommand(), a.walletAddressCommand(), a.walletBalanceCommand(),
		a.walletHistoryCommand(), a.walletSendCommand(), a.walletSignCommand(), a.walletVerifyCommand()))
}

// createdWallet is what "wallet create --json" and "wallet restore --json" print.
type createdWallet struct {
	Name     string `json:"name"`
	Network  string `json:"network"`
	Path     string `json:"path"`
	Mnemonic string `json:"mnemonic,omitempty"` // of a new one; shown now and never again
	Address  string `json:"address"`            // the next to be paid at
}

func (a *app) walletCreateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create [NAME]", Short: "Make a wallet; its words are shown once.",
		Example: "toychain wallet create\ntoychain wallet create savings --words 24",
		Long: `Make a wallet. Its words are shown once. They are the money: with them the wallet
can be restored anywhere, and without them a lost file or passphrase is lost money.

In the file, the words are locked with the passphrase, as an age file, so that the
age command (filippo.io/age) can read them too:

  jq -r .secret ~/.toychain/toy/wallets/default.json | age --decrypt

You are asked for the passphrase on the terminal, or it comes from
--passphrase-file or TOYCHAIN_PASSPHRASE. Files made by earlier versions still
open; a payment with change rewrites one in this form.`,
		Args: cli.Args(0, 1, "one name"),
	}
	asJSON := cli.JSONFlag(cmd)
	name, pass := a.walletFlag(cmd), cli.PassphraseFlags(cmd)
	words := cmd.Flags().Int("words", 12, "how many `WORDS`, 12 or 24")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if *words != 12 && *words != 24 {
			return cli.Usagef("--words %d: want 12 or 24", *words)
		}
		if len(given) == 1 {
			*name = given[0]
		}
		mnemonic, err := wallet.NewMnemonic(*words, rand.Reader)
		if err != nil {
			return err
		}
		w, p, err := a.createWallet(cmd.Context(), *name, mnemonic, pass)
		if err != nil {
			return err
		}
		return a.printCreated(w, p, mnemonic, *asJSON)
	}
	return cmd
}

// createWallet writes the file of a wallet with these words.
func (a *app) createWallet(ctx context.Context, name, mnemonic string, pass *cli.Passphrase) (*wallet.Wallet, *consensus.Params, error) {
	p, err := a.network()
	if err != nil {
		return nil, nil, err
	}
	path, err := a.walletPath(p, name)
	if err != nil {
		return nil, nil, err
	}
	exists := fmt.Errorf("there is a wallet %s already: choose another name; it was not touched", path)
	if _, err := os.Stat(path); err == nil {
		return nil, nil, exists
	}
	text, err := a.NewPassphrase(ctx, pass)
	if err != nil {
		return nil, nil, err
	}
	workFactor := a.workFactor
	if text == cli.NoPassphrase {
		workFactor = wallet.CheapWorkFactor // there is nothing to guess
	}
	w, err := wallet.Create(path, text, wallet.New{
		Name: strings.TrimSuffix(filepath.Base(path), ".json"), Network: walletNetwork(p),
		Mnemonic: mnemonic, Created: time.Now(), WorkFactor: workFactor,
	})
	if errors.Is(err, fs.ErrExist) {
		err = exists
	}
	return w, p, err
}

func (a *app) printCreated(w *wallet.Wallet, p *consensus.Params, mnemonic string, asJSON bool) error {
	next, _, err := w.Next(wallet.Receive)
	if err != nil {
		return err
	}
	v := createdWallet{w.Name(), p.Name, w.Path(), mnemonic, next.Encode(p.Prefixes)}
	if asJSON {
		return a.PrintJSON(v)
	}
	c := a.Colours(a.Stdout)
	fmt.Fprintf(a.Stdout, "wallet %s of network %s, in %s\n", v.Name, v.Network, v.Path)
	if mnemonic != "" {
		fmt.Fprintf(a.Stdout, "\n%s\n%s\n", numbered(mnemonic), c.Bold("Write these words down now: they are not shown again, and they are the money."))
	}
	fmt.Fprintf(a.Stdout, "\nfirst address  %s\n", v.Address)
	return nil
}

// numbered writes words in rows of four.
func numbered(mnemonic string) string {
	var b strings.Builder
	for i, word := range strings.Fields(mnemonic) {
		if i%4 == 3 {
			fmt.Fprintf(&b, "  %2d %s\n", i+1, word)
		} else {
			fmt.Fprintf(&b, "  %2d %-9s", i+1, word)
		}
	}
	return b.String()
}

func (a *app) walletRestoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore [NAME]", Short: "Make a wallet from the words of an old one.",
		Example: "toychain wallet restore\ntoychain wallet restore savings < words.txt",
		Args:    cli.Args(0, 1, "one name"),
	}
	asJSON := cli.JSONFlag(cmd)
	name, pass := a.walletFlag(cmd), cli.PassphraseFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if len(given) == 1 {
			*name = given[0]
		}
		typed, err := a.AskLine(cmd.Context(), "the 12 or 24 words: ")
		if err != nil {
			return err
		}
		mnemonic, err := wallet.ParseMnemonic(typed)
		if err != nil {
			return err
		}
		w, p, err := a.createWallet(cmd.Context(), *name, mnemonic, pass)
		if err != nil {
			return err
		}
		err = a.ask(cmd, func(ctx context.Context, n target) error {
			at, err := purse.Open(ctx, n, w, p.Digest(), p.Prefixes)
			if err != nil {
				return err
			}
			return at.Discover(ctx)
		})
		switch {
		case errors.Is(err, rpc.ErrUnreachable):
			fmt.Fprintln(a.Stderr, "no node answers, so nobody could be asked which addresses were paid: later, 'toychain wallet balance --discover' asks")
		case cmd.Context().Err() != nil:
			return err
		case err != nil: // the wallet is there all the same
			fmt.Fprintf(a.Stderr, "nobody was asked which addresses were paid (%v): later, 'toychain wallet balance --discover' asks\n", err)
		}
		return a.printCreated(w, p, "", *asJSON)
	}
	return cmd
}

// ownAddress is a row of "wallet address --all".
type ownAddress struct {
	Address string `json:"address"`
	Path    string `json:"path"` // branch/index, below the account m/44'/coin'/0'
}

func (a *app) walletAddressCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "address", Short: "Hand out a fresh address to be paid at.",
		Example: "toychain wallet address\ntoychain wallet address --all",
		Args:    cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	name := a.walletFlag(cmd)
	all := cmd.Flags().Bool("all", false, "list those that were handed out, and hand out none")
	cmd.RunE = func(*cobra.Command, []string) error {
		p, err := a.network()
		if err != nil {
			return err
		}
		w, err := a.loadWallet(p, *name)
		if err != nil {
			return err
		}
		if *all {
			return a.listAddresses(w, p, *asJSON)
		}
		_, path, err := w.Next(wallet.Receive)
		if err != nil {
			return err
		}
		address, err := w.Receive()
		if err != nil {
			return err
		}
		if *asJSON {
			return a.PrintJSON(ownAddress{address.Encode(p.Prefixes), path.String()})
		}
		fmt.Fprintln(a.Stdout, address.Encode(p.Prefixes))
		return nil
	}
	return cmd
}

// listAddresses lists what was handed out, change addresses too.
func (a *app) listAddresses(w *wallet.Wallet, p *consensus.Params, asJSON bool) error {
	owned, err := w.Addresses()
	if err != nil {
		return err
	}
	next := make(map[wallet.Branch]uint32)
	for _, b := range []wallet.Branch{wallet.Receive, wallet.Change} {
		_, path, err := w.Next(b)
		if err != nil {
			return err
		}
		next[b] = path.Index
	}
	rows := []ownAddress{}
	for _, o := range owned {
		if o.Path.Index < next[o.Path.Branch] {
			rows = append(rows, ownAddress{o.Address.Encode(p.Prefixes), o.Path.String()})
		}
	}
	if asJSON {
		return a.PrintJSON(rows)
	}
	t := cli.Table(a.Stdout)
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\n", r.Path, r.Address)
	}
	return t.Flush()
}

// withPurse runs f with a wallet and the node that it asks.
func (a *app) withPurse(cmd *cobra.Command, name string, f func(context.Context, *purse.Purse, target) error) error {
	p, err := a.network()
	if err != nil {
		return err
	}
	w, err := a.loadWallet(p, name)
	if err != nil {
		return err
	}
	return a.ask(cmd, func(ctx context.Context, n target) error {
		at, err := purse.Open(ctx, n, w, p.Digest(), p.Prefixes)
		if err != nil {
			return err
		}
		return f(ctx, at, n)
	})
}

func (a *app) walletBalanceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "balance", Short: "Show how much there is.",
		Example: "toychain wallet balance\ntoychain wallet balance --wallet savings --json",
		Args:    cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	name := a.walletFlag(cmd)
	discover := cmd.Flags().Bool("discover", false, "first look for payments to addresses that this file never handed out")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withPurse(cmd, *name, func(ctx context.Context, at *purse.Purse, _ target) error {
			if *discover {
				if err := at.Discover(ctx); err != nil {
					return err
				}
			}
			b, err := at.Balance(ctx)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.PrintJSON(struct {
					purse.Balance
					Total block.Amount `json:"total"`
				}{b, b.Total()})
			}
			t := cli.Table(a.Stdout)
			fmt.Fprintf(t, "to spend\t%s\n", b.Confirmed)
			if b.Pending != 0 {
				fmt.Fprintf(t, "pending\t%s\tin no block yet\n", b.Pending)
			}
			if b.Immature != 0 {
				fmt.Fprintf(t, "immature\t%s\tnew coins, too young to spend\n", b.Immature)
			}
			return t.Flush()
		})
	}
	return cmd
}

func (a *app) walletHistoryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "history", Short: "List what came and went, the oldest first.",
		Example: "toychain wallet history",
		Long: `List what came and went, the oldest first. The time is the block's own, which its
miner set. It must be later than the median of the eleven blocks before, so blocks
that are mined within a second stand some seconds ahead of the clock.`,
		Args: cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	name := a.walletFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withPurse(cmd, *name, func(ctx context.Context, at *purse.Purse, _ target) error {
			rows, err := at.History(ctx)
			if err != nil {
				return err
			}
			if *asJSON {
				if rows == nil {
					rows = []purse.Entry{}
				}
				return a.PrintJSON(rows)
			}
			if len(rows) == 0 {
				fmt.Fprintln(a.Stdout, "nothing yet")
				return nil
			}
			for _, r := range rows { // in two lines: a txid leaves no room beside it
				where := "pending"
				if r.Height >= 0 {
					where = cli.Count(r.Height)
				}
				fmt.Fprintf(a.Stdout, "%s  %-9s  %16s\n  %s\n", time.Unix(r.Time, 0).Format(time.DateTime), where, signed(r.Net), r.TxID)
			}
			return nil
		})
	}
	return cmd
}

// signed writes an amount with its sign.
func signed(v block.Amount) string {
	if v > 0 {
		return "+" + v.String()
	}
	return v.String()
}
