package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/lab"
)

// The experiments of the lab in which blocks race. Those that are about splits are in
// labsplits.go.

func labStale() *labExperiment {
	cmd := &cobra.Command{
		Use: "stale", Short: "How many blocks go stale, by interval and delay.",
		Example: "toychain lab stale\ntoychain lab stale --shares linear --interval 30s --delay 500ms..1500ms\ntoychain lab stale --sweep --plot stale.svg",
		Long: `Miners extend the longest chain that they know; a block takes its delay to each other
miner. Short intervals, compared with the delay x = delay/interval, fork more: the share of
stale blocks is (1 - sum of the squared shares) x/(1+x), and the share of heights that fork
at most 1 - exp(-x (1 - sum of the squared shares)). The verdict is about the blocks. With
--sweep the intervals go from an eighth of --interval to 32 times it: short ones fork, long
ones wait.`,
	}
	cfg := lab.StaleConfig{}
	f := cmd.Flags()
	nodes := f.Int("nodes", 10, "how many miners")
	shares := f.String("shares", "equal", "of the hash power: equal, linear (node i has i), or a `LIST` like 5,3,1")
	f.DurationVar(&cfg.Interval, "interval", 10*time.Second, "mean time between all mined blocks")
	delay := f.String("delay", "1s..1s", "`LOW..HIGH` between two miners, drawn uniformly for each pair")
	f.IntVar(&cfg.Blocks, "blocks", 20_000, "how many are mined")
	sweep := f.Bool("sweep", false, "run at several intervals")
	check := func() (err error) {
		if cfg.Shares, err = parseShares(*shares, *nodes, cmd.Flags().Changed("nodes")); err != nil {
			return err
		}
		if cfg.DelayLow, cfg.DelayHigh, err = parseDelays(*delay); err != nil {
			return cli.Usagef("--delay %q: want LOW..HIGH, like 500ms..1500ms", *delay)
		}
		return cfg.Check()
	}
	return &labExperiment{cmd: cmd, seed: &cfg.Seed, run: func(ctx context.Context, w lab.Watch) (lab.Result, error) {
		if *sweep {
			return refusing(check, func(ctx context.Context, w lab.Watch) (*lab.StaleSweep, error) { return cfg.Sweep(ctx, w) })(ctx, w)
		}
		return refusing(check, func(ctx context.Context, w lab.Watch) (*lab.Stale, error) { return cfg.Run(ctx, w) })(ctx, w)
	}}
}

func labDoubleSpend() *labExperiment {
	cmd := &cobra.Command{
		Use: "double-spend", Short: "How often an attacker takes a confirmed payment back.",
		Example: "toychain lab double-spend --attacker 0.1 --confirmations 2\ntoychain lab double-spend --attacker 0.3 --races 100000 --json",
		Long: `An attacker with a share of the hash power pays, mines another history in secret, and shows
it once the payment has its confirmations and its own history is longer. How often that
succeeds was computed three times, for races that differ a little. The one that is run
here, where the attacker mines one block ahead and must get ahead, is Rosenfeld's (2012),
which the verdict is about. The whitepaper's takes the attacker's blocks for a Poisson
number, and is too low. Guo and Ren (2022) bound any attack, with a lead from before the
payment, and blocks that take up to --delay: their bounds are above Rosenfeld's value.`,
	}
	cfg := lab.DoubleSpendConfig{}
	f := cmd.Flags()
	f.Float64Var(&cfg.Attacker, "attacker", .1, "`SHARE` of the hash power, below 0.5")
	f.IntVar(&cfg.Confirmations, "confirmations", 6, "after which the goods are handed over")
	f.IntVar(&cfg.Races, "races", 1_000_000, "how many are run")
	f.DurationVar(&cfg.Interval, "interval", 10*time.Minute, "mean time between all mined blocks, for Guo and Ren")
	f.DurationVar(&cfg.Delay, "delay", 10*time.Second, "that a block takes at most, for Guo and Ren")
	return &labExperiment{cmd: cmd, seed: &cfg.Seed, run: refusing(cfg.Check, func(ctx context.Context, w lab.Watch) (*lab.DoubleSpend, error) { return cfg.Run(ctx, w) })}
}

func labThreshold() *labExperiment {
	cmd := &cobra.Command{
		Use: "threshold", Short: "From which share on a private attack succeeds.",
		Example: "toychain lab threshold --x 1 --attacker 0.37\ntoychain lab threshold --x 1 --attacker 0.40 --json",
		Long: `The honest miners lose blocks to each other, because a block takes its delay to reach them;
an attacker that mines alone loses none. So less than half of the hash power is enough: with
the delay x, in mean intervals, ((2+x) - sqrt(4+x^2)) / (2x) (Gazi, Kiayias and Russell;
Dembo and others, 2020). The run goes on until the longer chain has --blocks blocks.`,
	}
	cfg := lab.ThresholdConfig{}
	f := cmd.Flags()
	f.Float64Var(&cfg.X, "x", 1, "`DELAY` of a block, in mean intervals between blocks")
	f.Float64Var(&cfg.Attacker, "attacker", .37, "`SHARE` of the hash power")
	f.IntVar(&cfg.Blocks, "blocks", 10_000, "of the longer chain")
	return &labExperiment{cmd: cmd, seed: &cfg.Seed, run: refusing(cfg.Check, func(ctx context.Context, w lab.Watch) (*lab.Threshold, error) { return cfg.Run(ctx, w) })}
}

func labSelfish() *labExperiment {
	cmd := &cobra.Command{
		Use: "selfish", Short: "What a miner gains that withholds its blocks.",
		Example: `toychain lab selfish --attacker 0.4 --gamma 0.5
toychain lab selfish --attacker 0.35 --gamma 0 --strategy optimal
toychain lab selfish --retarget --plot gain.svg`,
		Long: `The attacker keeps each block to itself and shows it when the others come close, so that
they mine for nothing. In a tie the part gamma of the others mines on the attacker's block.
The revenue is its share of the blocks that stay.

sm1 pays from (1-gamma)/(3-2 gamma) of the hash power on (Eyal and Sirer, 2013).
lead-stubborn splits the others where sm1 would override them, and equal-fork-stubborn also
hides the block that decides a tie (Nayak and others, 2016; Grunspan and Perez-Marco, 2018).
optimal is computed before the run, in a few seconds (Sapirshtein and others, 2016).

With --retarget the difficulty follows: before it falls the attacker has fewer blocks than
honest mining would have paid, and the run says after how many windows it has as many.`,
	}
	cfg := lab.BreakEvenConfig{}
	f := cmd.Flags()
	f.Float64Var(&cfg.Attacker, "attacker", .4, "`SHARE` of the hash power, below 0.5")
	f.Float64Var(&cfg.Gamma, "gamma", .5, "`PART` of the others that mines on the attacker's block in a tie")
	strategy := f.String("strategy", "sm1", "`NAME`: sm1, lead-stubborn, equal-fork-stubborn or optimal")
	f.IntVar(&cfg.Blocks, "blocks", 1_000_000, "how many are mined (with --retarget 5,000,000, if not given)")
	retarget := f.Bool("retarget", false, "let the difficulty follow, and find the break-even")
	f.IntVar(&cfg.Window, "window", 2016, "`BLOCKS` between changes of the target")
	return &labExperiment{cmd: cmd, seed: &cfg.Seed, run: func(ctx context.Context, w lab.Watch) (lab.Result, error) {
		cfg := cfg
		cfg.Strategy = lab.Strategy(*strategy)
		if !*retarget {
			return refusing(cfg.SelfishConfig.Check, func(ctx context.Context, w lab.Watch) (*lab.Selfish, error) { return cfg.SelfishConfig.Run(ctx, w) })(ctx, w)
		}
		if !cmd.Flags().Changed("blocks") {
			cfg.Blocks = 5_000_000
		}
		return refusing(cfg.Check, func(ctx context.Context, w lab.Watch) (*lab.BreakEven, error) { return cfg.Run(ctx, w) })(ctx, w)
	}}
}

func labDifficulty() *labExperiment {
	cmd := &cobra.Command{
		Use: "difficulty", Short: "How fast blocks come, and what moves the difficulty.",
		Example: `toychain lab difficulty --window 30 --spacing 10s
toychain lab difficulty --growth 1.1 --window 2016 --blocks 2000000
toychain lab difficulty --timewarp --plot warp.svg`,
		Long: `The target follows the times in the last N blocks, by the node's own code. At constant hash
power blocks do not come every T but every T N/(N-2): a window of N blocks has N-1
intervals, and a short one changes the target by more than a long one. The difficulty
varies by 1/sqrt(N-3).

--growth and --hop change the hash power, --collapse leaves a tenth of it. --timestamps is
a miner that gives a window's last block a time in the future; --timewarp a majority that
gives all blocks but those the earliest time that is allowed. Both also run with BIP54's
rule: a window's first block is at most N T/168 earlier than the block before it (two hours
with Bitcoin's window), and its last not earlier than its first.`,
	}
	cfg := lab.DifficultyConfig{}
	f := cmd.Flags()
	f.IntVar(&cfg.Window, "window", 30, "`BLOCKS` between changes of the target")
	f.DurationVar(&cfg.Spacing, "spacing", 10*time.Second, "wanted time between blocks")
	f.IntVar(&cfg.Blocks, "blocks", 600_000, "how many are mined")
	f.Float64Var(&cfg.Growth, "growth", 0, "`FACTOR` of the hash power in each nominal window")
	f.Float64Var(&cfg.Hop, "hop", 0, "`SHARE` of the hash power that leaves every other window")
	collapse := f.Bool("collapse", false, "the hash power falls to a tenth")
	timestamps := f.Bool("timestamps", false, "a miner lies about the time of a window's last block")
	timewarp := f.Bool("timewarp", false, "a majority lies on every window's edge")
	f.Float64Var(&cfg.Attacker, "attacker", .3, "`SHARE` of the miner that lies")
	f.DurationVar(&cfg.Ahead, "ahead", 0, "how far it lies (default: 12 times --spacing, which is two hours for Bitcoin)")
	return &labExperiment{cmd: cmd, seed: &cfg.Seed, run: func(ctx context.Context, w lab.Watch) (lab.Result, error) {
		cfg := cfg
		cfg.What = lab.Steady
		for what, chosen := range map[lab.Clockwork]bool{lab.Growth: f.Changed("growth"), lab.Hop: f.Changed("hop"), lab.Collapse: *collapse,
			lab.Timestamps: *timestamps, lab.Timewarp: *timewarp} {
			if chosen {
				cfg.What = what
			}
		}
		if !f.Changed("ahead") {
			cfg.Ahead = min(12*cfg.Spacing, 24*time.Hour)
		}
		cfg.Grace = max((time.Duration(cfg.Window) * cfg.Spacing / 168).Round(time.Second), time.Second)
		return refusing(cfg.Check, func(ctx context.Context, w lab.Watch) (*lab.Difficulty, error) { return cfg.Run(ctx, w) })(ctx, w)
	}}
}

// parseShares returns the shares of the miners: named, or a list.
func parseShares(s string, nodes int, chosen bool) ([]float64, error) {
	if (s == "equal" || s == "linear") && nodes < 1 {
		return nil, cli.Usagef("--nodes %d: want 1 or more", nodes)
	}
	switch s {
	case "equal":
		return lab.EqualShares(nodes), nil
	case "linear":
		return lab.LinearShares(nodes), nil
	}
	var out []float64
	for part := range strings.SplitSeq(s, ",") {
		share, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return nil, cli.Usagef("--shares %q: want equal, linear, or a list like 5,3,1", s)
		}
		out = append(out, share)
	}
	if chosen && len(out) != nodes {
		return nil, cli.Usagef("--shares names %d miners, --nodes %d", len(out), nodes)
	}
	return out, nil
}
