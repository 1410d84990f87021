package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/testnet"
	"toychain/testnet/topology"
)

// testnetFile says, in a testnet's folder, how to reach its nodes.
const testnetFile = "testnet.json"

func (a *app) testnetCommand() *cobra.Command {
	return cli.Noun("testnet", "Many nodes on this machine: cut them apart, kill them, heal them.",
		"toychain testnet up 4\ntoychain testnet partition n1,n2 n3,n4\ntoychain testnet tree",
		a.testnetUpCommand(), a.testnetStatusCommand(), a.testnetTreeCommand(),
		a.testnetReorgsCommand(), a.testnetStaleCommand(), a.testnetReplayCommand(),
		a.testnetPartitionCommand(), a.testnetHealCommand(),
		a.testnetNodeCommand("kill", "End nodes as a power cut would.", "is gone", (*testnet.Testnet).Kill),
		a.testnetNodeCommand("pause", "Stop nodes in the middle of whatever they do.", "is paused", (*testnet.Testnet).Pause),
		a.testnetNodeCommand("resume", "Let paused nodes go on.", "goes on", (*testnet.Testnet).Resume),
		a.testnetNodeCommand("wipe", "Remove all that dead nodes keep, as a new disk would.", "has lost everything", (*testnet.Testnet).Wipe),
		a.testnetNodeCommand("corrupt", "Change bytes all over the databases of dead nodes.", "has a bad disk", (*testnet.Testnet).Corrupt),
		a.testnetNodeCommand("restart", "Start nodes again, on the same data.", "runs", (*testnet.Testnet).Restart),
		a.testnetConnectCommand(), a.testnetLinkCommand(), a.testnetClockCommand(),
		a.testnetRunCommand(), a.testnetSLOCommand(), a.testnetPrometheusCommand(), a.testnetExportCommand(), a.testnetDownCommand())
}

func (a *app) testnetUpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "up N", Short: "Start nodes, and connect them with each other.",
		Example: "toychain testnet up 4\ntoychain testnet up 50 --hashrate 2000\ntoychain testnet up 3 --network my.toml --dir /tmp/t",
		Long: `Start nodes, and connect them with each other. They run on when this command is
done, until 'toychain testnet down'. What an earlier testnet left in the folder is
used: its chains go on. Its partition, its bad lines and its wrong clocks are no more.

With --hashrate or --mine the nodes mine by themselves, each at most as fast as you
say; without, blocks come only from 'toychain mine'. What they mine goes to
--mine ADDRESS. If you name none, each node has an address of its own in the wallet of
these words, which everybody knows: "` + testnet.MinersWords + `"
('toychain wallet restore' makes it yours).

Up to ten nodes are connected each with each. Of more, each is connected with its eight
neighbours in a circle; they learn of the others, and call some of those too.`,
		Args: cli.Args(1, 1, "N, how many nodes"),
	}
	asJSON := cli.JSONFlag(cmd)
	hashrate := cmd.Flags().Float64("hashrate", 0, "let each node mine, at most so many `HASHES` per second; 0: all it can")
	mine := cmd.Flags().String("mine", "", "let each node mine, for this `ADDRESS`")
	cli.Settable(cmd.Flags(), "hashrate")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		n, err := cli.ParseCount("N", given[0], 1, topology.MaxNodes)
		if err != nil {
			return err
		}
		if *hashrate < 0 {
			return cli.Usagef("--hashrate %v: want 0 or more", *hashrate)
		}
		// Only what was typed makes them mine: a cap for "node run" may stand in the settings.
		mines := a.typed["hashrate"] || a.typed["mine"]
		line := a.Progress()
		defer line.Clear()
		t, err := testnet.Up(cmd.Context(), testnet.Config{Dir: a.testnetFolder(), Nodes: n, Network: a.global.network,
			Hashrate: *hashrate, Mine: mines, MineTo: *mine, Detach: true, Progress: func(s string) { line.Show("%s", s) }})
		line.Clear()
		if err != nil {
			return err
		}
		if *asJSON {
			text, err := os.ReadFile(filepath.Join(t.Dir(), testnetFile))
			if err == nil {
				_, err = a.Stdout.Write(text)
			}
			return err
		}
		fmt.Fprintf(a.Stdout, "%s on the network %s, all connected, in %s\n", cli.Plural(n, "node"), t.Params().Name, t.Dir())
		rows := cli.Table(a.Stdout)
		for _, n := range t.Nodes() {
			fmt.Fprintf(rows, "%s\trpc %s\tpid %d\n", n.Name, n.RPC, n.PID)
		}
		return rows.Flush()
	}
	return cmd
}

func (a *app) testnetStatusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Show what each node is at.", Example: "toychain testnet status", Args: cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		t, err := a.namedTestnet()
		if err != nil {
			return err
		}
		all, err := t.Status(cmd.Context())
		if err != nil {
			return err
		}
		if *asJSON {
			return a.PrintJSON(all)
		}
		rows := cli.Table(a.Stdout)
		fmt.Fprintln(rows, "node\tstate\tgroup\theight\ttip\tpending\tpeers")
		for _, s := range all {
			group := "-"
			if s.Group > 0 {
				group = cli.Count(s.Group)
			}
			fmt.Fprintf(rows, "%s\t%s\t%s\t", s.Name, stateOf(s), group)
			if !s.Running || s.Paused || s.Error != "" {
				fmt.Fprintln(rows, "-\t-\t-\t-")
				continue
			}
			fmt.Fprintf(rows, "%d\t%s\t%d\t%s\n", s.Height, s.Tip.Short(), s.Pool, peersOf(s))
		}
		return rows.Flush()
	}
	return cmd
}

// peersOf lists a node's peers, or counts them if that is too wide for a row.
func peersOf(s testnet.NodeStatus) string {
	const few, most = 4, 24
	list := topology.List(s.Peers)
	if len(s.Peers) > few && len(list) > most {
		return cli.Plural(len(s.Peers), "peer")
	}
	return list
}

// stateOf says in a word or two what a node does.
func stateOf(s testnet.NodeStatus) string {
	switch {
	case !s.Running && s.Error != "", s.Running && !s.Paused && s.Error != "":
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

func (a *app) testnetTreeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tree", Short: "Draw one tree of all blocks, with the nodes on their tips.",
		Example: "toychain testnet tree\ntoychain testnet tree --legend", Args: cli.NoArgs,
		Long: `Draw one tree of all blocks, with the nodes on their tips. ` + aboutWidth,
	}
	asJSON := cli.JSONFlag(cmd)
	draw := drawFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		t, err := a.namedTestnet()
		if err != nil {
			return err
		}
		if err := draw.check(); err != nil {
			return err
		}
		in, err := t.Tree(cmd.Context(), block.Height(draw.from))
		if err != nil {
			return err
		}
		if *asJSON {
			return a.PrintJSON(in)
		}
		return a.draw(in, draw)
	}
	return cmd
}

func (a *app) testnetPartitionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "partition GROUP GROUP...", Short: "Cut the network into groups that cannot talk to each other.",
		Example: "toychain testnet partition n1,n2 n3,n4",
		Args:    cli.Args(2, topology.MaxNodes, "two groups or more, like n1,n2 n3,n4"),
		RunE: func(cmd *cobra.Command, given []string) error {
			t, err := a.namedTestnet()
			if err != nil {
				return err
			}
			var groups [][]string
			for _, g := range given {
				groups = append(groups, strings.Split(g, ","))
			}
			if err := t.Partition(cmd.Context(), groups); err != nil {
				return err
			}
			fmt.Fprintln(a.Stdout, "cut:", strings.Join(given, " | "))
			return nil
		},
	}
}

// settleTime is how long a command waits for the nodes to agree before it says that
// they do not.
const settleTime = 10 * time.Second

func (a *app) testnetHealCommand() *cobra.Command {
	return &cobra.Command{
		Use: "heal", Short: "Let everybody talk to everybody again.", Example: "toychain testnet heal", Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := a.namedTestnet()
			if err != nil {
				return err
			}
			if err := t.Heal(cmd.Context()); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), settleTime)
			defer cancel()
			switch err := t.Settle(ctx); {
			case cmd.Context().Err() != nil:
				return cmd.Context().Err()
			case errors.Is(err, context.DeadlineExceeded):
				return fmt.Errorf("healed, but in %s %w; look again with: toychain testnet status", settleTime, err)
			case err != nil:
				return fmt.Errorf("healed, but %w", err)
			}
			return a.printAgreed(cmd.Context(), t)
		},
	}
}

// printAgreed tells what the nodes agree on.
func (a *app) printAgreed(ctx context.Context, t *testnet.Testnet) error {
	all, err := t.Status(ctx)
	if err != nil {
		return err
	}
	var tips []testnet.NodeStatus // one for each
	on := map[block.Hash][]string{}
	var others []string
	for _, s := range all {
		if !s.Running || s.Paused || s.Error != "" {
			others = append(others, s.Name+" "+isState(s))
			continue
		}
		if on[s.Tip] == nil {
			tips = append(tips, s)
		}
		on[s.Tip] = append(on[s.Tip], s.Name)
	}
	if len(tips) == 0 {
		fmt.Fprintln(a.Stdout, "healed; no node is running")
		return nil
	}
	var stand []string
	for _, s := range tips {
		who, verb := topology.List(on[s.Tip]), "stand"
		switch len(on[s.Tip]) {
		case len(all):
			who, verb = "everybody", "stands"
		case 1:
			verb = "stands"
		}
		stand = append(stand, fmt.Sprintf("%s %s on %s at height %d", who, verb, s.Tip.Short(), s.Height))
	}
	text := "healed: " + strings.Join(stand, ", ")
	if len(others) > 0 {
		text += "; " + strings.Join(others, ", ")
	}
	fmt.Fprintln(a.Stdout, text)
	return nil
}

// isState is what a node is that cannot be asked.
func isState(s testnet.NodeStatus) string {
	if state := stateOf(s); state != "does not answer" {
		return "is " + state
	}
	return "does not answer"
}

// settleGroup waits a moment until those who hear of a node's new block stand on it,
// so that the next command sees what the user expects to see.
func (a *app) settleGroup(ctx context.Context) {
	if a.global.node == "" || a.typed["rpc"] {
		return
	}
	t, err := a.openTestnet()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime/2)
	defer cancel()
	_ = t.Settle(ctx) // if they do not, 'testnet status' shows it
}

// testnetNodeCommand returns a command that does the same to each node it names.
func (a *app) testnetNodeCommand(verb, short, after string, do func(*testnet.Testnet, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: verb + " NODE...", Short: short, Example: "toychain testnet " + verb + " n2",
		Args: cli.Args(1, topology.MaxNodes, "NODE, like n2"),
		RunE: func(cmd *cobra.Command, given []string) error {
			t, err := a.namedTestnet()
			if err != nil {
				return err
			}
			for _, name := range given {
				if !slices.Contains(t.Names(), name) {
					return fmt.Errorf("%s: no node %q; there are %s", verb, name, strings.Join(t.Names(), ", "))
				}
			}
			return a.doEach(cmd.Context(), given, after, func(ctx context.Context, name string) error { return do(t, ctx, name) })
		},
	}
}

// doEach does the same to each of these nodes. One where it does not work does not keep
// it from the others; the error has a line for each of those.
func (a *app) doEach(ctx context.Context, names []string, after string, do func(context.Context, string) error) error {
	var failed []error
	for _, name := range names {
		err := do(ctx, name)
		if ctx.Err() != nil {
			return errors.Join(append(failed, err)...)
		}
		if err != nil {
			failed = append(failed, err)
			continue
		}
		fmt.Fprintln(a.Stdout, name, after)
	}
	return errors.Join(failed...)
}

func (a *app) testnetDownCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "down", Short: "End all nodes. Their chains stay, unless --rm.",
		Example: "toychain testnet down\ntoychain testnet down --rm", Args: cli.NoArgs,
	}
	remove := cmd.Flags().Bool("rm", false, "remove their folders too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		t, err := a.namedTestnet()
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("no testnet is up in %s", filepath.Clean(a.testnetFolder()))
		}
		if err != nil {
			return err
		}
		if err := t.Down(cmd.Context(), *remove); err != nil {
			return err
		}
		if *remove {
			left := "nothing is left in"
			if _, err := os.Stat(t.Dir()); err == nil {
				left = "what is not the nodes', wallets too, stays in"
			}
			fmt.Fprintf(a.Stdout, "down; %s %s\n", left, t.Dir())
			return nil
		}
		fmt.Fprintf(a.Stdout, "down; the chains stay in %s for the next 'testnet up'\n", t.Dir())
		return nil
	}
	return cmd
}
