package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/history"
)

const aboutStale = `A block counts if it is not genesis, its transactions and those of its ancestors are
stored, and it is not known to break a rule. It is stale if it is not on the best chain.
The stale rate is stale blocks to all blocks that count (as in Gervais and others,
2016), the fork rate heights with more than one such block to all heights of the best
chain (as in Decker and Wattenhofer, 2013). The last blocks may still become stale.`

func (a *app) chainStaleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "stale", Short: "Count the node's stale blocks.",
		Example: "toychain chain stale\ntoychain chain stale --from 1000 --to 2000 --json",
		Long:    "Count the stale blocks among all blocks that the node knows.\n\n" + aboutStale,
	}
	from, to := windowFlags(cmd)
	return show(a, cmd, a.dial, func(ctx context.Context, n target, _ []string) (rpc.StaleRate, error) {
		r, err := rpc.GetStaleRate.Call(ctx, n.Client, rpc.GetStaleRateArgs{From: from, To: to})
		if err == nil {
			err = above(cmd, &r)
		}
		return r, err
	}, func(w io.Writer, r rpc.StaleRate) { printStale(w, &r, 0) })
}

func (a *app) testnetStaleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "stale", Short: "Count the stale blocks of the whole network.",
		Example: "toychain testnet stale\ntoychain testnet stale --from 1000 --json",
		Long: `Count the stale blocks among all blocks that any node knows, also those that no other
node has received. The best chain is the one with the most work of all nodes that run;
blocks that only another running node has on its best chain are contested, not stale
yet. Of nodes that do not run the data directories are read.

` + aboutStale,
	}
	from, to := windowFlags(cmd)
	return show(a, cmd, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, _ []string) (r history.StaleRate, err error) {
		journals, err := a.journals(ctx, t)
		if err != nil {
			return r, err
		}
		r = history.StaleOf(journals, t.Runs, *from, *to)
		return r, above(cmd, &r.StaleRate)
	}, func(w io.Writer, r history.StaleRate) { printStale(w, &r.StaleRate, r.Contested) })
}

// windowFlags adds the flags that choose heights.
func windowFlags(cmd *cobra.Command) (from, to *block.Height) {
	from = (*block.Height)(cmd.Flags().Int32("from", 1, "leave out the blocks below this `HEIGHT`"))
	to = (*block.Height)(cmd.Flags().Int32("to", math.MaxInt32, "leave out the blocks above this `HEIGHT`"))
	cmd.Flags().Lookup("to").DefValue = "" // none are left out
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *from < 0 || *to < *from {
			return cli.Usagef("--from %d --to %d: want 0 or more, and the lower one first", *from, *to)
		}
		return nil
	}
	return from, to
}

// above returns an error if all heights that the flags choose are above the best chain.
func above(cmd *cobra.Command, r *rpc.StaleRate) error {
	if cmd.Flags().Changed("from") && r.From > r.To {
		return cli.Usagef("--from %d: the best chain ends at height %d", r.From, r.To)
	}
	return nil
}

func printStale(t io.Writer, r *rpc.StaleRate, contested int) {
	row := func(name string, n, of int, unit string, rate rpc.Float) {
		fmt.Fprintf(t, "%s\t%s of %s\t%.2f %%\n", name, cli.Count(n), cli.Plural(of, unit), 100*float64(rate))
	}
	row("stale", r.Stale, r.Blocks, "block", r.Rate)
	if contested > 0 {
		row("contested", contested, r.Blocks, "block", rpc.Part(contested, r.Blocks))
	}
	row("forked", r.Forked, r.Heights, "height", r.ForkRate)
	fmt.Fprintf(t, "heights\t%s to %s\n", cli.Count(r.From), cli.Count(r.To))
}
