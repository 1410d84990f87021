package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/testnet"
	"toychain/testnet/topology"
)

func (a *app) testnetCommand() *cobra.Command {
	return cli.Noun("testnet", "Run many nodes on this machine: partition, kill and heal them.",
		"toychain testnet up 4\ntoychain testnet partition n1,n2 n3,n4\ntoychain testnet tree",
		a.testnetUpCommand(), a.testnetAddCommand(), a.testnetStatusCommand(), a.testnetTreeCommand(),
		a.testnetLogsCommand(), a.testnetReorgsCommand(), a.testnetStaleCommand(), a.testnetReplayCommand(), a.testnetReportCommand(),
		a.testnetPartitionCommand(), a.testnetHealCommand(),
		a.testnetNodeCommand("kill", "End nodes like a power failure.", "was killed", (*testnet.Testnet).Kill),
		a.testnetNodeCommand("pause", "Stop nodes in the middle of whatever they do.", "is paused", (*testnet.Testnet).Pause),
		a.testnetNodeCommand("resume", "Let paused nodes continue.", "runs", (*testnet.Testnet).Resume),
		a.testnetNodeCommand("wipe", "Remove all data of stopped nodes, as a new disk would.", "has no data any more", (*testnet.Testnet).Wipe),
		a.testnetNodeCommand("corrupt", "Change bytes all over the databases of stopped nodes.", "has a damaged database", (*testnet.Testnet).Corrupt),
		a.testnetNodeCommand("restart", "Start nodes again, on the same data.", "runs", (*testnet.Testnet).Restart),
		a.testnetConnectCommand(), a.testnetLinkCommand(), a.testnetClockCommand(), a.testnetHashrateCommand(),
		a.testnetRunCommand(), a.testnetSLOCommand(), a.testnetPrometheusCommand(), a.testnetExportCommand(), a.testnetDownCommand())
}

// defaultNodes are as many as "testnet up" starts, unless it is given a number.
const defaultNodes = 4

var aboutUp = `Start nodes, and connect them with each other. They keep running after this command,
until 'toychain testnet down'. The chains of an earlier testnet in the directory are
continued; its partition, bad links and wrong clocks are not. Without N, the nodes of the
earlier testnet start as they were, or else ` + strconv.Itoa(defaultNodes) + `.

With --hashrate or --mine the nodes mine by themselves, each at most at the given rate;
without, blocks come only from 'toychain mine', until 'toychain testnet hashrate'. The
rewards go to --mine ADDRESS, or else to an address for each node in the wallet of these
words, which everyone knows:
"` + testnet.MinersWords + `"
('toychain wallet restore' makes it yours).

--window 0 makes a network whose difficulty never changes. --fund makes wallets, or takes
those that are there, and mines until each has coins that it can spend; new ones have no
passphrase unless --passphrase-file or TOYCHAIN_PASSPHRASE gives one.

Up to ten nodes are all connected to each other. In a larger network each is connected
to its eight neighbours in a circle, learns of the others and connects to some of them.`

func (a *app) testnetUpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "up [N]", SuggestFor: []string{"start"}, Short: "Start nodes, and connect them with each other.",
		Example: "toychain testnet up 4\ntoychain testnet up\ntoychain testnet up 4 --fund alice,bob --window 0\n" +
			"toychain testnet up 50 --hashrate 2000\ntoychain testnet up 3 --network my.toml --dir /tmp/t\ntoychain testnet up --explorer",
		Long: aboutUp,
		Args: cli.Args(0, 1, "N, how many nodes"),
	}
	var o upFlags
	f := cmd.Flags()
	f.Float64Var(&o.hashrate, "hashrate", 0, "let each node mine, at most so many `HASHES` per second; 0: all it can")
	f.StringVar(&o.mineTo, "mine", "", "let each node mine, for this `ADDRESS` or wallet")
	f.IntVar(&o.window, "window", 0, "in place of the network's: `BLOCKS` between changes of the difficulty; 0: never")
	f.IntVar(&o.blockMax, "block-max-size", consensus.MaxBlockSize, "the largest block that a node makes, in `BYTES`; it accepts larger ones")
	f.StringSliceVar(&o.fund, "fund", nil, "wallets `NAME,...` that get coins to spend")
	cli.Settable(f, "hashrate")
	page := f.Bool("explorer", false, "then serve a page that shows them, until Ctrl-C; they keep running")
	pass := cli.PassphraseFlags(cmd)
	var t *testnet.Testnet
	show(a, cmd, nothing, func(ctx context.Context, _ none, given []string) (came, error) {
		cfg, err := a.upConfig(given, &o)
		if err != nil {
			return came{}, err
		}
		line := a.Progress()
		cfg.Progress = func(s string) { line.Show("%s", s) }
		t, err = testnet.Up(ctx, cfg)
		line.Clear()
		if err != nil {
			return came{}, err
		}
		wallets, err := a.fund(ctx, t, o.fund, pass)
		return came{t.File(), wallets}, err
	}, func(w io.Writer, f came) {
		fmt.Fprintf(w, "%s on the network %s, all connected, in %s\n", cli.Plural(len(f.Nodes), "node"), t.Params().Name, t.Dir())
		for _, n := range f.Nodes {
			fmt.Fprintf(w, "%s\trpc %s\tpid %d\n", n.Name, n.RPC, n.PID)
		}
		for _, f := range f.Wallets {
			fmt.Fprintf(w, "%s\thas %s to spend\t%s\n", f.Name, f.Coins.Short(), f.Path)
		}
	})
	start := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if err := start(cmd, given); err != nil || !*page {
			return err
		}
		return a.serve(cmd.Context(), a.shownTestnet(t), explorerListen, cmd.Flags().Changed("json"))
	}
	return cmd
}

func (a *app) testnetStatusCommand() *cobra.Command {
	var links []topology.Link
	return show(a, &cobra.Command{
		Use: "status", Short: "Show each node, and bad links and wrong clocks.", Example: "toychain testnet status",
	}, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, _ []string) ([]testnet.NodeStatus, error) {
		all, err := t.Status(ctx)
		for _, s := range t.Bridges(all) {
			fmt.Fprintln(a.Stderr, s)
		}
		if what := t.Incomplete(); what != "" {
			fmt.Fprintf(a.Stderr, "a change failed half way, repeat it: toychain testnet %s\n", what)
		}
		links = t.Links()
		return all, err
	}, func(rows io.Writer, all []testnet.NodeStatus) {
		fmt.Fprintln(rows, "node\tstate\tgroup\theight\ttip\tpending\tpeers")
		for _, s := range all {
			group := "-"
			if s.Group > 0 {
				group = cli.Count(s.Group)
			}
			fmt.Fprintf(rows, "%s\t%s\t%s\t", s.Name, stateOf(s), group)
			if !answers(s) {
				fmt.Fprintln(rows, "-\t-\t-\t-")
				continue
			}
			fmt.Fprintf(rows, "%d\t%s\t%d\t%s\n", s.Height, s.Tip.Short(), s.Pool, peersOf(s))
		}
		var clocks []wrongClock
		for _, s := range all {
			if s.Clock != 0 {
				clocks = append(clocks, wrongClock{s.Name, s.Clock})
			}
		}
		if len(links)+len(clocks) == 0 {
			return
		}
		fmt.Fprintln(rows)
		if len(links) > 0 {
			printLinks(rows, links)
		}
		if len(clocks) > 0 {
			printClocks(rows, clocks)
		}
	})
}

// peersOf lists a node's peers, or counts them if the list is too wide for a row.
func peersOf(s testnet.NodeStatus) string {
	const few, most = 4, 24
	list := topology.List(s.Peers)
	if len(s.Peers) > few && len(list) > most {
		return cli.Plural(len(s.Peers), "peer")
	}
	return list
}

// answers reports whether a node runs and answers calls.
func answers(s testnet.NodeStatus) bool { return s.Running && !s.Paused && s.Error == "" }

// stateOf returns what a node does, in a word or two.
func stateOf(s testnet.NodeStatus) string {
	switch {
	case s.Error != "" && !s.Paused:
		return "does not answer"
	case !s.Running:
		return "not running"
	case s.Paused:
		return "paused"
	case s.Mining:
		return "mines " + cli.Hashes(s.Hashrate)
	}
	return "runs"
}

func (a *app) testnetPartitionCommand() *cobra.Command {
	return on(&cobra.Command{
		Use: "partition GROUP GROUP...", Short: "Divide the network into groups that cannot talk to each other.",
		Example: "toychain testnet partition n1,n2 n3,n4\ntoychain testnet partition 'n1 n2 | n3 n4'",
		Args: func(cmd *cobra.Command, given []string) error {
			return cli.Args(2, math.MaxInt, "two groups or more, like n1,n2 n3,n4")(cmd, make([]string, len(topology.ParseGroups(given))))
		},
	}, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, given []string) error {
		groups := topology.ParseGroups(given)
		if err := t.Partition(ctx, groups); err != nil {
			return err
		}
		var cut []string
		for _, g := range groups {
			cut = append(cut, strings.Join(g, ","))
		}
		fmt.Fprintln(a.Stdout, "cut:", strings.Join(cut, " | "))
		return nil
	})
}

// settleTime is how long a command waits for the nodes to agree before it reports that
// they do not.
const settleTime = 10 * time.Second

func (a *app) testnetHealCommand() *cobra.Command {
	return on(&cobra.Command{
		Use: "heal", Short: "End a partition and bans, and wait until the nodes agree.", Example: "toychain testnet heal",
	}, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, _ []string) error {
		if err := t.Heal(ctx); err != nil {
			return err
		}
		settling, cancel := context.WithTimeout(ctx, settleTime)
		defer cancel()
		var unsettled *testnet.Unsettled
		switch err := t.Settle(settling); {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			return fmt.Errorf("healed, but in %s %w; look again with: toychain testnet status", settleTime, err)
		case errors.As(err, &unsettled): // that is how it is: of equal work
			fmt.Fprintln(a.Stdout, "healed:", unsettled.Disagreement)
			return nil
		case err != nil:
			return fmt.Errorf("healed, but %w", err)
		}
		return a.printAgreed(ctx, t)
	})
}

// printAgreed prints the tips that the nodes agree on.
func (a *app) printAgreed(ctx context.Context, t *testnet.Testnet) error {
	all, err := t.Status(ctx)
	if err != nil {
		return err
	}
	var tips []topology.Tip
	var others []string
	for _, s := range all {
		if answers(s) {
			tips = append(tips, topology.Tip{Node: s.Name, Block: s.Tip, Name: s.Tip.Short(), Height: int32(s.Height)})
		} else {
			others = append(others, s.Name+": "+stateOf(s))
		}
	}
	parts := topology.Places(tips)
	if len(parts) == 1 && others == nil {
		parts[0] = fmt.Sprintf("all nodes on %s at height %d", tips[0].Name, tips[0].Height)
	}
	if len(parts) == 0 {
		parts, others = []string{"no node is running"}, nil
	}
	fmt.Fprintln(a.Stdout, "healed:", strings.Join(append(parts, others...), "; "))
	return nil
}

// settleGroup waits a moment until the nodes that can receive a node's new block have it,
// so that the next command sees what the user expects to see.
func (a *app) settleGroup(ctx context.Context) {
	t, err := a.openTestnet()
	if err != nil || a.global.node == "" || a.typed["rpc"] {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime/2)
	defer cancel()
	_ = t.Settle(ctx) // if they do not, 'testnet status' shows it
}

// testnetNodeCommand returns a command that does the same to each of several nodes.
func (a *app) testnetNodeCommand(verb, short, after string, do func(*testnet.Testnet, context.Context, string) error) *cobra.Command {
	return on(&cobra.Command{
		Use: verb + " NODE...", Short: short, Example: fmt.Sprintf("toychain testnet %[1]s n2\ntoychain testnet %[1]s n1,n3\ntoychain testnet %[1]s all", verb),
		Args: cli.Args(1, topology.MaxNodes, "NODE, like n2, or all"),
	}, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, given []string) error {
		names, err := topology.Select(t.Names(), given...)
		if err != nil {
			return fmt.Errorf("%s: %w", verb, err)
		}
		var failed []error
		for _, name := range names { // after an error the others still follow, unless ctx ended
			err := do(t, ctx, name)
			if failed = append(failed, err); ctx.Err() != nil {
				break
			}
			if err == nil {
				fmt.Fprintln(a.Stdout, name, after)
			}
		}
		return errors.Join(failed...)
	})
}

func (a *app) testnetDownCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "down", SuggestFor: []string{"stop"}, Short: "Stop all nodes. Their chains stay, unless --rm.",
		Example: "toychain testnet down\ntoychain testnet down --rm",
	}
	remove := cmd.Flags().Bool("rm", false, "remove their directories too")
	return on(cmd, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, _ []string) error {
		if err := t.Down(ctx, *remove); err != nil {
			return err
		}
		left := "nothing is left in " + t.Dir()
		if _, err := os.Stat(t.Dir()); err == nil {
			left = "files that are not the nodes', such as wallets, stay in " + t.Dir()
		}
		if !*remove {
			left = "the chains stay in " + t.Dir() + " for the next 'testnet up'"
		}
		fmt.Fprintln(a.Stdout, "down;", left)
		return nil
	})
}
