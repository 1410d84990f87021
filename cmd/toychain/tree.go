package main

import (
	"cmp"
	"context"
	"io"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/draw"
)

const aboutWidth = `If the terminal is too narrow, details are left out: transactions first, then who
mined what. In a pipe, COLUMNS gives the width.`

func (a *app) chainTreeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tree", Short: "Draw every block of every branch that the node knows.",
		Example: "toychain chain tree\ntoychain chain tree --from 100",
		Long:    `Draw every block of every branch that the node knows. ` + aboutWidth,
	}
	flags := drawFlags(cmd)
	var name string
	return show(a, cmd, a.dial, func(ctx context.Context, n target, _ []string) (tree rpc.Tree, err error) {
		info, err := rpc.GetNetworkInfo.Call(ctx, n.Client, rpc.None{})
		if err != nil {
			return tree, err
		}
		name = cmp.Or(a.global.node, info.Name, "this node")
		return n.Tree(ctx, block.Height(flags.from))
	}, func(w io.Writer, tree rpc.Tree) {
		_ = draw.Write(w, draw.Merge([]draw.View{{Node: name, Tree: tree}}), a.style(flags))
	})
}

func (a *app) testnetTreeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tree", Short: "Draw one tree of all blocks, with the nodes on their tips.",
		Example: "toychain testnet tree\ntoychain testnet tree --legend",
		Long:    `Draw one tree of all blocks, with the nodes on their tips. ` + aboutWidth,
	}
	flags := drawFlags(cmd)
	return show(a, cmd, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, _ []string) (draw.Tree, error) {
		return t.Tree(ctx, block.Height(flags.from))
	}, func(w io.Writer, in draw.Tree) { _ = draw.Write(w, in, a.style(flags)) })
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
	return draw.Style{Colour: bool(a.Colours(a.Stdout)), ASCII: d.ascii, Legend: d.legend, Width: cli.Width(a.Stdout)}
}
