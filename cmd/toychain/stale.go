package main

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
	"toychain/testnet/history"
)

const aboutStale = `A block counts if it is not genesis, its transactions and those of its ancestors are
here, and it is not known to break a rule. It is stale if it is not on the best chain.
The stale rate is stale blocks to all blocks that count (as in Gervais and others,
2016), the fork rate heights with more than one such block to all heights of the best
chain (as in Decker and Wattenhofer, 2013). The last blocks may still become stale.`

func (a *app) chainStaleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "stale", Short: "Tell how many blocks died: the stale rate.",
		Example: "toychain chain stale\ntoychain chain stale --from 1000 --to 2000 --json",
		Long:    "Tell how many of the blocks that the node knows are on dead branches.\n\n" + aboutStale,
		Args:    cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	window := windowFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		from, to, err := window()
		if err != nil {
			return err
		}
		return a.ask(cmd, func(ctx context.Context, n target) error {
			r, err := n.StaleRate(ctx, from, to)
			if err != nil {
				return err
			}
			if err := above(cmd, &r); err != nil {
				return err
			}
			if *asJSON {
				return a.PrintJSON(r)
			}
			return a.printStale(&r, 0)
		})
	}
	return cmd
}

func (a *app) testnetStaleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "stale", Short: "Tell how many blocks of the whole network died.",
		Example: "toychain testnet stale\ntoychain testnet stale --from 1000 --json",
		Long: `Tell how many of the blocks that any node knows are on dead branches, also of those
that all others never saw. The best chain is the one with the most work that a node
stands on; blocks of another running node's history are contested, not stale yet. The
folders of nodes that do not run are read.

` + aboutStale,
		Args: cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	window := windowFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		from, to, err := window()
		if err != nil {
			return err
		}
		t, err := a.openTestnet()
		if err != nil {
			return err
		}
		journals, err := t.Journals(cmd.Context())
		if err != nil {
			return err
		}
		r := history.StaleOf(journals, t.Runs, from, to)
		if err := above(cmd, &r.StaleRate); err != nil {
			return err
		}
		if *asJSON {
			return a.PrintJSON(r)
		}
		for _, name := range r.Silent {
			fmt.Fprintf(a.Stderr, "%s does not tell, and is left out\n", name)
		}
		return a.printStale(&r.StaleRate, r.Contested)
	}
	return cmd
}

// windowFlags adds the flags that name heights.
func windowFlags(cmd *cobra.Command) func() (from, to block.Height, err error) {
	from := cmd.Flags().Int32("from", 1, "leave out what is below this `HEIGHT`")
	to := cmd.Flags().Int32("to", math.MaxInt32, "leave out what is above this `HEIGHT`")
	cmd.Flags().Lookup("to").DefValue = "" // everything
	return func() (block.Height, block.Height, error) {
		if *from < 0 || *to < *from {
			return 0, 0, cli.Usagef("--from %d --to %d: want 0 or more, and the lower one first", *from, *to)
		}
		return block.Height(*from), block.Height(*to), nil
	}
}

// above returns an error if the flags ask for what is above the best chain only.
func above(cmd *cobra.Command, r *rpc.StaleRate) error {
	if cmd.Flags().Changed("from") && r.From > r.To {
		return cli.Usagef("--from %d: the best chain ends at height %d", r.From, r.To)
	}
	return nil
}

func (a *app) printStale(r *rpc.StaleRate, contested int) error {
	t := cli.Table(a.Stdout)
	fmt.Fprintf(t, "stale\t%s of %s\t%.2f %%\n", cli.Count(r.Stale), cli.Plural(r.Blocks, "block"), 100*float64(r.Rate))
	if contested > 0 {
		fmt.Fprintf(t, "contested\t%s of %s\t%.2f %%\n", cli.Count(contested), cli.Plural(r.Blocks, "block"), 100*float64(rpc.Part(contested, r.Blocks)))
	}
	fmt.Fprintf(t, "forked\t%s of %s\t%.2f %%\n", cli.Count(r.Forked), cli.Plural(r.Heights, "height"), 100*float64(r.ForkRate))
	fmt.Fprintf(t, "heights\t%s to %s\n", cli.Count(r.From), cli.Count(r.To))
	return t.Flush()
}
