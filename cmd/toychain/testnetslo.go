package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/deploy"
	"toychain/testnet"
	"toychain/testnet/measure"
	"toychain/testnet/slo"
	"toychain/testnet/topology"
)

func (a *app) testnetSLOCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "slo", Short: "Measure service levels and their error budgets.",
		Example: "toychain testnet slo\ntoychain testnet slo --for 2m --targets my.toml\ntoychain testnet slo --json",
		Long: `Measure the network against its service level objectives, and how much of each error
budget is left. Exit 1 if an objective is missed.

  propagation   a block, from its first node to each node that it can reach
  agreement     after a heal, until all nodes are on one tip
  confirmation  a payment, from the first mempool to the block that holds it
  stale         blocks that are on no node's best chain
  availability  answers of each node to GET /healthz, requested twice a second

The first, second and fourth are read from the nodes' journals since 'testnet up'.
Payments and answers are watched for the time of --for, so pay something meanwhile.

An objective such as p95 = "500ms" means that 95 of 100 events take no longer. The other
5 are the error budget: of 200 events 10 may be late; if 4 were, 60% of the budget is
left. Below zero the objective is missed. Without events there is no verdict. --targets
names a file like deploy/slo.toml, the default; docs/slo.md says more.`,
	}
	targets := cmd.Flags().String("targets", "", "`FILE` of objectives (default: deploy/slo.toml)")
	watch := cmd.Flags().Duration("for", 30*time.Second, "`TIME` to watch payments and answers, like 30s or 5m")
	var promised []slo.Target
	cmd.PreRunE = func(*cobra.Command, []string) (err error) {
		if *watch <= 0 {
			return cli.Usagef("--for %v: want more", *watch)
		}
		promised, err = readTargets(*targets)
		return err
	}
	var r measure.Report
	cmd.PostRunE = func(*cobra.Command, []string) error { return missed(r.Levels) }
	return show(a, cmd, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, _ []string) (_ measure.Report, err error) {
		line := a.Progress()
		defer line.Clear()
		line.Show("watching %s for %v", cli.Plural(len(t.Nodes()), "node"), *watch)
		r, err = measure.Network(ctx, t, promised, *watch)
		return r, err
	}, a.printReport)
}

// readTargets reads a file of objectives, or those that come with the program.
func readTargets(path string) ([]slo.Target, error) {
	if path == "" {
		return slo.Parse(deploy.Targets)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	out, err := slo.Parse(string(text))
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return out, err
}

// missed returns the error that names the levels that were missed, or nil.
func missed(levels []slo.Level) error {
	var names []string
	for _, l := range levels {
		if l.Met != nil && !*l.Met {
			names = append(names, l.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("missed: %s", strings.Join(names, ", "))
}

func (a *app) printReport(w io.Writer, s measure.Report) {
	since := s.Since.Local().Format(time.DateTime)
	if s.Since.IsZero() { // it is not recorded when an exported network came up
		since = "genesis"
	}
	fmt.Fprintf(w, "%s; blocks since %s, payments and answers for %v\n\n", cli.Plural(s.Nodes, "node"), since,
		s.Until.Sub(s.Watched).Round(time.Second))
	for _, name := range s.Silent {
		fmt.Fprintf(a.Stderr, "%s is left out: it has no journal that can be read\n", name)
	}
	if len(s.LeftOut) > 0 {
		fmt.Fprintf(w, "their times are left out, because their clocks were wrong and not all can be corrected: %s\n\n", strings.Join(s.LeftOut, " "))
	}
	fmt.Fprintln(w, "level\ttarget\tmeasured\tevents\tbad\tbudget left")
	for _, l := range s.Levels {
		if l.Met == nil {
			fmt.Fprintf(w, "%s\t%s\t-\t0\t-\t- (%s)\n", l.Name, l.Target, l.Note)
			continue
		}
		verdict := ""
		if !*l.Met {
			verdict = "  missed"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%.0f%%%s\n", l.Name, l.Target, measured(l), cli.Count(l.Events), cli.Count(l.Bad), 100**l.Budget, verdict)
	}
	for _, name := range slices.SortedFunc(maps.Keys(s.Asked), topology.Compare) {
		if at := s.Asked[name]; at.Answered < at.Asked {
			fmt.Fprintf(w, "%s answered %s of %s times\n", name, cli.Count(at.Answered), cli.Count(at.Asked))
		}
	}
}

// measured returns a level's figure as text.
func measured(l slo.Level) string {
	switch {
	case l.Worst != "":
		return fmt.Sprintf("%.4g%% (%s)", 100**l.Ratio, l.Worst)
	case l.Ratio != nil:
		return fmt.Sprintf("%.3g%%", 100**l.Ratio)
	case l.MeasuredMS != nil:
		return millis(*l.MeasuredMS)
	}
	return "over " + millis(*l.MoreThanMS)
}

// millis returns milliseconds as text.
func millis(ms float64) string {
	return time.Duration(ms * float64(time.Millisecond)).Round(time.Millisecond).String()
}
