package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/lab"
	"toychain/lab/votes"
)

func (a *app) labVotesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "votes", Short: "What Paxos, Raft, PBFT, work and stake do with the same faults.",
		Example: "toychain lab votes\ntoychain lab votes --messages\ntoychain lab votes --runs 1000 --seed 7 --json",
		Long: `The same crashes, cuts and lying nodes on five engines: single-decree Paxos, Raft (the
library that etcd runs on), PBFT, work (toychain's own engine) and stake (a longest chain
drawn by lottery). For each: what goes on, what halts, what is undone after a heal, and how
many messages a decision takes; then names without machines, nodes that leave without a
word, duels that only random timers end, and what signatures that cost nothing lead to.

Each figure stands beside the one of the theory. What is a matter of chance has an interval
that holds the true value in 999 of 1,000 runs; --runs says how often it is tried. The
verdict is that of all figures together.`,
	}
	cfg := votes.Config{}
	f := cmd.Flags()
	f.IntVar(&cfg.Runs, "runs", 500, "how often what is a matter of chance is tried")
	f.Uint64Var(&cfg.Seed, "seed", 1, "`NUMBER` from which everything random is drawn")
	shown := f.Bool("messages", false, "show how one lying node of three breaks Raft")
	cmd.Args = cli.Args(0, 0, "")
	var result *votes.Result
	show(a, cmd, nothing, func(ctx context.Context, _ none, _ []string) (_ *votes.Result, err error) {
		if err := cfg.Check(); err != nil {
			return nil, cli.Usagef("--runs: %w", err)
		}
		line := a.Progress()
		defer line.Clear()
		result, err = cfg.Votes(ctx, func(done, of int) { line.Show("%s", bar(done, of)) })
		return result, err
	}, func(w io.Writer, r *votes.Result) {
		printVotes(w, r)
		if *shown {
			fmt.Fprintf(w, "\nnodes 1 and 2 of Raft do not reach each other; node 3 lies to both:\n")
			for _, line := range r.Shown {
				fmt.Fprintln(w, line)
			}
		}
	})
	inner := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if err := inner(cmd, given); err != nil {
			return err
		}
		if result.Verdict != lab.Agrees {
			return verdict(result.Verdict)
		}
		return nil
	}
	return cmd
}

// printVotes prints the figures, those of each question together, and then what else was seen.
func printVotes(w io.Writer, r *votes.Result) {
	fmt.Fprintf(w, "\t\tnodes\tmeasured\t99.9 %%\ttheory\t\n")
	question := ""
	for _, c := range r.Cells {
		name, interval := c.Question, ""
		if name == question {
			name = ""
		}
		question = c.Question
		if c.Low < c.High {
			interval = fmt.Sprintf("%.3g to %.3g", c.Low, c.High)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%.4g\t%s\t%.4g\t%s\n", name, c.Engine, c.Nodes, c.Measured, interval, c.Theory, c.Verdict)
	}
	fmt.Fprintf(w, "all together: the results %s; %d runs, seed %d, log %.16s\n\n", map[lab.Verdict]string{lab.Agrees: "agree", lab.Disagrees: "disagree", lab.Undecided: "are undecided"}[r.Verdict], r.Runs, r.Seed, r.LogHash)
	for _, c := range r.Cells {
		if c.Note == "" {
			continue
		}
		if c.Question != question {
			fmt.Fprintln(w, c.Question)
		}
		question = c.Question
		fmt.Fprintf(w, "  %s, %d nodes: %s\n", c.Engine, c.Nodes, c.Note)
	}
}
