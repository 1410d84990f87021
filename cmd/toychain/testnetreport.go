package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/testnet"
	"toychain/testnet/report"
	"toychain/testnet/scenario"
)

func (a *app) testnetReportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "report [SCRIPT]...", Short: "Pack what happened into one file, without keys.",
		Example: "toychain testnet report\ntoychain testnet report my.txt -o for-you.zip\ntoychain testnet replay for-you.zip",
		Long: `Pack what happened on the testnet into one file, for a person who looks for the cause:
versions, the state of each node, block trees and reorganisations, what was done to the
network, the end of each log, and the scripts that you name. Nodes may run or not.

No key, wallet or password is in it. Logs contain paths of this machine. Whoever gets the
file watches it with 'testnet replay FILE'. The cause is found once a script shows it: see
'testnet run'.`,
		Args: cli.Args(0, 20, "scripts"),
	}
	out := cmd.Flags().StringP("out", "o", "report.zip", "`FILE` to write, which must not exist")
	return on(cmd, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, scripts []string) error {
		r, err := a.gather(ctx, t)
		if err != nil {
			return err
		}
		for _, path := range scripts {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if _, err := scenario.Parse(path, string(text)); err != nil {
				return fmt.Errorf("%w: it is no script", err)
			}
			r.Scripts[filepath.Base(path)] = string(text)
		}
		secrets, err := t.Secrets()
		if err != nil {
			return err
		}
		if err := r.Write(*out, secrets); errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s is there already: name another file with --out", *out)
		} else if err != nil {
			return err
		}
		fmt.Fprintf(a.Stdout, "%s: %s, %s and %s; no keys\n", *out, cli.Plural(len(r.Journals), "node"),
			cli.Plural(len(r.Actions), "command"), cli.Plural(len(r.Scripts), "script"))
		fmt.Fprintf(a.Stdout, "  toychain testnet replay %s\n", *out)
		return nil
	})
}

// gather collects a report without scripts.
func (a *app) gather(ctx context.Context, t *testnet.Testnet) (*report.Report, error) {
	nodes, err := t.Status(ctx)
	if err != nil {
		return nil, err
	}
	r := &report.Report{Logs: map[string]string{}, Scripts: map[string]string{}, About: report.About{
		Toychain: version, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Made: time.Now().UTC(),
		Network: t.Params().Name, Digest: t.Params().Digest().String(), Nodes: nodes}}
	if r.Journals, err = a.journals(ctx, t); err != nil {
		return nil, err
	}
	if r.Actions, err = t.Actions(); err != nil {
		return nil, err
	}
	for _, n := range t.Nodes() {
		log, err := os.ReadFile(n.Log)
		if err != nil {
			fmt.Fprintf(a.Stderr, "the log of %s is left out: %v\n", n.Name, err)
			continue
		}
		r.Logs[n.Name] = string(log)
	}
	return r, nil
}
