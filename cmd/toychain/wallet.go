package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/payer"
	"toychain/wallet"
)

func (a *app) walletCommand() *cobra.Command {
	return cli.Noun("wallet", "Keep keys on your side: receive, pay, sign.",
		"toychain wallet create\ntoychain wallet list\ntoychain wallet send bob 1.5",
		a.walletCreateCommand(), a.walletRestoreCommand(), a.walletWordsCommand(), a.walletListCommand(), a.walletAddressCommand(),
		a.walletBalanceCommand(), a.walletHistoryCommand(), a.walletSendCommand(), a.walletSignCommand(), a.walletVerifyCommand())
}

// newWallet is what "wallet create" and "wallet restore" print.
type newWallet struct {
	Name     string `json:"name"`
	Network  string `json:"network"`
	Path     string `json:"path"`
	Mnemonic string `json:"mnemonic,omitempty"` // of a created one
	Address  string `json:"address"`            // the first unused one
}

func (a *app) walletCreateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create [NAME]", SuggestFor: []string{"new"}, Short: "Make a wallet, and show its words.",
		Example: "toychain wallet create\ntoychain wallet create savings --words 24",
		Long: `Make a wallet, and show its words. They are the money: with them the wallet can be
restored anywhere, and without them a lost file or passphrase is lost money. If they
cannot be shown, no wallet is made. 'toychain wallet words' shows them again.

In the file, the words are locked with the passphrase, as an age file, so that the
age command (filippo.io/age) can read them too:

  jq -r .secret ~/.toychain/toy/wallets/default.json | age --decrypt

You are asked for the passphrase on the terminal, or it comes from
--passphrase-file or TOYCHAIN_PASSPHRASE. Files made by earlier versions still
open; a payment with change rewrites one in this form.`,
		Args: cli.Args(0, 1, "one name"),
	}
	name, pass := a.walletFlag(cmd), cli.PassphraseFlags(cmd)
	words := cmd.Flags().Int("words", 12, "`N` words, 12 or 24")
	made := ""
	show(a, cmd, nothing, func(ctx context.Context, _ none, given []string) (newWallet, error) {
		if *words != 12 && *words != 24 {
			return newWallet{}, cli.Usagef("--words %d: want 12 or 24", *words)
		}
		mnemonic, err := wallet.NewMnemonic(*words, rand.Reader)
		if err != nil {
			return newWallet{}, err
		}
		if a.Stdout.Discards() {
			return newWallet{}, errors.New("no wallet was made: its words would be lost, for nothing reads the output")
		}
		w, p, err := a.createWallet(ctx, append(given, *name)[0], mnemonic, pass)
		if err != nil {
			return newWallet{}, err
		}
		made = w.Path()
		return describeWallet(w, p, mnemonic)
	}, a.printWallet)
	create := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		err := create(cmd, given)
		if err = cmp.Or(err, a.Stdout.Err()); err == nil || made == "" {
			return err
		}
		return errors.Join(fmt.Errorf("no wallet was made: its words could not be shown: %w", err), os.Remove(made))
	}
	return cmd
}

func (a *app) walletWordsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "words", SuggestFor: []string{"seed", "mnemonic", "backup", "dump"}, Short: "Show a wallet's words again.",
		Example: "toychain wallet words\ntoychain wallet words --wallet savings",
		Long: `Show a wallet's words again. They are the money: show them to no other person.
You are asked for the passphrase, as for a payment.`,
		Args: cobra.NoArgs,
	}
	name, pass := a.walletFlag(cmd), cli.PassphraseFlags(cmd)
	return show(a, cmd, nothing, func(ctx context.Context, _ none, _ []string) (map[string]string, error) {
		w, _, err := a.loadWallet(*name)
		if err != nil {
			return nil, err
		}
		keys, err := a.unlock(ctx, w, pass)
		if err != nil {
			return nil, err
		}
		return map[string]string{"mnemonic": keys.Words()}, nil
	}, func(out io.Writer, v map[string]string) { fmt.Fprint(out, numbered(v["mnemonic"])) })
}

// createWallet writes the file of a wallet with these words.
func (a *app) createWallet(ctx context.Context, name, mnemonic string, pass *cli.Passphrase) (*wallet.Wallet, *consensus.Params, error) {
	path, p, err := a.walletPath(name)
	if err != nil {
		return nil, nil, err
	}
	if err := wallet.CheckName(strings.TrimSuffix(filepath.Base(path), ".json")); err != nil {
		return nil, nil, cli.UsageError{Err: err}
	}
	exists := fmt.Errorf("the wallet %s exists and is not touched: choose another name", path)
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

func describeWallet(w *wallet.Wallet, p *consensus.Params, mnemonic string) (newWallet, error) {
	next, _, err := w.Next(wallet.Receive)
	return newWallet{w.Name(), p.Name, w.Path(), mnemonic, next.Encode(p.Prefixes)}, err
}

func (a *app) printWallet(out io.Writer, w newWallet) {
	fmt.Fprintf(out, "wallet %s of network %s, in %s\n", w.Name, w.Network, w.Path)
	if w.Mnemonic != "" {
		fmt.Fprintf(out, "\n%s\n%s\n", numbered(w.Mnemonic),
			a.Colours(a.Stdout).Bold("Write these words down now: they are the money, if this file or its passphrase is lost."))
	}
	fmt.Fprintf(out, "\nfirst address  %s\n", w.Address)
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
		Use: "restore [NAME]", SuggestFor: []string{"import", "recover"}, Short: "Make a wallet from the words of an old one.",
		Example: "toychain wallet restore\ntoychain wallet restore savings < words.txt",
		Long: `Make a wallet from the words of an old one: 12, 15, 18, 21 or 24 English words (BIP39).
A node is then asked for its payments, one range of addresses after another, until 20 in
a row were never paid. If you gave out more than that in a row, raise --gap.`,
		Args: cli.Args(0, 1, "one name"),
	}
	name, pass, gap := a.walletFlag(cmd), cli.PassphraseFlags(cmd), gapFlag(cmd)
	return show(a, cmd, nothing, func(ctx context.Context, _ none, given []string) (newWallet, error) {
		if err := checkGap(*gap); err != nil {
			return newWallet{}, err
		}
		typed, err := a.AskLine(ctx, "the 12 to 24 words: ")
		if err != nil {
			return newWallet{}, err
		}
		mnemonic, err := wallet.ParseMnemonic(typed)
		if err != nil {
			return newWallet{}, err
		}
		w, p, err := a.createWallet(ctx, append(given, *name)[0], mnemonic, pass)
		if err != nil {
			return newWallet{}, err
		}
		at, _, err := a.payerFor(ctx, w, p)
		if err == nil {
			err = at.Discover(ctx, *gap)
		}
		if err != nil && ctx.Err() != nil {
			return newWallet{}, err
		}
		if err != nil { // the wallet exists all the same
			fmt.Fprintf(a.Stderr, "earlier payments were not looked for: %v\nto look for them: toychain wallet balance --discover\n", a.explain(err))
		}
		return describeWallet(w, p, "")
	}, a.printWallet)
}

// ownAddress is what "wallet address" prints.
type ownAddress struct {
	Address string `json:"address"`
	Path    string `json:"path"` // branch/index, below the account m/44'/coin'/0'
}

func (a *app) walletAddressCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "address", SuggestFor: []string{"receive", "getnewaddress"}, Short: "Print a new address to be paid at.",
		Example: "toychain wallet address\ntoychain wallet address --all",
		Long: `Print a new address to be paid at. Each time it is another one, and payments to earlier
ones still arrive. From the 21st in a row that was never paid on you are warned: a
restore from the words looks no further ahead, unless it is told so with --gap.`,
	}
	name := a.walletFlag(cmd)
	all := cmd.Flags().Bool("all", false, "list the addresses that were given out, and give out none")
	return show(a, cmd, nothing, func(ctx context.Context, _ none, _ []string) (any, error) {
		w, p, err := a.loadWallet(*name)
		if err != nil {
			return nil, err
		}
		if *all {
			owned, err := w.Addresses()
			rows := []ownAddress{}
			for _, o := range owned {
				if o.Used {
					rows = append(rows, ownAddress{o.Address.Encode(p.Prefixes), o.Path.String()})
				}
			}
			return rows, err
		}
		address, path, err := w.Take(wallet.Receive)
		if err == nil && path.Index >= wallet.GapLimit {
			a.warnOfGap(ctx, w, p)
		}
		return ownAddress{address.Encode(p.Prefixes), path.String()}, err
	}, func(t io.Writer, v any) {
		if one, ok := v.(ownAddress); ok {
			fmt.Fprintln(t, one.Address)
			return
		}
		for _, r := range v.([]ownAddress) {
			fmt.Fprintf(t, "%s\t%s\n", r.Path, r.Address)
		}
	})
}

// gapFlag adds --gap to a command that looks for payments.
func gapFlag(cmd *cobra.Command) *int {
	return cmd.Flags().Int("gap", wallet.GapLimit, "look for payments until `N` addresses in a row have none")
}

func checkGap(n int) error {
	_, err := cli.ParseCount("--gap", strconv.Itoa(n), 1, wallet.MaxGap)
	return err
}

// warnOfGap warns if more addresses in a row were given out and never paid than a restore
// looks ahead.
func (a *app) warnOfGap(ctx context.Context, w *wallet.Wallet, p *consensus.Params) {
	at, _, err := a.payerFor(ctx, w, p)
	unpaid := 0
	if err == nil {
		unpaid, err = at.Unpaid(ctx)
	}
	switch {
	case err != nil:
		fmt.Fprintf(a.Stderr, "warning: if this and the %d addresses before it are never paid, a restore from the words needs --gap; whether they were is not known: %v\n",
			wallet.GapLimit, a.explain(err))
	case unpaid > wallet.GapLimit:
		fmt.Fprintf(a.Stderr, "warning: the last %d addresses were never paid, and a restore from the words looks only %d ahead: use an earlier one ('toychain wallet address --all'), or restore with --gap %d\n",
			unpaid, wallet.GapLimit, unpaid)
	}
}

// payer opens a wallet, and calls the node that the flags name for it.
func (a *app) payer(ctx context.Context, name string) (*payer.Payer, target, error) {
	w, p, err := a.loadWallet(name)
	if err != nil {
		return nil, target{}, err
	}
	return a.payerFor(ctx, w, p)
}

// payerFor is payer for a wallet that is open.
func (a *app) payerFor(ctx context.Context, w *wallet.Wallet, p *consensus.Params) (at *payer.Payer, n target, err error) {
	if n, err = a.dial(); err == nil {
		at, err = payer.Open(ctx, n, w, p.Digest(), p.Prefixes)
	}
	return at, n, err
}

// balance is what "wallet balance" prints.
type balance struct {
	payer.Balance
	Total block.Amount `json:"total"`
}

func balanceFrom(ctx context.Context, at *payer.Payer) (b balance, err error) {
	b.Balance, err = at.Balance(ctx)
	b.Total = b.Balance.Total()
	return b, err
}

func (a *app) walletBalanceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "balance", SuggestFor: []string{"funds", "money"}, Short: "Show how much the wallet has.",
		Example: "toychain wallet balance\ntoychain wallet balance --wallet savings --json",
	}
	discover := cmd.Flags().Bool("discover", false, "first look for payments to addresses that this file has not given out")
	gap, name := gapFlag(cmd), a.walletFlag(cmd)
	return show(a, cmd, nothing, func(ctx context.Context, _ none, _ []string) (b balance, err error) {
		if err := checkGap(*gap); err != nil {
			return b, err
		}
		at, _, err := a.payer(ctx, *name)
		if err == nil && *discover {
			err = at.Discover(ctx, *gap)
		}
		if err != nil {
			return b, err
		}
		return balanceFrom(ctx, at)
	}, func(t io.Writer, b balance) {
		fmt.Fprintf(t, "spendable\t%s\n", b.Confirmed)
		if b.Pending != 0 {
			fmt.Fprintf(t, "pending\t%s\tnot in a block yet\n", b.Pending)
		}
		if b.Immature != 0 {
			fmt.Fprintf(t, "immature\t%s\tnew coins, too young to spend\n", b.Immature)
		}
	})
}
