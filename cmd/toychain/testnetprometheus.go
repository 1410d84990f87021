package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/deploy"
	"toychain/testnet"
)

func (a *app) testnetPrometheusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "prometheus", Short: "Write the files that Prometheus and Grafana need.",
		Example: "toychain testnet prometheus --out watch\nprometheus --config.file=watch/prometheus.yml",
		Long: `Write the files that Prometheus and Grafana need to watch the nodes: a configuration
with every node and the file of its password, rules with alerts for what 'testnet slo'
measures, and a dashboard to import. Nothing is started.

Nodes keep their ports when they are restarted, and Prometheus reads their new passwords
by itself. Run this again after the next 'testnet up'.`,
		Args: cli.NoArgs,
	}
	out := cmd.Flags().StringP("out", "o", "prometheus", "`DIRECTORY` to write to")
	return a.onTestnet(cmd, func(_ context.Context, t *testnet.Testnet, _ []string) error {
		var nodes []deploy.Node
		for _, n := range t.Nodes() {
			nodes = append(nodes, deploy.Node{Name: n.Name, Addr: n.RPC, Cookie: n.Cookie})
		}
		if err := os.MkdirAll(*out, 0o700); err != nil {
			return err
		}
		for _, f := range []struct{ name, text string }{
			{"prometheus.yml", deploy.Prometheus}, {"rules.yml", deploy.Rules},
			{"nodes.yml", deploy.Nodes(nodes)}, {"grafana.json", deploy.Grafana},
		} {
			if err := os.WriteFile(filepath.Join(*out, f.name), []byte(f.text), 0o600); err != nil {
				return err
			}
		}
		fmt.Fprintf(a.Stdout, "%s to watch, in %s; now:\n", cli.Plural(len(nodes), "node"), *out)
		fmt.Fprintf(a.Stdout, "  prometheus --config.file=%s\n", filepath.Join(*out, "prometheus.yml"))
		fmt.Fprintf(a.Stdout, "  and in Grafana import %s\n", filepath.Join(*out, "grafana.json"))
		return nil
	})
}
