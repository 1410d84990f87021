package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/lab"
)

// verdict is the error of an experiment whose result does not agree with the theory.
type verdict lab.Verdict

func (v verdict) Error() string {
	if lab.Verdict(v) == lab.Undecided {
		return "undecided: the interval is too wide to say anything; run longer"
	}
	return "the result " + string(v) + " with the theory"
}

func (a *app) labCommand() *cobra.Command {
	cmd := cli.Noun("lab", "Hold experiments against published theory.",
		"toychain lab stale --nodes 10 --interval 30s\ntoychain lab double-spend --attacker 0.1 --confirmations 6\ntoychain lab threshold --x 1 --attacker 0.37",
		a.labStaleCommand(), a.labDoubleSpendCommand(), a.labThresholdCommand(), a.labSelfishCommand(), a.labDifficultyCommand())
	cmd.Long = `Hold experiments against published theory. Each prints a measured value, the interval that
holds the true one in 999 of 1,000 runs, and the value of the theory, and says whether they
agree: exit code 0, 5 if they disagree, 6 if the run is too short to say.`
	return cmd
}

// experiment makes cmd run an experiment, show its result, and end as its verdict says.
func experiment[R any](a *app, cmd *cobra.Command, run func(ctx context.Context, progress func(done int)) (R, error),
	of func(R) lab.Verdict, text func(w io.Writer, r R)) *cobra.Command {
	cmd.Args = cli.Args(0, 0, "")
	var result R
	show(a, cmd, nothing, func(ctx context.Context, _ none, _ []string) (R, error) {
		line := a.Progress()
		defer line.Clear()
		var err error
		result, err = run(ctx, func(done int) { line.Show("%s done", cli.Count(int64(done))) })
		return result, err
	}, func(w io.Writer, r R) { text(w, r) })
	inner := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if err := inner(cmd, given); err != nil {
			return err
		}
		if v := of(result); v != lab.Agrees {
			return verdict(v)
		}
		return nil
	}
	return cmd
}

func (a *app) labStaleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "stale", Short: "How many blocks go stale, by interval and delay.",
		Example: "toychain lab stale\ntoychain lab stale --shares linear --interval 30s --delay 500ms..1500ms",
		Long: `Miners extend the longest chain that they know; a block takes its delay to each other
miner. Short intervals, compared with the delay x = delay/interval, fork more: the share of
stale blocks is (1 - sum of the squared shares) x/(1+x), and the share of heights that fork
at most 1 - exp(-x (1 - sum of the squared shares)). The verdict is about the blocks.`,
	}
	cfg := lab.StaleConfig{}
	f := cmd.Flags()
	nodes := f.Int("nodes", 10, "how many miners")
	shares := f.String("shares", "equal", "of the hash power: equal, linear (node i has i), or a `LIST` like 5,3,1")
	f.DurationVar(&cfg.Interval, "interval", 10*time.Second, "mean time between all mined blocks")
	delay := f.String("delay", "1s..1s", "`LOW..HIGH` between two miners, drawn uniformly for each pair")
	f.IntVar(&cfg.Blocks, "blocks", 20_000, "how many are mined")
	f.Uint64Var(&cfg.Seed, "seed", 1, "`NUMBER` from which everything random is drawn")
	return experiment(a, cmd, func(ctx context.Context, progress func(int)) (_ *lab.Stale, err error) {
		if cfg.Shares, err = parseShares(*shares, *nodes, cmd.Flags().Changed("nodes")); err != nil {
			return nil, err
		}
		if cfg.DelayLow, cfg.DelayHigh, err = parseDelays(*delay); err != nil {
			return nil, cli.Usagef("--delay %q: want LOW..HIGH, like 500ms..1500ms", *delay)
		}
		if err := cfg.Check(); err != nil {
			return nil, cli.Usagef("%w", err)
		}
		return cfg.Stale(ctx, progress)
	}, func(r *lab.Stale) lab.Verdict { return r.Verdict }, func(w io.Writer, r *lab.Stale) {
		fmt.Fprintf(w, "\tmeasured\t99.9 %%\ttheory\t\n")
		fmt.Fprintf(w, "stale blocks\t%s\t%s to %s\t%s\t%s\n", percent(r.StaleRate), percent(r.Low), percent(r.High), percent(r.Theory), r.Verdict)
		fmt.Fprintf(w, "forked heights\t%s\t\t%s at most\t\n", percent(r.ForkedHeights), percent(r.TheoryHeights))
		fmt.Fprintf(w, "%d blocks mined, a chain of %d, seed %d\n", r.Blocks, r.Height, r.Seed)
	})
}

func (a *app) labDoubleSpendCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "double-spend", Short: "How often an attacker takes a confirmed payment back.",
		Example: "toychain lab double-spend --attacker 0.1 --confirmations 2\ntoychain lab double-spend --attacker 0.3 --races 100000 --json",
		Long: `An attacker with a share of the hash power pays, mines another history in secret, and shows
it once the payment has its confirmations and its own history is longer. Three people have
computed how often that succeeds, for races that differ a little: the one that is run here,
where the attacker mines one block ahead and must get ahead, is Rosenfeld's (2012). The
whitepaper's takes the attacker's blocks for a Poisson number, and is too low.`,
	}
	cfg := lab.DoubleSpendConfig{}
	f := cmd.Flags()
	f.Float64Var(&cfg.Attacker, "attacker", .1, "`SHARE` of the hash power, below 0.5")
	f.IntVar(&cfg.Confirmations, "confirmations", 6, "after which the goods are handed over")
	f.IntVar(&cfg.Races, "races", 1_000_000, "how many are run")
	f.Uint64Var(&cfg.Seed, "seed", 1, "`NUMBER` from which everything random is drawn")
	return experiment(a, cmd, func(ctx context.Context, progress func(int)) (*lab.DoubleSpend, error) {
		if err := cfg.Check(); err != nil {
			return nil, cli.Usagef("%w", err)
		}
		return cfg.DoubleSpend(ctx, progress)
	}, func(r *lab.DoubleSpend) lab.Verdict { return r.Verdict }, func(w io.Writer, r *lab.DoubleSpend) {
		fmt.Fprintf(w, "\tmeasured\t99.9 %%\tRosenfeld\t\tNakamoto\n")
		fmt.Fprintf(w, "taken back\t%s\t%s to %s\t%s\t%s\t%s\n", percent(r.Rate), percent(r.Low), percent(r.High), percent(r.Rosenfeld), r.Verdict, percent(r.Nakamoto))
		fmt.Fprintf(w, "%d races, seed %d\n", r.Races, r.Seed)
	})
}

func (a *app) labThresholdCommand() *cobra.Command {
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
	f.Uint64Var(&cfg.Seed, "seed", 1, "`NUMBER` from which everything random is drawn")
	return experiment(a, cmd, func(ctx context.Context, _ func(int)) (*lab.Threshold, error) {
		if err := cfg.Check(); err != nil {
			return nil, cli.Usagef("%w", err)
		}
		return cfg.Threshold(ctx)
	}, func(r *lab.Threshold) lab.Verdict { return r.Verdict }, func(w io.Writer, r *lab.Threshold) {
		ahead := "the honest chain"
		if r.AttackerAhead {
			ahead = "the attacker"
		}
		fmt.Fprintf(w, "threshold\t%s of the hash power\n", percent(r.Threshold))
		fmt.Fprintf(w, "ahead\t%s\t%s\n", ahead, r.Verdict)
		fmt.Fprintf(w, "honest growth\t%.4f blocks an interval, by theory %.4f\n", r.HonestGrowth, r.Theory)
		fmt.Fprintf(w, "attacker\t%.4f\n", r.AttackerGrowth)
	})
}

func (a *app) labSelfishCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "selfish", Short: "What a miner gains that withholds its blocks.",
		Example: "toychain lab selfish --attacker 0.4 --gamma 0.5\ntoychain lab selfish --attacker 0.25 --gamma 0.5 --json",
		Long: `The attacker keeps each block to itself and shows it when the others come close, so that
they mine for nothing. In a tie the part gamma of the others mines on the attacker's block.
The revenue is its share of the blocks that stay; it pays from (1-gamma)/(3-2 gamma) of the
hash power on (Eyal and Sirer, 2013).`,
	}
	cfg := lab.SelfishConfig{}
	f := cmd.Flags()
	f.Float64Var(&cfg.Attacker, "attacker", .4, "`SHARE` of the hash power, below 0.5")
	f.Float64Var(&cfg.Gamma, "gamma", .5, "`PART` of the others that mines on the attacker's block in a tie")
	f.IntVar(&cfg.Blocks, "blocks", 1_000_000, "how many are mined")
	f.Uint64Var(&cfg.Seed, "seed", 1, "`NUMBER` from which everything random is drawn")
	return experiment(a, cmd, func(ctx context.Context, progress func(int)) (*lab.Selfish, error) {
		if err := cfg.Check(); err != nil {
			return nil, cli.Usagef("%w", err)
		}
		return cfg.Selfish(ctx, progress)
	}, func(r *lab.Selfish) lab.Verdict { return r.Verdict }, func(w io.Writer, r *lab.Selfish) {
		fmt.Fprintf(w, "\tmeasured\t99.9 %%\ttheory\t\n")
		fmt.Fprintf(w, "revenue\t%s\t%s to %s\t%s\t%s\n", percent(r.Revenue), percent(r.Low), percent(r.High), percent(r.Theory), r.Verdict)
		fmt.Fprintf(w, "of %s of the hash power: %s\n", percent(cfg.Attacker), map[bool]string{true: "it pays", false: "it does not pay"}[r.Pays])
	})
}

func (a *app) labDifficultyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "difficulty", Short: "How fast blocks come in the long run.",
		Example: "toychain lab difficulty --window 30 --spacing 10s\ntoychain lab difficulty --window 2016 --spacing 10m --blocks 2000000",
		Long: `The target follows the times in the last N blocks, by the node's own code. At constant hash
power blocks do not come every T but every T N/(N-2): a window of N blocks has N-1
intervals, and a short one changes the target by more than a long one. The difficulty
varies by 1/sqrt(N-3).`,
	}
	cfg := lab.DifficultyConfig{}
	f := cmd.Flags()
	f.IntVar(&cfg.Window, "window", 30, "`BLOCKS` between changes of the target")
	f.DurationVar(&cfg.Spacing, "spacing", 10*time.Second, "wanted time between blocks")
	f.IntVar(&cfg.Blocks, "blocks", 600_000, "how many are mined")
	f.Uint64Var(&cfg.Seed, "seed", 1, "`NUMBER` from which everything random is drawn")
	return experiment(a, cmd, func(ctx context.Context, progress func(int)) (*lab.Difficulty, error) {
		if err := cfg.Check(); err != nil {
			return nil, cli.Usagef("%w", err)
		}
		return cfg.Difficulty(ctx, progress)
	}, func(r *lab.Difficulty) lab.Verdict { return r.Verdict }, func(w io.Writer, r *lab.Difficulty) {
		fmt.Fprintf(w, "\tmeasured\t99.9 %%\ttheory\t\n")
		fmt.Fprintf(w, "interval\t%.4g s\t%.4g to %.4g s\t%.4g s\t%s\n", r.MeanInterval, r.Low, r.High, r.Theory, r.Verdict)
		fmt.Fprintf(w, "jitter\t%s\t\t%s\t\n", percent(r.Jitter), percent(r.TheoryJitter))
	})
}

// percent writes a rate with four digits that say something.
func percent(rate float64) string { return fmt.Sprintf("%.4g %%", 100*rate) }

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
