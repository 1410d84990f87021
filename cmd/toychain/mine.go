package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
	"toychain/wallet"
)

// mined is a row of what "mine --json" prints.
type mined struct {
	Height block.Height `json:"height"`
	Hash   block.Hash   `json:"hash"`
	Hashes uint64       `json:"hashes"` // computed for it
}

func (a *app) mineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "mine [N]", SuggestFor: []string{"generate", "miner"}, Short: "Mine blocks on the running node, with real proof of work.",
		Example: "toychain mine 3\ntoychain mine 1 --node n2 --to bob\ntoychain mine --forever",
		Long: `Mine blocks on the running node, with real proof of work, each on top of the one
before.

The new coins go to --to, or else to the next address of your wallet, or, on a node of a
testnet and without a wallet, to the address that its own miner has. With --forever it goes
on until Ctrl-C. To have nodes mine by themselves, beside whatever you do: toychain node
run --mine ADDRESS, or in a testnet: toychain testnet hashrate n1 20000.

` + aboutNames,
		Args: cli.Args(0, 1, "N, how many blocks"),
	}
	forever := cmd.Flags().Bool("forever", false, "until Ctrl-C")
	asJSON := cli.JSONFlag(cmd)
	to := cmd.Flags().String("to", "", "`ADDRESS`, or name of a wallet, that the new coins go to")
	w := a.walletFlag(cmd)
	return on(cmd, nothing, func(ctx context.Context, _ none, given []string) error {
		n, err := blocksToMine(given, *forever)
		if err != nil {
			return err
		}
		address, err := a.mineTo(*to, *w)
		if err != nil {
			return err
		}
		node, err := a.dial()
		if err != nil {
			return err
		}
		rows, err := a.mine(ctx, node, n, address, *asJSON)
		if *forever && ctx.Err() != nil {
			err = nil // it ends as asked
		}
		a.settleGroup(ctx)
		if *asJSON && (err == nil || len(rows) > 0) {
			return errors.Join(err, a.PrintJSON(rows))
		}
		return err
	})
}

// blocksToMine returns how many blocks are asked for.
func blocksToMine(given []string, forever bool) (int, error) {
	switch {
	case forever:
		return math.MaxInt, nil
	case len(given) == 0:
		return 0, cli.Usagef("how many blocks? toychain mine 1, or toychain mine --forever")
	}
	return cli.ParseCount("N", given[0], 1, 1_000_000)
}

// mineTo returns the address for the new coins.
func (a *app) mineTo(to, name string) (string, error) {
	if _, err := a.network(); err != nil {
		return "", err // a missing testnet, which is not a missing wallet
	}
	if to != "" {
		return a.addressText("--to", to)
	}
	w, p, err := a.loadWallet(name)
	if errors.Is(err, fs.ErrNotExist) && a.global.node != "" && name == defaultWallet {
		return a.minerOf()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", &userError{fmt.Sprintf("there is no address for the new coins: make a wallet with '%s', or name an address with --to", a.walletRemedy()), err}
	}
	if err != nil {
		return "", err
	}
	address, _, err := w.Next(wallet.Receive)
	return address.Encode(p.Prefixes), err
}

// minerOf returns the address for the new coins of a testnet's node while there is no wallet.
func (a *app) minerOf() (string, error) {
	t, n, err := a.namedNode()
	if err != nil {
		return "", err
	}
	to, err := t.MinerOf(n.Name)
	if err == nil {
		fmt.Fprintf(a.Stderr, "there is no wallet, so the new coins go to the address of %s's miner, %s; '%s' makes one\n", n.Name, to, a.walletRemedy())
	}
	return to, err
}

// mine mines n blocks and prints each as it is found.
func (a *app) mine(ctx context.Context, node target, n int, address string, quiet bool) ([]mined, error) {
	line := a.Progress()
	rows := []mined{}
	for i := range n {
		what := "block " + cli.Count(i+1)
		if n < math.MaxInt {
			what += " of " + cli.Count(n)
		}
		row, err := mineBlock(ctx, node, address, line, what)
		line.Clear()
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
		if !quiet {
			fmt.Fprintf(a.Stdout, "%d  %s\n", row.Height, row.Hash)
		}
	}
	return rows, nil
}

// mineBlock mines one block, and shows the progress of the search.
func mineBlock(ctx context.Context, node target, address string, line *cli.Progress, what string) (mined, error) {
	begun := time.Now()
	before, err := rpc.GetMiningInfo.Call(ctx, node.Client, rpc.None{})
	if err != nil {
		return mined{}, err
	}
	tried := func() uint64 {
		now, err := rpc.GetMiningInfo.Call(ctx, node.Client, rpc.None{})
		if err != nil || now.Hashes < before.Hashes {
			return 0
		}
		return now.Hashes - before.Hashes
	}
	var found []block.Hash
	err = cli.During(ctx, func() {
		if !line.Silent() {
			n := tried()
			line.Show("%s  %s hashes  %s  %s", what, cli.Count(n),
				cli.Hashes(float64(n)/time.Since(begun).Seconds()), cli.Span(time.Since(begun)))
		}
	}, func() (err error) {
		found, err = node.Generate(ctx, 1, address)
		return err
	})
	if err != nil {
		return mined{}, err
	}
	hashes := tried()
	head, err := node.Header(ctx, found[0])
	return mined{head.Height, found[0], hashes}, err
}
