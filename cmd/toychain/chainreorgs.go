package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
)

func (a *app) chainReorgsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reorgs", Short: "Tell of every reorganisation that the node went through.",
		Example: "toychain chain reorgs\ntoychain chain reorgs --limit 1 --json",
		Long: `Tell of every reorganisation that the node went through: when, from which tip to
which, where the two histories part, which blocks left the best chain and which
joined, and what became of the payments that were in them. "toychain chain tx TXID"
follows one of these.`,
		Args: cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	limit := cmd.Flags().Int("limit", 0, "only the last `N`")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.ask(cmd, func(ctx context.Context, n target) error {
			rows, err := n.Reorgs(ctx, *limit)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.PrintJSON(rows)
			}
			if len(rows) == 0 {
				fmt.Fprintln(a.Stdout, "none: no block ever left this node's chain")
			}
			for i := range rows {
				a.printReorg(&rows[i], moment(rows[i].TimeMS))
			}
			return nil
		})
	}
	return cmd
}

// moment writes a time of a node's journal.
func moment(ms int64) string { return time.UnixMilli(ms).Format(time.DateTime) }

// printReorg tells of one reorganisation; when says when, or when and where.
func (a *app) printReorg(r *rpc.Reorg, when string) {
	c := a.Colours(a.Stdout)
	fmt.Fprintf(a.Stdout, "%s  %s\n", c.Bold(when), c.Bold(cli.Plural(r.Depth, "block")+" left, "+cli.Plural(len(r.Joined), "block")+" joined"))
	fmt.Fprintf(a.Stdout, "  from    %s\n", ref(r.From))
	fmt.Fprintf(a.Stdout, "  to      %s\n", ref(r.To))
	fmt.Fprintf(a.Stdout, "  fork    %s\n", ref(r.Fork))
	fmt.Fprintf(a.Stdout, "  left    %s\n", c.Faint(refs(r.Left)))
	if len(r.Joined) > 0 {
		fmt.Fprintf(a.Stdout, "  joined  %s\n", c.Green(refs(r.Joined)))
	}
	for _, p := range r.Reconfirmed {
		fmt.Fprintf(a.Stdout, "  payment %s\n          is confirmed again, in %s\n", p.TxID, ref(rpc.BlockRef{Hash: p.Block, Height: p.Height}))
	}
	since := make(map[block.Hash]string)
	for _, p := range r.Since {
		since[p.TxID] = "; confirmed since, in " + ref(rpc.BlockRef{Hash: p.Block, Height: p.Height})
	}
	for _, id := range r.Returned {
		fmt.Fprintf(a.Stdout, "  payment %s\n          went back to the pool%s\n", id, since[id])
	}
	for _, p := range r.Conflicted {
		fmt.Fprintf(a.Stdout, "  payment %s\n          %s: %s\n", p.TxID, c.Red("is impossible now"), spentInstead(p.By, p.ByBlock))
	}
}

// spentInstead says why a payment became impossible. A txid has a line of its own, far
// left enough for 80 columns.
func spentInstead(by string, in *rpc.BlockRef) string {
	switch {
	case by == "":
		return "the coin that it spends never came to be"
	case in == nil:
		return "its coin was spent by\n          " + by
	}
	return "its coin was spent in " + ref(*in) + " by\n          " + by
}

func ref(r rpc.BlockRef) string { return fmt.Sprintf("%d %s", r.Height, r.Hash.Short()) }

// refs lists blocks, and of many the ends.
func refs(all []rpc.BlockRef) string {
	const most, ends = 8, 3
	var out []string
	for i, r := range all {
		switch {
		case len(all) <= most || i < ends || i >= len(all)-ends:
			out = append(out, ref(r))
		case i == ends:
			out = append(out, fmt.Sprintf("… %d more …", len(all)-2*ends))
		}
	}
	return strings.Join(out, " · ")
}
