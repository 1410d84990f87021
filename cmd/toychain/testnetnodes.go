package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/testnet"
	"toychain/testnet/topology"
)

func (a *app) testnetAddCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "add", Short: "Add a node to the running testnet.",
		Example: "toychain testnet add\ntoychain testnet add --name carol",
		Long: `Add a node to the running testnet, and connect it with the others as their shape says: in
a line, a ring or a star it takes the next place, otherwise it is one of the mesh. While
the network is partitioned, it is in the group of the first node. From then on every
command treats it like the others.`,
	}
	name := cmd.Flags().String("name", "", "`NAME` of the node (default: the next of n1, n2, …)")
	var t *testnet.Testnet
	return show(a, cmd, a.namedTestnet, func(ctx context.Context, of *testnet.Testnet, _ []string) (n testnet.Node, err error) {
		if t = of; a.typed["name"] {
			if err := topology.CheckName(*name); err != nil {
				return n, cli.Usagef("--name %w", err)
			}
		}
		return t.Add(ctx, *name)
	}, func(w io.Writer, n testnet.Node) {
		fmt.Fprintf(w, "%s joined\trpc %s\tpid %d\n", n.Name, n.RPC, n.PID)
	})
}
