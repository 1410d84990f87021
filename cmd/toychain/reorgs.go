package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/history"
)

func (a *app) chainReorgsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reorgs", Short: "List the node's reorganisations.",
		Example: "toychain chain reorgs\ntoychain chain reorgs --limit 1 --json",
		Long: `List the node's reorganisations: when, from which tip to which, where the two branches
fork, which blocks left the best chain and which joined it, and what became of their
payments. "toychain chain tx TXID" follows one payment.`,
	}
	limit := cmd.Flags().Int("limit", 0, "only the last `N`")
	return show(a, cmd, a.dial, func(ctx context.Context, n target, _ []string) ([]rpc.Reorg, error) {
		return n.Reorgs(ctx, *limit)
	}, func(w io.Writer, rows []rpc.Reorg) {
		all := make([]history.NetReorg, len(rows))
		for i, r := range rows {
			all[i].Reorg = r
		}
		a.printReorgs(w, all, "none: no block has left this node's best chain")
	})
}

func (a *app) testnetReorgsCommand() *cobra.Command {
	return show(a, &cobra.Command{
		Use: "reorgs", Short: "List the reorganisations of all nodes, in the order of time.",
		Example: "toychain testnet reorgs\ntoychain testnet reorgs --json",
		Long: `List the reorganisations of all nodes, in the order of time: on which nodes and when,
from which tip to which, and what became of the payments. Reorganisations from the same
tip to the same tip are listed once, with all their nodes. Of nodes that do not run the
data directories are read.`,
	}, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, _ []string) ([]history.NetReorg, error) {
		journals, err := a.journals(ctx, t)
		return history.MergeReorgs(journals), err
	}, func(w io.Writer, all []history.NetReorg) {
		a.printReorgs(w, all, "none: no block has left any node's best chain")
	})
}

// journals returns the journals of the testnet's nodes, and says on stderr which of them
// cannot be read, and why.
func (a *app) journals(ctx context.Context, t *testnet.Testnet) ([]history.Journal, error) {
	journals, err := t.Journals(ctx)
	for _, j := range journals {
		if j.Silent != "" {
			fmt.Fprintf(a.Stderr, "%s is left out: %s\n", j.Node, j.Silent)
		}
	}
	return journals, err
}

// printReorgs lists reorganisations, each with its time and nodes.
func (a *app) printReorgs(w io.Writer, all []history.NetReorg, none string) {
	if len(all) == 0 {
		fmt.Fprintln(w, none)
	}
	for i := range all {
		a.printReorg(w, &all[i].Reorg, strings.TrimSpace(momentAmong(all, i)+"  "+nodesOf(&all[i])))
	}
}

// moment returns a time of a node's journal as text.
func moment(ms int64) string { return time.UnixMilli(ms).Format(time.DateTime) }

// momentAmong returns the time of a reorganisation: with milliseconds, if another one was
// in the same second.
func momentAmong(all []history.NetReorg, i int) string {
	same := func(j int) bool {
		return j >= 0 && j < len(all) && moment(all[j].TimeMS) == moment(all[i].TimeMS)
	}
	if same(i-1) || same(i+1) {
		return fmt.Sprintf("%s.%03d", moment(all[i].TimeMS), all[i].TimeMS%1000)
	}
	return moment(all[i].TimeMS)
}

// nodesOf lists the nodes of a reorganisation, and how much later than the first one it
// was theirs.
func nodesOf(r *history.NetReorg) string {
	var out []string
	for i, n := range r.Nodes {
		if i == 0 {
			out = append(out, n.Node)
			continue
		}
		out = append(out, fmt.Sprintf("%s +%d ms", n.Node, n.TimeMS-r.TimeMS))
	}
	return strings.Join(out, ", ")
}

// printReorg prints one reorganisation under a heading.
func (a *app) printReorg(w io.Writer, r *rpc.Reorg, heading string) {
	c := a.Colours(a.Stdout)
	fmt.Fprintf(w, "%s  %s\n", c.Bold(heading), c.Bold(cli.Plural(r.Depth, "block")+" left, "+cli.Plural(len(r.Joined), "block")+" joined"))
	fmt.Fprintf(w, "  from    %s\n", ref(r.From))
	fmt.Fprintf(w, "  to      %s\n", ref(r.To))
	fmt.Fprintf(w, "  fork    %s\n", ref(r.Fork))
	fmt.Fprintf(w, "  left    %s\n", c.Faint(refs(r.Left)))
	if len(r.Joined) > 0 {
		fmt.Fprintf(w, "  joined  %s\n", c.Green(refs(r.Joined)))
	}
	for _, p := range r.Reconfirmed {
		fmt.Fprintf(w, "  payment %s\n          is confirmed again, in %s\n", p.TxID, ref(rpc.BlockRef{Hash: p.Block, Height: p.Height}))
	}
	since := make(map[block.Hash]string)
	for _, p := range r.Since {
		since[p.TxID] = "; confirmed since, in " + ref(rpc.BlockRef{Hash: p.Block, Height: p.Height})
	}
	for _, id := range r.Returned {
		fmt.Fprintf(w, "  payment %s\n          went back to the pool%s\n", id, since[id])
	}
	for _, p := range r.Conflicted {
		fmt.Fprintf(w, "  payment %s\n          %s: %s\n", p.TxID, c.Red("is impossible now"), spentInstead(p.By, p.ByBlock))
	}
}

// spentInstead returns why a payment became impossible. A txid is on its own line, far
// enough left for 80 columns.
func spentInstead(by string, in *rpc.BlockRef) string {
	switch {
	case by == "":
		return "the coin that it spends was never created"
	case in == nil:
		return "its coin was spent by\n          " + by
	}
	return "its coin was spent in " + ref(*in) + " by\n          " + by
}

func ref(r rpc.BlockRef) string { return fmt.Sprintf("%d %s", r.Height, r.Hash.Short()) }

// refs lists blocks, and of many the first and the last ones.
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
