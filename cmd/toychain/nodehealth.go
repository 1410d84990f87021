package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
)

func (a *app) nodeHealthCommand() *cobra.Command {
	cmd := asking(&cobra.Command{
		Use: "health", Short: "Ask whether a node answers; no password is needed.",
		Example: "toychain node health\ntoychain node health --rpc 127.0.0.1:18555 && echo up",
		Long: `Ask whether a node answers; no password is needed. It exits with 0 if it does and
with 3 if it does not, for scripts and for whoever watches a container.`,
		Args: cli.NoArgs,
	})
	asJSON := cli.JSONFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.ask(cmd, func(ctx context.Context, n target) error {
			if err := n.Health(ctx); err != nil {
				return err
			}
			if *asJSON {
				return a.PrintJSON(map[string]any{"healthy": true, "rpc": n.addr})
			}
			_, err := fmt.Fprintf(a.Stdout, "the node at %s answers\n", n.addr)
			return err
		})
	}
	return cmd
}
