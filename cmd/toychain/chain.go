package main

import (
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
	cmd := &cobra.Command{
		Use: "info", Short: "Show where the chain stands, and how its difficulty moves.",
		Example: "toychain chain info\ntoychain chain info --node n2 --json",
		Args:    cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.ask(cmd, func(ctx context.Context, n target) error {
			info, err := gatherInfo(ctx, n)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.PrintJSON(info)
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
		Args:    cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.ask(cmd, func(ctx context.Context, n target) error {
			tips, err := n.Tips(ctx)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.PrintJSON(tips)
			}
			t := cli.Table(a.Stdout)
			fmt.Fprintln(t, "height\thash and status")
			for _, tip := range tips {
				fmt.Fprintf(t, "%d\t%s\n\t%s: %s\n", tip.Height, tip.Hash, tip.Status, aboutTip(tip))
			}
			return t.Flush()
		})
	}
	return cmd
}

// aboutTip says in words what a tip's status means.
func aboutTip(t rpc.Tip) string {
	long := cli.Plural(t.BranchLen, "block")
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

const aboutWidth = `What the terminal is too narrow for is
left out: transactions first, then who mined what. In a pipe, COLUMNS says how wide the
picture may be.`

func (a *app) chainTreeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tree", Short: "Draw every block of every branch that the node knows.",
		Example: "toychain chain tree\ntoychain chain tree --from 100",
		Long:    `Draw every block of every branch that the node knows. ` + aboutWidth,
		Args:    cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	flags := drawFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := flags.check(); err != nil {
			return err
		}
		return a.ask(cmd, func(ctx context.Context, n target) error {
			tree, err := n.Tree(ctx, block.Height(flags.from))
			if err != nil {
				return err
			}
			if *asJSON {
				return a.PrintJSON(tree)
			}
			name := a.global.node
			if info, err := n.NetworkInfo(ctx); name == "" && err == nil {
				name = info.Name
			}
			if name == "" {
				name = "this node"
			}
			return a.draw(draw.Merge([]draw.View{{Node: name, Tree: tree}}), flags)
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

func (d *drawing) check() error {
	if d.from < 0 {
		return cli.Usagef("--from %d: want a height, 0 or more", d.from)
	}
	return nil
}

func (a *app) draw(in draw.Tree, d *drawing) error {
	return draw.Write(a.Stdout, in, a.style(d))
}
