package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet"
)

func (a *app) chainCommand() *cobra.Command {
	return asking(noun("chain", "Look at the chain: its state, branches, blocks and reorganisations.",
		"toychain chain info\ntoychain chain tree --node n1\ntoychain chain reorgs",
		a.chainInfoCommand(), a.chainTipsCommand(), a.chainTreeCommand(), a.chainBlockCommand(), a.chainTxCommand(),
		a.chainReorgsCommand(), a.chainExportCommand(), a.chainImportCommand(), a.chainVerifyCommand(), a.chainReindexCommand()))
}

func (a *app) chainInfoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "info", Short: "Show where the chain stands, and how its difficulty moves.",
		Example: "toychain chain info\ntoychain chain info --node n2 --json",
		Args:    noArgs,
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.ask(cmd, func(ctx context.Context, n asked) error {
			info, err := gatherInfo(ctx, n)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(info)
			}
			return a.printInfo(info)
		})
	}
	return cmd
}

func (a *app) chainTipsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tips", Short: "List the ends of all branches.",
		Example: "toychain chain tips",
		Args:    noArgs,
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.ask(cmd, func(ctx context.Context, n asked) error {
			tips, err := n.Tips(ctx)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(tips)
			}
			t := table(a.stdout)
			fmt.Fprintln(t, "height\thash\tstatus")
			for _, tip := range tips {
				fmt.Fprintf(t, "%d\t%s\t%s\t%s\n", tip.Height, tip.Hash, tip.Status, aboutTip(tip))
			}
			return t.Flush()
		})
	}
	return cmd
}

// aboutTip says in words what a tip's status means.
func aboutTip(t rpc.Tip) string {
	long := plural(t.BranchLen, "block")
	switch t.Status {
	case "active":
		return "the best chain"
	case "valid-fork":
		return "a stale branch of " + long + ", once the best chain"
	case "valid-headers":
		return "a branch of " + long + ", never the best chain"
	case "headers-only":
		return "a branch of " + long + ", not all here yet"
	case "invalid":
		return "a branch of " + long + " that breaks a rule"
	}
	return "a branch of " + long
}

func (a *app) chainTreeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tree", Short: "Draw every block of every branch that the node knows.",
		Example: "toychain chain tree\ntoychain chain tree --from 100",
		Args:    noArgs,
	}
	asJSON := jsonFlag(cmd)
	draw := drawFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.ask(cmd, func(ctx context.Context, n asked) error {
			tree, err := n.Tree(ctx, block.Height(draw.from))
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(tree)
			}
			name := a.global.node
			if info, err := n.NetworkInfo(ctx); name == "" && err == nil {
				name = info.Name
			}
			if name == "" {
				name = "this node"
			}
			return a.draw(testnet.MergeTrees([]testnet.View{{Node: name, Tree: tree}}), draw)
		})
	}
	return cmd
}

// drawing is how the flags want a tree drawn.
type drawing struct {
	from          int32
	ascii, legend bool
}

func drawFlags(cmd *cobra.Command) *drawing {
	d := &drawing{}
	cmd.Flags().Int32Var(&d.from, "from", 0, "leave out what is below this `HEIGHT`")
	cmd.Flags().BoolVar(&d.ascii, "ascii", false, "draw with plain characters")
	cmd.Flags().BoolVar(&d.legend, "legend", false, "explain the signs")
	return d
}

func (a *app) draw(in testnet.TreeInput, d *drawing) error {
	return testnet.Draw(a.stdout, in, testnet.Style{
		Colour: bool(a.colours(a.stdout)), ASCII: d.ascii, Legend: d.legend, Width: width(a.stdout),
	})
}

func (a *app) chainReorgsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reorgs", Short: "Tell of every reorganisation that the node went through.",
		Example: "toychain chain reorgs\ntoychain chain reorgs --limit 1 --json",
		Long: `Tell of every reorganisation that the node went through: which blocks left its
best chain, which joined, and what became of the payments that were in them.`,
		Args: noArgs,
	}
	asJSON := jsonFlag(cmd)
	limit := cmd.Flags().Int("limit", 0, "only the last `N`")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.ask(cmd, func(ctx context.Context, n asked) error {
			rows, err := n.Reorgs(ctx, *limit)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(rows)
			}
			if len(rows) == 0 {
				fmt.Fprintln(a.stdout, "none: no block ever left this node's chain")
			}
			for i := range rows {
				a.printReorg(&rows[i])
			}
			return nil
		})
	}
	return cmd
}

// printReorg tells of one reorganisation.
func (a *app) printReorg(r *rpc.Reorg) {
	c := a.colours(a.stdout)
	at := time.UnixMilli(r.TimeMS).Format(time.DateTime)
	fmt.Fprintf(a.stdout, "%s  %s\n", c.bold(at), c.bold(plural(r.Depth, "block")+" left, "+plural(len(r.Joined), "block")+" joined"))
	fmt.Fprintf(a.stdout, "  fork    %s\n", ref(r.Fork))
	fmt.Fprintf(a.stdout, "  left    %s\n", c.faint(refs(r.Left)))
	fmt.Fprintf(a.stdout, "  joined  %s\n", c.green(refs(r.Joined)))
	for _, p := range r.Reconfirmed {
		fmt.Fprintf(a.stdout, "  payment %s is confirmed again, in %s\n", p.TxID, p.Block.Short())
	}
	for _, id := range r.Returned {
		fmt.Fprintf(a.stdout, "  payment %s went back to the pool, to be mined again\n", id)
	}
	for _, p := range r.Conflicted {
		why := "the coin that it spends never came to be"
		if p.By != "" {
			why = "its coin was spent by " + p.By
		}
		fmt.Fprintf(a.stdout, "  payment %s %s:\n          %s\n", p.TxID, c.red("is impossible now"), why)
	}
}

func ref(r rpc.BlockRef) string { return fmt.Sprintf("%d %s", r.Height, r.Hash.Short()) }

func refs(all []rpc.BlockRef) string {
	var out []string
	for _, r := range all {
		out = append(out, ref(r))
	}
	return strings.Join(out, " · ")
}

func (a *app) chainVerifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify", Short: "Let the node check its last blocks again.",
		Example: "toychain chain verify\ntoychain chain verify --blocks 100",
		Args:    noArgs,
	}
	asJSON := jsonFlag(cmd)
	blocks := cmd.Flags().Int("blocks", 0, "how `MANY`; 0: all")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *blocks < 0 {
			return usagef("--blocks %d: want 0 or more", *blocks)
		}
		return a.ask(cmd, func(ctx context.Context, n asked) error {
			good, err := n.Verify(ctx, *blocks)
			if err != nil {
				return err
			}
			if !good {
				return fmt.Errorf("the node's chain is damaged: stop it, then rebuild what it keeps with: toychain chain reindex --network %s", a.global.network)
			}
			if *asJSON {
				return a.printJSON(map[string]bool{"valid": true})
			}
			fmt.Fprintln(a.stdout, "all good")
			return nil
		})
	}
	return cmd
}
