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

// mines is a row of "testnet hashrate --json".
type mines struct {
	Node string  `json:"node"`
	On   bool    `json:"mining"`
	Cap  float64 `json:"hashrate_cap"` // hashes per second; 0: none
}

func (a *app) testnetHashrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "hashrate [NODE... RATE]", Short: "Let nodes mine by themselves, or stop them; list which do.",
		Example: "toychain testnet hashrate n1 20000\ntoychain testnet hashrate n2,n3 max\ntoychain testnet hashrate all 0",
		Long: `Let nodes mine by themselves, each at most RATE hashes a second; max: all they can, 0:
they stop. A block of the toy network takes 65,537 at first. It holds for nodes that are
started again too. The rewards go where 'testnet up' says.`,
		Args: func(cmd *cobra.Command, given []string) error {
			if len(given) == 1 {
				return cli.Usagef("%s: want nodes and a rate, like n1 20000", cmd.CommandPath())
			}
			return nil
		},
	}
	return show(a, cmd, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, given []string) ([]mines, error) {
		if last := len(given) - 1; last > 0 {
			rate, err := parseRate(given[last])
			if err != nil {
				return nil, err
			}
			names, err := topology.Select(t.Names(), given[:last]...)
			if err != nil {
				return nil, fmt.Errorf("hashrate: %w", err)
			}
			if err := t.Hashrate(ctx, names, rate); err != nil {
				return nil, err
			}
		}
		var rows []mines
		for _, name := range t.Names() {
			limit, on := t.Rate(name)
			rows = append(rows, mines{name, on, limit})
		}
		return rows, nil
	}, func(w io.Writer, rows []mines) {
		for _, r := range rows {
			switch {
			case !r.On:
				fmt.Fprintf(w, "%s\tdoes not mine\n", r.Node)
			case r.Cap == 0:
				fmt.Fprintf(w, "%s\tmines, without a limit\n", r.Node)
			default:
				fmt.Fprintf(w, "%s\tmines, at most %s\n", r.Node, cli.Hashes(r.Cap))
			}
		}
	})
}

// parseRate reads a rate as [testnet.Testnet.Hashrate] takes it: hashes per second, max, or 0 for none.
func parseRate(s string) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	rate, err := cli.ParseCount("RATE", s, 0, 1_000_000_000)
	if err != nil {
		return 0, cli.Usagef("RATE %q: want hashes a second, max, or 0 to stop", s)
	}
	if rate == 0 {
		rate = -1
	}
	return float64(rate), nil
}
