package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/draw"
	"toychain/testnet/history"
	"toychain/testnet/topology"
)

func (a *app) chainReorgsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reorgs", Short: "List the node's reorganisations.",
		Example: "toychain chain reorgs\ntoychain chain reorgs --limit 1 --json",
		Long: `List the node's reorganisations: when, from which tip to which, where the two branches
fork, which blocks left the best chain and which joined it, and what became of their
payments. "toychain chain tx TXID" follows one payment.`,
	}
	limit := cmd.Flags().Int("limit", 0, "only the last `N`; 0: all")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *limit < 0 {
			return cli.Usagef("--limit %d: want 0 or more", *limit)
		}
		return nil
	}
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

// journals returns the journals of the testnet's nodes, and says on stderr of which nodes
// the directory was read, and which journals cannot be read, and why.
func (a *app) journals(ctx context.Context, t *testnet.Testnet) ([]history.Journal, error) {
	journals, err := t.Journals(ctx)
	var read []string
	for _, j := range journals {
		switch {
		case j.Silent != "":
			fmt.Fprintf(a.Stderr, "%s is left out: %s\n", j.Node, j.Silent)
		case !t.Runs(j.Node):
			read = append(read, j.Node)
		}
	}
	if len(read) > 0 {
		fmt.Fprintf(a.Stderr, "not running, read from the directory: %s\n", topology.List(read))
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
		return beyond(r.From, r.To)
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

const aboutFolds = `Long stretches
without a fork are folded, also with --json: there "folded" is how many blocks are left
out before a block, and "under" the one below them. "toychain rpc getblocktree" has all.
`

const aboutFollow = ` With
--follow it is drawn again each time that it changes, until Ctrl-C.`

const aboutWidth = `If the terminal is too narrow, details are left out: transactions first, then who
mined what. In a pipe, COLUMNS gives the width.`

func (a *app) chainTreeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tree", Short: "Draw every branch that the node knows.",
		Example: "toychain chain tree\ntoychain chain tree --from 100\ntoychain chain tree --follow\ntoychain chain tree -o tree.svg",
		Long:    `Draw every branch that the node knows. ` + aboutFolds + aboutWidth + aboutFollow,
	}
	flags := treeFlags(cmd)
	var name string
	get := func(ctx context.Context, n target, _ []string) (tree rpc.Tree, err error) {
		if name == "" {
			info, err := rpc.GetNetworkInfo.Call(ctx, n.Client, rpc.None{})
			if err != nil {
				return tree, err
			}
			name = cmp.Or(a.global.node, info.Name, "this node")
		}
		tree, err = n.Outline(ctx, block.Height(flags.from), nil)
		if err == nil && len(tree.Blocks) == 0 {
			err = beyond(block.Height(flags.from), tree.Height)
		}
		return tree, err
	}
	show(a, cmd, a.dial, get, func(w io.Writer, tree rpc.Tree) {
		a.drawTree(cmd.Context(), w, draw.Merge([]draw.View{{Node: name, Tree: tree}}), flags)
	})
	return followed(cmd, func(cmd *cobra.Command) error {
		n, err := a.dial()
		if err != nil {
			return err
		}
		var seq int64
		return a.followTree(cmd, flags, func(ctx context.Context) (in draw.Tree, changed bool, err error) {
			if seq != 0 {
				news, err := n.TreeSince(ctx, seq)
				if err != nil || news.Seq == seq {
					return in, false, err
				}
			}
			tree, err := get(ctx, n, nil)
			seq = tree.Seq
			return draw.Merge([]draw.View{{Node: name, Tree: tree}}), true, err
		})
	})
}

func (a *app) testnetTreeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tree", Short: "Draw one tree of all blocks, with the nodes on their tips.",
		Example: "toychain testnet tree\ntoychain testnet tree --legend\ntoychain testnet tree --follow\ntoychain testnet tree -o tree.svg",
		Long:    `Draw one tree of all blocks, with the nodes on their tips. ` + aboutFolds + aboutWidth + aboutFollow,
	}
	flags := treeFlags(cmd)
	show(a, cmd, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, _ []string) (draw.Tree, error) {
		tree, err := t.Outline(ctx, block.Height(flags.from))
		if err == nil && len(tree.Blocks) == 0 && flags.from > 0 {
			var tip block.Height
			for _, at := range append(tree.Tips, tree.LastTips...) {
				tip = max(tip, at.Height)
			}
			err = beyond(block.Height(flags.from), tip)
		}
		return tree, err
	}, func(w io.Writer, in draw.Tree) { a.drawTree(cmd.Context(), w, in, flags) })
	return followed(cmd, func(cmd *cobra.Command) error {
		t, err := a.namedTestnet()
		if err != nil {
			return err
		}
		var seen testnet.Seen
		return a.followTree(cmd, flags, func(ctx context.Context) (in draw.Tree, changed bool, err error) {
			if err := t.Refresh(); err != nil {
				return in, false, err
			}
			if !t.Changed(ctx, &seen) {
				return in, false, nil
			}
			in, err = t.Outline(ctx, block.Height(flags.from))
			return in, true, err
		})
	})
}

// followed adds --follow to a command that draws the tree once.
func followed(cmd *cobra.Command, follow func(cmd *cobra.Command) error) *cobra.Command {
	wanted := cmd.Flags().BoolP("follow", "f", false, "draw it again when it changes")
	once := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if *wanted {
			return follow(cmd)
		}
		return once(cmd, given)
	}
	return cmd
}

// drawing is the flags of commands that draw a tree.
type drawing struct {
	from   int32
	legend bool
	out    string // file to write
	failed error  // of writing it
}

func drawFlags(cmd *cobra.Command) *drawing {
	d := &drawing{}
	cmd.Flags().Int32Var(&d.from, "from", 0, "leave out the blocks below this `HEIGHT`")
	cmd.Flags().BoolVar(&d.legend, "legend", false, "explain the symbols")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if d.from < 0 {
			return cli.Usagef("--from %d: want a height, 0 or more", d.from)
		}
		return nil
	}
	return d
}

// style returns how to draw on this terminal.
func (a *app) style(d *drawing) draw.Style {
	return draw.Style{Colour: bool(a.Colours(a.Stdout)), ASCII: a.Stdout.ASCII, Legend: d.legend, Width: cli.Width(a.Stdout)}
}
