package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"toychain/lab"
)

func labPartition() *labExperiment {
	cmd := &cobra.Command{
		Use: "partition", Short: "Which side of a partition wins, and how deep.",
		Example: `toychain lab partition --share 0.4 --blocks 20
toychain lab partition --share 0.45 --blocks 300 --retarget`,
		Long: `A network is cut into two sides, which mine on until it is healed. Each side mines a Poisson
number of blocks, so the difference is Skellam's: the weaker side wins by luck, and the
reorganisation is as deep as what the loser mined.

With --retarget the difficulty changes on both sides while they are apart. Then the numbers
of blocks level out and the work does not: a side's share of the work stays its share of
the hash power, and a shorter chain can win.`,
	}
	cfg := lab.PartitionConfig{}
	f := cmd.Flags()
	f.Float64Var(&cfg.Share, "share", .4, "`SHARE` of the hash power on the weaker side, at most 0.5")
	f.IntVar(&cfg.Blocks, "blocks", 20, "that the whole network would mine on average while it is cut (with --retarget 300, if not given)")
	f.IntVar(&cfg.Races, "races", 100_000, "how many partitions (with --retarget 2,000, if not given)")
	retarget := f.Bool("retarget", false, "let the difficulty change on both sides")
	window := f.Int("window", 30, "`BLOCKS` between changes of the target")
	return &labExperiment{cmd: cmd, seed: &cfg.Seed, run: func(ctx context.Context, w lab.Watch) (lab.Result, error) {
		cfg := cfg
		if !*retarget {
			return refusing(cfg.Check, func(ctx context.Context, w lab.Watch) (*lab.Partition, error) { return cfg.Run(ctx, w) })(ctx, w)
		}
		if cfg.Window = *window; !f.Changed("races") {
			cfg.Races = 2000
		}
		if !f.Changed("blocks") {
			cfg.Blocks = 300
		}
		return refusing(cfg.CheckWork, func(ctx context.Context, w lab.Watch) (*lab.PartitionWork, error) { return cfg.Work(ctx, w) })(ctx, w)
	}}
}

func labConfirmations() *labExperiment {
	cmd := &cobra.Command{
		Use: "confirmations", Short: "What waiting for confirmations costs, and what it buys.",
		Example: "toychain lab confirmations\ntoychain lab confirmations --attacker 0.3 --confirmations 12 --plot risk.svg",
		Long: `Payments are made at random moments of a growing chain. The interval around such a moment is
twice the mean one, because long intervals are met more often; the wait for the next block
is a whole mean interval, and n confirmations take n of them. For each number of them an
attacker tries to take the payment back, beside Rosenfeld's value. The verdict is about the
waits.`,
	}
	cfg := lab.ConfirmationsConfig{}
	f := cmd.Flags()
	f.Float64Var(&cfg.Attacker, "attacker", .1, "`SHARE` of the hash power, below 0.5")
	f.IntVar(&cfg.Confirmations, "confirmations", 6, "how many are waited for")
	f.DurationVar(&cfg.Interval, "interval", 10*time.Minute, "mean time between blocks")
	f.IntVar(&cfg.Races, "races", 100_000, "payments, and attacks on each number of confirmations")
	return &labExperiment{cmd: cmd, seed: &cfg.Seed, run: refusing(cfg.Check, func(ctx context.Context, w lab.Watch) (*lab.Confirmations, error) { return cfg.Run(ctx, w) })}
}

func labEclipse() *labExperiment {
	cmd := &cobra.Command{
		Use: "eclipse", Short: "What a merchant sees whose every peer is the attacker's.",
		Example: "toychain lab eclipse\ntoychain lab eclipse --attacker 0.1 --confirmations 6 --links 8 --poisoned 0.9",
		Long: `A merchant opens --links connections to addresses of which the share --poisoned is the
attacker's. If all are, it sees only the attacker's blocks: its confirmations come slowly,
every interval/share, which betrays the attacker; and when it sees the others again, their
chain is nearly always longer and the payment is undone. The verdict is about how often,
and about the wait (Heilman and others, 2015).`,
	}
	cfg := lab.EclipseConfig{}
	f := cmd.Flags()
	f.Float64Var(&cfg.Attacker, "attacker", .3, "`SHARE` of the hash power")
	f.IntVar(&cfg.Confirmations, "confirmations", 6, "that the merchant waits for")
	f.IntVar(&cfg.Links, "links", 8, "connections that it opens")
	f.Float64Var(&cfg.Poisoned, "poisoned", .8, "`SHARE` of the addresses that are the attacker's")
	f.DurationVar(&cfg.Interval, "interval", 10*time.Minute, "mean time between all mined blocks")
	f.IntVar(&cfg.Races, "races", 100_000, "how many merchants")
	return &labExperiment{cmd: cmd, seed: &cfg.Seed, run: refusing(cfg.Check, func(ctx context.Context, w lab.Watch) (*lab.Eclipse, error) { return cfg.Run(ctx, w) })}
}

func labFeather() *labExperiment {
	cmd := &cobra.Command{
		Use: "feather", Short: "How a minority keeps a payment out of blocks by a threat.",
		Example: "toychain lab feather --attacker 0.2\ntoychain lab feather --attacker 0.3 --give-up 6",
		Long: `A miner announces that it will not build on blocks with a certain payment: it mines beside
each of them, until it is --give-up blocks behind. How many it makes stale is a gambler's
ruin. The others lose their reward that often if they take the payment up, so they want a
fee for it that makes up for that: a minority censors without ever being seen to mine
(A. Miller, 2013).`,
	}
	cfg := lab.FeatherConfig{}
	f := cmd.Flags()
	f.Float64Var(&cfg.Attacker, "attacker", .2, "`SHARE` of the hash power, below 0.5")
	f.IntVar(&cfg.GiveUp, "give-up", 2, "`BLOCKS` behind at which it does")
	f.IntVar(&cfg.Races, "races", 1_000_000, "how many blocks with the payment")
	return &labExperiment{cmd: cmd, seed: &cfg.Seed, run: refusing(cfg.Check, func(ctx context.Context, w lab.Watch) (*lab.Feather, error) { return cfg.Run(ctx, w) })}
}

func labSoftfork() *labExperiment {
	cmd := &cobra.Command{
		Use: "softfork", Short: "One network, two rule sets: whether a split lasts.",
		Example: "toychain lab softfork\ntoychain lab softfork --share 0.6 --blocks 500",
		Long: `A share of the hash power enforces a rule that a block of the others has just broken. It
never leaves its chain; the others take both chains for valid and follow the longer one. A
majority behind the rule ends every split, a minority is left alone with a chain that has a
block every interval/share. The default is the split of August 2026: .245 % of the hash
power, and the heights 961,632 to 961,639, one every 68 hours.`,
	}
	cfg := lab.SoftforkConfig{}
	f := cmd.Flags()
	f.Float64Var(&cfg.Share, "share", .00245, "`SHARE` of the hash power that enforces the rule")
	f.IntVar(&cfg.Blocks, "blocks", 3265, "that both sides mine together after the split")
	f.DurationVar(&cfg.Interval, "interval", 10*time.Minute, "mean time between all mined blocks")
	f.IntVar(&cfg.Races, "races", 5000, "how many splits")
	return &labExperiment{cmd: cmd, seed: &cfg.Seed, run: refusing(cfg.Check, func(ctx context.Context, w lab.Watch) (*lab.Softfork, error) { return cfg.Run(ctx, w) })}
}
