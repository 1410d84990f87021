package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
	"toychain/testnet/draw"
)

func (a *app) chainCommand() *cobra.Command {
	return asking(cli.Noun("chain", "Look at the chain: state, blocks, branches and reorganisations.",
		"toychain chain info\ntoychain chain tree --node n1\ntoychain chain reorgs",
		a.chainInfoCommand(), a.chainTipsCommand(), a.chainTreeCommand(), a.chainBlockCommand(), a.chainTxCommand(),
		a.chainReorgsCommand(), a.chainStaleCommand(), a.chainExportCommand(), a.chainImportCommand(), a.chainVerifyCommand(), a.chainReindexCommand()))
}

func (a *app) chainInfoCommand() *cobra.Command {
	return showNode(a, &cobra.Command{
		Use: "info", Short: "Show the tip of the chain, and how its difficulty moves.",
		Example: "toychain chain info\ntoychain chain info --node n2 --json",
		Args:    cli.NoArgs,
	}, func(ctx context.Context, n target, _ []string) (chainInfo, error) { return gatherInfo(ctx, n) }, a.printInfo)
}

func (a *app) chainTipsCommand() *cobra.Command {
	return showNode(a, &cobra.Command{
		Use: "tips", Short: "List the tips of all branches.",
		Example: "toychain chain tips",
		Args:    cli.NoArgs,
	}, func(ctx context.Context, n target, _ []string) ([]rpc.Tip, error) { return n.Tips(ctx) }, func(tips []rpc.Tip) error {
		t := cli.Table(a.Stdout)
		fmt.Fprintln(t, "height\thash and status")
		for _, tip := range tips {
			fmt.Fprintf(t, "%d\t%s\n\t%s: %s\n", tip.Height, tip.Hash, tip.Status, describeTip(tip))
		}
		return t.Flush()
	})
}

// describeTip returns what a tip's status means.
func describeTip(t rpc.Tip) string {
	long := cli.Plural(t.BranchLen, "block")
	switch t.Status {
	case "active":
		return "the best chain"
	case "valid-fork":
		return "a stale branch of " + long + ", once the best chain"
	case "valid-headers":
		return "a branch of " + long + ", never the best chain"
	case "headers-only":
		return "a branch of " + long + ", not all downloaded yet"
	case "invalid":
		return "a branch of " + long + " that breaks a rule"
	}
	return "a branch of " + long
}

const aboutWidth = `If the terminal is too narrow, details are left out: transactions first, then who
mined what. In a pipe, COLUMNS gives the width.`

func (a *app) chainTreeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tree", Short: "Draw every block of every branch that the node knows.",
		Example: "toychain chain tree\ntoychain chain tree --from 100",
		Long:    `Draw every block of every branch that the node knows. ` + aboutWidth,
		Args:    cli.NoArgs,
	}
	flags := drawFlags(cmd)
	var name string
	return showNode(a, cmd, func(ctx context.Context, n target, _ []string) (tree rpc.Tree, err error) {
		if err := flags.check(); err != nil {
			return tree, err
		}
		info, err := n.NetworkInfo(ctx)
		if err != nil {
			return tree, err
		}
		name = cmp.Or(a.global.node, info.Name, "this node")
		return n.Tree(ctx, block.Height(flags.from))
	}, func(tree rpc.Tree) error {
		return a.draw(draw.Merge([]draw.View{{Node: name, Tree: tree}}), flags)
	})
}

// drawing is the flags of commands that draw a tree.
type drawing struct {
	from          int32
	ascii, legend bool
}

func drawFlags(cmd *cobra.Command) *drawing {
	d := &drawing{}
	cmd.Flags().Int32Var(&d.from, "from", 0, "leave out the blocks below this `HEIGHT`")
	cmd.Flags().BoolVar(&d.ascii, "ascii", false, "draw with plain characters")
	cmd.Flags().BoolVar(&d.legend, "legend", false, "explain the symbols")
	return d
}

func (d *drawing) check() error {
	if d.from < 0 {
		return cli.Usagef("--from %d: want a height, 0 or more", d.from)
	}
	return nil
}

func (a *app) draw(in draw.Tree, d *drawing) error {
	return draw.Write(a.Stdout, in, a.style(d))
}
