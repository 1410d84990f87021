package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/network"
	"toychain/payer"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/topology"
	"toychain/wallet"
)

// upFlags are the flags of "testnet up".
type upFlags struct {
	hashrate float64
	mineTo   string
	window   int
	blockMax int
	fund     []string
}

// upConfig returns what "testnet up" is to start: what was typed, or else what is there.
func (a *app) upConfig(given []string, o *upFlags) (testnet.Config, error) {
	cfg := testnet.Config{Nodes: defaultNodes, Hashrate: o.hashrate, Network: a.global.network}
	switch {
	case o.hashrate < 0:
		return cfg, cli.Usagef("--hashrate %v: want 0 or more", o.hashrate)
	case len(given) > 0:
		n, err := cli.ParseCount("N", given[0], 1, topology.MaxNodes)
		if err != nil {
			return cfg, err
		}
		cfg.Nodes = n
	default:
		before, err := testnet.Earlier(a.testnetFolder())
		if err == nil {
			cfg = before
		} else if !errors.Is(err, fs.ErrNotExist) {
			return cfg, err
		}
		if cfg.Network == "" || a.typed["network"] {
			cfg.Network = a.global.network
		}
	}
	cfg.Dir, cfg.Detach = a.testnetFolder(), true
	// Only what was typed makes them mine: a cap for "node run" may be in the settings.
	if a.typed["hashrate"] || a.typed["mine"] {
		to, err := a.addressText("--mine", o.mineTo)
		if err != nil {
			return cfg, err
		}
		cfg.Mine, cfg.Hashrate, cfg.MineTo, cfg.Rates = true, o.hashrate, to, nil
	}
	if a.typed["block-max-size"] {
		if err := checkBlockSize(o.blockMax); err != nil {
			return cfg, err
		}
		cfg.BlockMax = o.blockMax
	}
	if !a.typed["window"] {
		return cfg, nil
	}
	p, err := network.Load(cfg.Network)
	if err == nil {
		cfg.Params, err = network.WithWindow(p, o.window)
	}
	if err != nil {
		return cfg, cli.UsageError{Err: fmt.Errorf("--window: %w", err)}
	}
	return cfg, nil
}

// fundBlocks are as many blocks as each wallet of --fund is paid for.
const fundBlocks = 2

// funded is a wallet that got coins.
type funded struct {
	Name  string       `json:"name"`
	Path  string       `json:"path"`
	Coins block.Amount `json:"coins"` // that it can spend
}

// came is what "testnet up --json" prints.
type came struct {
	testnet.File
	Wallets []funded `json:"wallets,omitempty"` // of --fund
}

// fund makes the wallets that are missing, and mines blocks for each, and then as many more as it
// takes until the coins can be spent. Those pay the address of MinersWords.
func (a *app) fund(ctx context.Context, t *testnet.Testnet, names []string, pass *cli.Passphrase) (out []funded, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	a.global.node = t.Names()[0] // whose network the wallets are for
	c, err := t.Client(a.global.node)
	if err != nil {
		return nil, err
	}
	line := a.Progress()
	defer line.Clear()
	var wallets []*wallet.Wallet
	for _, name := range names {
		w, err := a.walletFor(ctx, name, pass)
		if err != nil {
			return nil, err
		}
		to, _, err := w.Next(wallet.Receive)
		if err != nil {
			return nil, err
		}
		line.Show("mining for %s", name)
		if _, err := c.Generate(ctx, fundBlocks, to.Encode(t.Params().Prefixes)); err != nil {
			return nil, fmt.Errorf("mining for %s: %w", name, err)
		}
		wallets = append(wallets, w)
	}
	others, err := testnet.MinerAddress(t.Params(), 0)
	if err != nil {
		return nil, err
	}
	for i := range int(t.Params().Maturity) {
		line.Show("mining until the coins can be spent: %d of %d blocks", i, t.Params().Maturity)
		if _, err := c.Generate(ctx, 1, others); err != nil {
			return nil, fmt.Errorf("mining: %w", err)
		}
	}
	a.settleGroup(ctx)
	for i, w := range wallets {
		has, err := a.spendable(ctx, c, t, w)
		if err != nil {
			return nil, err
		}
		out = append(out, funded{names[i], w.Path(), has})
	}
	return out, nil
}

// walletFor returns the wallet of this name. If there is none it is made, without a passphrase
// unless one is given.
func (a *app) walletFor(ctx context.Context, name string, pass *cli.Passphrase) (*wallet.Wallet, error) {
	w, _, err := a.loadWallet(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return w, err
	}
	words, err := wallet.NewMnemonic(12, rand.Reader)
	if err != nil {
		return nil, err
	}
	if _, given, err := pass.Given(); err != nil || !given {
		_ = a.command.Flags().Set("no-passphrase", "true")
	}
	w, _, err = a.createWallet(ctx, name, words, pass)
	return w, err
}

// spendable returns what a wallet can spend.
func (a *app) spendable(ctx context.Context, c *rpc.Client, t *testnet.Testnet, w *wallet.Wallet) (block.Amount, error) {
	p, err := payer.Open(ctx, c, w, t.Params().Digest(), t.Params().Prefixes)
	if err != nil {
		return 0, err
	}
	has, err := p.Balance(ctx)
	return has.Confirmed, err
}
