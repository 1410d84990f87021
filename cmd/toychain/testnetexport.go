package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/deploy"
	"toychain/testnet"
	"toychain/testnet/export"
	"toychain/testnet/topology"
)

func (a *app) testnetExportCommand() *cobra.Command {
	return cli.Noun("export", "Export a testnet to Compose or Kubernetes.",
		"toychain testnet export compose 4 -o mynet\ntoychain testnet export kubernetes 4 -o mynet",
		a.testnetExportKind("compose", "Write a Compose file and the files that it needs.",
			`Write a Compose file and the files that it needs: each node's key and password, and how
to reach the nodes. Nothing is started. The containers run without privileges; partition
and heal them from here with 'testnet partition' and 'testnet heal'.`,
			[]string{"docker compose up --detach --wait"}, export.Compose),
		a.testnetExportKind("kubernetes", "Write manifests for Kubernetes.",
			`Write manifests for Kubernetes, with each node's key and password. Nothing is
started. The pods run without privileges; partition and heal them from here, through
'kubectl port-forward', with 'testnet partition' and 'testnet heal'.`,
			[]string{"kubectl apply -f manifests/network.yaml -f manifests/secrets.yaml",
				"kubectl --namespace toychain port-forward n1-0 PORT:18555 &   # and so on, see network.yaml"}, export.Kubernetes))
}

// testnetExportKind returns the command that writes one kind of files; start is what to type
// in the directory afterwards, where PORT stands for the first node's.
func (a *app) testnetExportKind(kind, short, long string, start []string, write func(export.Config) (*testnet.Testnet, error)) *cobra.Command {
	cmd := &cobra.Command{
		Use: kind + " N", Short: short, Long: long,
		Example: fmt.Sprintf("toychain testnet export %[1]s 4 -o mynet\ntoychain testnet export %[1]s 3 -o net --network my.toml --hashrate 20000", kind),
		Args:    cli.Args(1, 1, "N, how many nodes"),
	}
	f := cmd.Flags()
	var cfg export.Config
	f.StringVarP(&cfg.Dir, "out", "o", "", "`DIRECTORY` to write to (default: the testnet's, see --dir)")
	f.Float64Var(&cfg.Hashrate, "hashrate", 0, "let each node mine, at most so many `HASHES` per second; 0: all it can")
	f.StringVar(&cfg.MineTo, "mine", "", "let each node mine, for this `ADDRESS` or wallet; otherwise as 'testnet up' does")
	f.StringVar(&cfg.Image, "image", "toychain:"+version, "`NAME` of the image; deploy/Dockerfile makes it")
	f.IntVar(&cfg.Port, "port", export.FirstPort, "`PORT` of this machine for the RPC of n1; the other nodes get the next ones")
	cli.Settable(f, "hashrate")
	var t *testnet.Testnet
	return show(a, cmd, nothing, func(_ context.Context, _ none, given []string) (file testnet.File, err error) {
		if cfg.Nodes, err = cli.ParseCount("N", given[0], 1, topology.MaxNodes); err != nil {
			return file, err
		}
		if last := 65_535 - cfg.Nodes + 1; cfg.Port < 1 || cfg.Port > last {
			return file, cli.Usagef("--port %d: want a port of this machine for the first node, from 1 to %d", cfg.Port, last)
		}
		if cfg.MineTo, err = a.addressText("--mine", cfg.MineTo); err != nil {
			return file, err
		}
		cfg.Dir, cfg.Network = cmp.Or(cfg.Dir, a.testnetFolder()), a.global.network
		cfg.Mine = a.typed["hashrate"] || a.typed["mine"]
		if t, err = write(cfg); err != nil {
			return file, err
		}
		return t.File(), nil
	}, func(w io.Writer, _ testnet.File) {
		fmt.Fprintf(w, "%s on the network %s for %s, in %s\n", cli.Plural(cfg.Nodes, "node"), t.Params().Name, t.Orchestrator().Name, t.Dir())
		if !a.typed["image"] {
			fmt.Fprintf(w, "first, in the directory of toychain's sources:\n  docker build -f deploy/Dockerfile -t %s .\n", cfg.Image)
		}
		fmt.Fprintln(w, "there:")
		for _, line := range start {
			fmt.Fprintln(w, "  "+strings.ReplaceAll(line, "PORT", strconv.Itoa(cfg.Port)))
		}
		fmt.Fprintln(w, "  toychain testnet status --dir .")
	})
}

func (a *app) testnetPrometheusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "prometheus", Short: "Write the files that Prometheus and Grafana need.",
		Example: "toychain testnet prometheus --out watch\nprometheus --config.file=watch/prometheus.yml",
		Long: `Write the files that Prometheus and Grafana need to watch the nodes: a configuration
with every node and the file of its password, rules with alerts for what 'testnet slo'
measures, and a dashboard to import. Nothing is started.

Nodes keep their ports when they are restarted, and Prometheus reads their new passwords
by itself. Run this again after the next 'testnet up'.`,
	}
	out := cmd.Flags().StringP("out", "o", "prometheus", "`DIRECTORY` to write to")
	return on(cmd, a.namedTestnet, func(_ context.Context, t *testnet.Testnet, _ []string) error {
		var nodes []deploy.Node
		for _, n := range t.Nodes() {
			nodes = append(nodes, deploy.Node{Name: n.Name, Addr: n.RPC, Cookie: n.Cookie})
		}
		if err := os.MkdirAll(*out, 0o700); err != nil {
			return err
		}
		for _, f := range []struct{ name, text string }{
			{"prometheus.yml", deploy.Prometheus(nodes)}, {"rules.yml", deploy.Rules}, {"grafana.json", deploy.Grafana},
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
