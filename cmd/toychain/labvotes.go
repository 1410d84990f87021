package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"toychain/lab"
	"toychain/lab/votes"
)

func labVotes() *labExperiment {
	cmd := &cobra.Command{
		Use: "votes", Short: "What Paxos, Raft, PBFT, work and stake do with the same faults.",
		Example: "toychain lab votes\ntoychain lab votes --only liars --messages\ntoychain lab votes --runs 1000 --seed 7 --json",
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
	f.StringVar(&cfg.Only, "only", "", "one `EXPERIMENT`: "+strings.Join(votes.Names(), ", "))
	f.BoolVar(&cfg.Messages, "messages", false, "show how one lying node of three breaks Raft")
	return &labExperiment{cmd: cmd, seed: &cfg.Seed, run: refusing(cfg.Check, func(ctx context.Context, w lab.Watch) (*votes.Result, error) { return cfg.Run(ctx, w) })}
}
