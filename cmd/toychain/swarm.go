package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/sim"
	"toychain/sim/swarm"
	"toychain/testnet/replay/recorder"
)

// violation is the error of a search that found something, or did not reach what it must.
type violation struct{ text string }

func (v violation) Error() string { return v.text }

// swarmResult is what a search came to, and what it cost on this machine.
type swarmResult struct {
	*swarm.Report
	Seconds   float64 `json:"seconds"`
	PerMinute float64 `json:"seeds_per_minute"`
	Version   string  `json:"version"`
}

func (a *app) swarmCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "swarm", Short: "Search for faults, in networks drawn from seeds.",
		Example: "toychain sim swarm --seeds 1000\ntoychain sim swarm --time 10m --from 5001\ntoychain sim swarm --replay 714 > trace.jsonl\ntoychain testnet replay --trace trace.jsonl",
		Long: `Search for faults of the node. Each seed draws a network of 3 to 8 nodes in virtual time,
partitions, crashes, clogged links, wrong clocks and adversarial peers, and then a time without
any of them. After everything that happens the coins, the fork choice, the journals and the
mempools are checked against a second implementation of the rules, and in the end all nodes must
agree: docs/sim.md lists the properties.

The first seed that violates one is shrunk to the fewest actions. --replay plays a seed again
and prints a recording, with --shrink of those actions only: 'toychain testnet replay --trace'
and 'toychain explorer --trace' play it. The exit code is 5 if a property is violated, and if
no seed, of 200 to 2,500, reached something that one of so many must.`,
		Args: cli.Args(0, 0, ""),
	}
	c, limit := swarm.Config{}, time.Duration(0)
	f := cmd.Flags()
	f.IntVar(&c.Seeds, "seeds", 100, "how many seeds to play")
	f.Uint64Var(&c.From, "from", 1, "the first `SEED`")
	f.DurationVar(&limit, "time", 0, "begin no seed after this `TIME`; without --seeds there is no other end")
	replay := f.Uint64("replay", 0, "play this `SEED` alone, and print a trace")
	shrink := f.Bool("shrink", false, "with --replay: only the actions that a violation needs")
	all := f.Bool("all", false, "with --replay: messages, connections and payments, too")
	var found *swarm.Report
	show(a, cmd, nothing, func(ctx context.Context, _ none, _ []string) (*swarmResult, error) {
		if c.Seeds < 1 {
			return nil, cli.Usagef("%d seeds: want 1 or more", c.Seeds)
		}
		if limit < 0 {
			return nil, cli.Usagef("--time %s: want more than 0", limit)
		}
		if limit > 0 && !f.Changed("seeds") {
			c.Seeds = math.MaxInt
		}
		r, err := a.search(ctx, c, limit)
		if err == nil {
			found = r.Report
		}
		return r, err
	}, swarmText)
	search := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if cmd.Flags().Changed("replay") {
			return a.replaySeed(cmd.Context(), *replay, *shrink, *all)
		}
		if err := search(cmd, given); err != nil || found == nil {
			return err
		}
		switch {
		case found.Found != nil:
			return violation{fmt.Sprintf("seed %d violates %s; see it: toychain sim swarm --replay %d --shrink", found.Seed, found.Found.Property, found.Seed)}
		case len(found.Unreached) > 0:
			return violation{fmt.Sprintf("no seed reached %q: the search does not try it", found.Unreached[0])}
		}
		return nil
	}
	return cmd
}

// search plays seeds, for a time or all (0), with progress on a terminal.
func (a *app) search(ctx context.Context, c swarm.Config, limit time.Duration) (*swarmResult, error) {
	progress := a.Progress()
	defer progress.Clear()
	begun := time.Now()
	of := cli.Plural(c.Seeds, "seed")
	if limit > 0 {
		of = limit.String()
		c.Enough = func() bool { return time.Since(begun) > limit }
	}
	c.Progress = func(done int) { progress.Show("%d seeds played, of %s, %s", done, of, progress.Rate(done)) }
	collectLess(sim.Config{})
	r, err := swarm.Search(ctx, c)
	if err != nil {
		return nil, err
	}
	seconds := time.Since(begun).Seconds()
	return &swarmResult{r, seconds, float64(r.Seeds) / seconds * 60, version}, nil
}

func swarmText(w io.Writer, r *swarmResult) {
	fmt.Fprintf(w, "seeds\t%d, from %d\n", r.Seeds, r.From)
	fmt.Fprintf(w, "events\t%s, and %s blocks\n", cli.Count(int64(r.Events)), cli.Count(int64(r.Blocks)))
	fmt.Fprintf(w, "time\t%.1f s, %.0f seeds a minute\n", r.Seconds, r.PerMinute)
	for _, m := range swarm.AllMarks {
		fmt.Fprintf(w, "reached\t%d times: %s\n", r.Marks[m], m)
	}
	if r.Found == nil {
		fmt.Fprintf(w, "violations\tnone   (toychain %s)\n", r.Version)
		return
	}
	fmt.Fprintf(w, "violation\tseed %d: %v   (toychain %s)\n", r.Seed, r.Found, r.Version)
	fmt.Fprintf(w, "network\t%s\n", r.Network)
	for _, action := range r.Actions {
		fmt.Fprintf(w, "action\t%s\n", action)
	}
	fmt.Fprintf(w, "shrunk\t%v\n", r.Shrunk)
}

// replaySeed plays a seed and prints the trace.
func (a *app) replaySeed(ctx context.Context, seed uint64, shrink, all bool) error {
	plan := swarm.Draw(seed)
	if shrink {
		out, err := swarm.Try(ctx, seed)
		if err != nil {
			return err
		}
		if out.Violation == nil {
			return fmt.Errorf("seed %d violates nothing: play it without --shrink", seed)
		}
		plan, _ = swarm.Shrink(ctx, plan, out.Violation, swarm.ShrinkPlays)
	}
	tape := recorder.Recorder{All: all}
	out, err := swarm.Play(ctx, plan, tape.Record)
	if err != nil {
		return err
	}
	run, err := tape.Run()
	if err == nil {
		err = printRun(a.Stdout, run)
	}
	if err != nil {
		return err
	}
	if out.Violation != nil {
		return violation{fmt.Sprintf("seed %d: %v", seed, out.Violation)}
	}
	return nil
}
