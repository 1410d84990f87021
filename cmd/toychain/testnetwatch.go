package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/internal/atomicfile"
	"toychain/testnet"
	"toychain/testnet/draw"
	"toychain/testnet/topology"
)

// treeFlags adds the flags of a command that draws the tree as it is now.
func treeFlags(cmd *cobra.Command) *drawing {
	d := drawFlags(cmd)
	cmd.Flags().StringVarP(&d.out, "out", "o", "", "`FILE` to draw into: .svg, or .dot for Graphviz")
	check := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, given []string) error {
		if ext := filepath.Ext(d.out); d.out != "" && ext != ".svg" && ext != ".dot" {
			return cli.Usagef("-o %s: want a name that ends in .svg or .dot", d.out)
		}
		return check(cmd, given)
	}
	cmd.PostRunE = func(*cobra.Command, []string) error { return d.failed }
	return d
}

// drawTree writes the tree as text, or into the file that the flags name. It ends at once if ctx does.
func (a *app) drawTree(ctx context.Context, w io.Writer, in draw.Tree, d *drawing) {
	var picture bytes.Buffer
	d.failed = cli.During(ctx, func() {}, func() error {
		switch filepath.Ext(d.out) {
		case ".svg":
			return draw.SVG(&picture, in, nil)
		case ".dot":
			return draw.Dot(&picture, in, nil)
		}
		return draw.Write(ctx, &picture, in, a.style(d))
	})
	if d.failed != nil {
		return
	}
	if d.out == "" {
		_, _ = w.Write(picture.Bytes()) // show says so if it fails
		return
	}
	d.failed = atomicfile.Replace(d.out, func(f *os.File) error {
		_, err := f.Write(picture.Bytes())
		return cmp.Or(err, f.Chmod(0o644))
	})
	if d.failed != nil {
		d.failed = fmt.Errorf("%s was not written: %w", d.out, d.failed)
		return
	}
	fmt.Fprintln(w, d.out)
}

// lookEvery is how often what is followed is looked at.
const lookEvery = 200 * time.Millisecond

// watch calls look every so often, with what other commands have changed, until the user ends it.
func watch(ctx context.Context, t *testnet.Testnet, look func() error) error {
	err := cli.Until(ctx, lookEvery, func() (bool, error) { return false, cmp.Or(t.Refresh(), look()) })
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// followTree draws the tree each time that look reports a change: over the last picture on a
// terminal, below it otherwise; or each as a line of JSON.
func (a *app) followTree(cmd *cobra.Command, d *drawing, look func(context.Context) (draw.Tree, bool, error)) error {
	ctx, asJSON := cmd.Context(), cmd.Flags().Changed("json")
	var last []byte
	err := cli.Until(ctx, lookEvery, func() (bool, error) {
		in, changed, err := look(ctx)
		if err != nil || !changed {
			return false, err
		}
		return false, a.redraw(ctx, in, d, &last, asJSON)
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// redraw draws the tree, unless it looks as it did last.
func (a *app) redraw(ctx context.Context, in draw.Tree, d *drawing, last *[]byte, asJSON bool) error {
	var out bytes.Buffer
	if err := draw.Write(ctx, &out, in, a.style(d)); err != nil || bytes.Equal(out.Bytes(), *last) {
		return err
	}
	first := *last == nil
	*last = slices.Clone(out.Bytes())
	switch {
	case asJSON:
		return a.PrintJSONLine(in)
	case cli.IsTerminal(a.Stdout):
		if err := a.Stdout.Clear(); err != nil {
			return err
		}
	case !first:
		fmt.Fprintln(a.Stdout)
	}
	_, err := a.Stdout.Write(bottom(out.Bytes(), cli.Lines(a.Stdout)))
	return err
}

// bottom returns the last lines of a picture that is higher than the terminal, where blocks are added.
func bottom(picture []byte, height int) []byte {
	lines := bytes.SplitAfter(picture, []byte("\n"))
	if height > 1 && len(lines) > height {
		lines = lines[len(lines)-height:]
	}
	return bytes.Join(lines, nil)
}

func (a *app) testnetLogsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "logs [NODE...]", Short: "Show the logs of the nodes, merged by time.",
		Example: "toychain testnet logs\ntoychain testnet logs n1,n3 --tail 20\ntoychain testnet logs -f",
		Long: `Show the logs of the nodes, merged by time: each line with its node. With -f new lines
follow, until Ctrl-C.`,
		Args: cli.Args(0, topology.MaxNodes, "nodes, like n2"),
	}
	follow := cmd.Flags().BoolP("follow", "f", false, "go on with what the nodes write from now on")
	tail := cmd.Flags().Int("tail", -1, "only the last `N` lines")
	cmd.Flags().Lookup("tail").DefValue = "" // all
	asJSON := cli.JSONFlag(cmd)
	return on(cmd, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, given []string) error {
		if *tail < -1 {
			return cli.Usagef("--tail %d: want 0 or more", *tail)
		}
		names, err := topology.Select(t.Names(), given...)
		if err != nil {
			return err
		}
		logs, err := t.Logs(names)
		if err != nil {
			return err
		}
		lines, err := logs.Next()
		if err != nil {
			return err
		}
		if *tail >= 0 {
			lines = lines[max(0, len(lines)-*tail):]
		}
		err = a.printLogs(t, lines, *asJSON)
		if err != nil || !*follow {
			return err
		}
		return watch(ctx, t, func() error {
			lines, err := logs.Next()
			return cmp.Or(err, a.printLogs(t, lines, *asJSON))
		})
	})
}

// printLogs prints lines of logs.
func (a *app) printLogs(t *testnet.Testnet, lines []testnet.LogLine, asJSON bool) error {
	wide := 0
	for _, name := range t.Names() {
		wide = max(wide, len(name))
	}
	c := a.Colours(a.Stdout)
	for _, l := range lines {
		if asJSON {
			if err := a.PrintJSONLine(l); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(a.Stdout, "%s  %s\n", c.Bold(fmt.Sprintf("%-*s", wide, l.Node)), l.Text); err != nil {
			return err
		}
	}
	return nil
}
