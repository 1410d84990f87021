package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
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
	asJSON := cli.JSONFlag(cmd)
	f := cmd.Flags()
	out := f.StringP("out", "o", "", "`DIRECTORY` to write to (default: the testnet's, see --dir)")
	hashrate := f.Float64("hashrate", 0, "let each node mine, at most so many `HASHES` per second; 0: all it can")
	mine := f.String("mine", "", "let each node mine, for this `ADDRESS`; otherwise as 'testnet up' does")
	image := f.String("image", "toychain:"+version, "`NAME` of the image; deploy/Dockerfile makes it")
	port := f.Int("port", export.FirstPort, "`PORT` of this machine for the RPC of n1; the other nodes get the next ones")
	cli.Settable(f, "hashrate")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		n, err := cli.ParseCount("N", given[0], 1, topology.MaxNodes)
		if err != nil {
			return err
		}
		if *port < 1 {
			return cli.Usagef("--port %d: want a port of this machine, 1 or more", *port)
		}
		dir := *out
		if dir == "" {
			dir = a.testnetFolder()
		}
		t, err := write(export.Config{Dir: dir, Nodes: n, Network: a.global.network, Hashrate: *hashrate,
			Mine: a.typed["hashrate"] || a.typed["mine"], MineTo: *mine, Image: *image, Port: *port})
		if err != nil {
			return err
		}
		if *asJSON {
			return a.printTestnetFile(t)
		}
		fmt.Fprintf(a.Stdout, "%s on the network %s for %s, in %s\n", cli.Plural(n, "node"), t.Params().Name, t.Orchestrator().Name, t.Dir())
		if !a.typed["image"] {
			fmt.Fprintf(a.Stdout, "first, in the directory of toychain's sources:\n  docker build -f deploy/Dockerfile -t %s .\n", *image)
		}
		fmt.Fprintln(a.Stdout, "there:")
		for _, line := range start {
			fmt.Fprintln(a.Stdout, "  "+strings.ReplaceAll(line, "PORT", strconv.Itoa(*port)))
		}
		fmt.Fprintln(a.Stdout, "  toychain testnet status --dir .")
		return nil
	}
	return cmd
}
