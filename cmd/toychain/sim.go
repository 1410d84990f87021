package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"toychain/cmd/internal/cli"
	"toychain/sim"
	"toychain/testnet/replay/recorder"
)

// simResult is what a run came to, and what it cost on this machine.
type simResult struct {
	*sim.Result
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"events_per_second"`
	PeakMemory uint64  `json:"peak_memory_bytes"`
	Version    string  `json:"version"`
}

func (a *app) simCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sim", Short: "Run a large network in virtual time, from a seed.",
		Example: "toychain sim --nodes 100 --blocks 200 --seed 1\ntoychain sim --nodes 100 --blocks 200 --interval 1s --json",
		Long: `Run a network of nodes in virtual time: the engine, the rules, the block tree and the
mempool are the real node's, and only the clock, the links and the miners are not. Each
node is linked to some others, drawn at random, and has an equal share of the hash power;
in each block is a payment, once there are coins to spend.

The same flags and version give the same result to the byte: the log's hash proves it. The
shorter the interval is, compared with the time that a block takes to reach all nodes, the
more blocks are stale.`,
		Args: cli.Args(0, 0, ""),
	}
	cfg := sim.Config{Payments: true, Topology: sim.Random}
	f := cmd.Flags()
	f.IntVar(&cfg.Nodes, "nodes", 100, "how many `NODES`")
	f.IntVar(&cfg.Blocks, "blocks", 100, "run until the best chain has so many `BLOCKS`")
	f.Uint64Var(&cfg.Seed, "seed", 1, "`NUMBER` from which everything random is drawn")
	f.DurationVar(&cfg.Interval, "interval", 10*time.Second, "mean time between blocks")
	f.IntVar(&cfg.Degree, "degree", 2, "how many neighbours each node seeks, in a random topology")
	topology := f.String("topology", "random", "`SHAPE` of the connections: random, mesh, line, ring or star")
	delay := f.String("delay", "50ms..150ms", "`TIME` that a message takes over a link, drawn for each: 100ms, 50ms..150ms, \"exp 100ms\", \"pareto 50ms 2.5\" or regions")
	f.BoolVar(&cfg.Light, "light", false, "nodes know headers and follow the most work, and nothing else: no transactions, no sync")
	f.Float64Var(&cfg.Loss, "loss", 0, "`SHARE` of the gossip messages that are lost, 0 to less than 1")
	f.Int64Var(&cfg.Bandwidth, "bandwidth", 0, "`BYTES` a second that a link carries each way; 0: no limit")
	trace := f.String("trace", "", "write a recording to this `FILE`, for 'toychain testnet replay --trace' and 'toychain explorer --trace'")
	cmd.AddCommand(a.swarmCommand())
	return show(a, cmd, nothing, func(ctx context.Context, _ none, _ []string) (*simResult, error) {
		var err error
		if cfg.Delay, err = sim.ParseDelay(*delay); err != nil {
			return nil, cli.Usagef("--delay: %w", err)
		}
		if cfg.Topology, err = sim.ParseTopology(*topology); err != nil {
			return nil, cli.Usagef("--topology: %w", err)
		}
		cfg.Payments = !cfg.Light
		if err := cfg.Check(); err != nil {
			return nil, cli.Usagef("%w", err)
		}
		if *trace != "" && cfg.Nodes*cfg.Blocks > maxRecorded {
			return nil, cli.Usagef("--trace: %d nodes with %d blocks: want at most %d when they are multiplied", cfg.Nodes, cfg.Blocks, maxRecorded)
		}
		return a.record(*trace, cfg, func(cfg sim.Config) (*simResult, error) { return a.simulate(ctx, cfg) })
	}, func(w io.Writer, r *simResult) {
		fmt.Fprintf(w, "nodes\t%d\n", r.Nodes)
		fmt.Fprintf(w, "blocks\t%d on the best chain, %.2f %% of those mined are stale\n", r.Blocks, 100*r.StaleRate)
		fmt.Fprintf(w, "forks\tat %.2f %% of the heights\n", 100*r.Forked)
		fmt.Fprintf(w, "payments\t%d confirmed\n", r.Transactions)
		fmt.Fprintf(w, "to a node\t%.0f ms for half of the blocks, %.0f ms for 90 %%, %.0f ms for 99 %%\n", r.Propagation.P50, r.Propagation.P90, r.Propagation.P99)
		fmt.Fprintf(w, "at the end\t%s\n", cli.Plural(r.Tips, "tip"))
		fmt.Fprintf(w, "time\t%s of the network in %.1f s, %.0f events a second\n", time.Duration(r.Simulated*float64(time.Second)).Round(time.Second), r.Seconds, r.PerSecond)
		fmt.Fprintf(w, "log\t%s\n", r.LogHash)
		fmt.Fprintf(w, "again\t%s   (toychain %s)\n", again(cmd), r.Version)
	})
}

// maxRecorded are the blocks of all nodes together that a recording may have: two events each, which
// are some 200 MB as a file. Ours.
const maxRecorded = 400_000

// record runs a network and writes a recording of it to a file; none if its name is empty.
func (a *app) record(name string, cfg sim.Config, do func(sim.Config) (*simResult, error)) (*simResult, error) {
	if name == "" {
		return do(cfg)
	}
	file, err := os.Create(name) // first: a name that is wrong must not be found out after a long run
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var tape recorder.Recorder
	cfg.Trace = tape.Record
	r, err := do(cfg)
	if err != nil {
		return nil, err
	}
	run, err := tape.Run()
	if err == nil {
		err = errors.Join(printRun(file, run), file.Close())
	}
	return r, err
}

// again is the command line that gives the same result: all flags that matter to it.
func again(cmd *cobra.Command) string {
	line := cmd.CommandPath()
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && f.Name != "trace" && (f.Changed || f.Name == "seed") {
			value := f.Value.String()
			if strings.Contains(value, " ") {
				value = strconv.Quote(value)
			}
			line += " --" + f.Name + " " + value
		}
	})
	return line
}

// collectLess lets garbage grow, which costs memory and saves time: up to less than 2 GB, or to
// twice what a larger run needs.
func collectLess(cfg sim.Config) {
	const most, each = 1800 << 20, 700 // bytes, for each node and block as measured
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(max(most, 2*each*int64(cfg.Nodes)*int64(cfg.Blocks)))
}

// simulate runs a network, with progress on a terminal.
func (a *app) simulate(ctx context.Context, cfg sim.Config) (*simResult, error) {
	progress := a.Progress()
	cfg.Progress = func(height int) { progress.Show("%d of %d blocks", height, cfg.Blocks) }
	collectLess(cfg)
	begun := time.Now()
	r, err := sim.Run(ctx, cfg)
	progress.Clear()
	if err != nil {
		return nil, err
	}
	seconds := time.Since(begun).Seconds()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return &simResult{r, seconds, float64(r.Events) / seconds, memory.Sys, version}, nil
}

// parseDelays parses LOW..HIGH, or one time for both.
func parseDelays(s string) (low, high time.Duration, err error) {
	from, to, two := strings.Cut(s, "..")
	if low, err = time.ParseDuration(from); err != nil || !two {
		return low, low, err
	}
	high, err = time.ParseDuration(to)
	return low, high, err
}
