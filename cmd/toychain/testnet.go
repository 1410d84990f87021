package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/testnet"
)

// testnetFile says, in a testnet's folder, how to reach its nodes.
const testnetFile = "testnet.json"

func (a *app) testnetCommand() *cobra.Command {
	return noun("testnet", "Many nodes on this machine: cut them apart, kill them, heal them.",
		"toychain testnet up 4\ntoychain testnet partition n1,n2 n3,n4\ntoychain testnet tree",
		a.testnetUpCommand(), a.testnetStatusCommand(), a.testnetTreeCommand(),
		a.testnetPartitionCommand(), a.testnetHealCommand(),
		a.testnetNodeCommand("kill", "End nodes as a power cut would.", "is gone", (*testnet.Testnet).Kill),
		a.testnetNodeCommand("pause", "Stop nodes in the middle of whatever they do.", "is paused", (*testnet.Testnet).Pause),
		a.testnetNodeCommand("resume", "Let paused nodes go on.", "goes on", (*testnet.Testnet).Resume),
		a.testnetNodeCommand("restart", "Start nodes again, on the same data.", "runs", (*testnet.Testnet).Restart),
		a.testnetDownCommand())
}

func (a *app) testnetUpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "up N", Short: "Start nodes, and connect them with each other.",
		Example: "toychain testnet up 4\ntoychain testnet up 3 --network my.toml --dir /tmp/t",
		Long: `Start nodes, and connect them with each other. They run on when this command is
done, until 'toychain testnet down'. What an earlier testnet left in the folder is
used: its chains go on.`,
		Args: args(1, 1, "N, how many nodes"),
	}
	asJSON := jsonFlag(cmd)
	hashrate := cmd.Flags().Float64("hashrate", 0, "cap of each node's background miner, in `HASHES` per second; 0: none")
	settable(cmd.Flags(), "hashrate")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		n, err := parseCount("N", given[0], 1, testnet.MaxNodes)
		if err != nil {
			return err
		}
		if *hashrate < 0 {
			return usagef("--hashrate %v: want 0 or more", *hashrate)
		}
		line := a.progress()
		defer line.clear()
		t, err := testnet.Up(cmd.Context(), testnet.Config{Dir: a.testnetFolder(), Nodes: n, Network: a.global.network,
			Hashrate: *hashrate, Detach: true, Progress: func(s string) { line.show("%s", s) }})
		line.clear()
		if err != nil {
			return err
		}
		if *asJSON {
			text, err := os.ReadFile(filepath.Join(t.Dir(), testnetFile))
			if err == nil {
				_, err = a.stdout.Write(text)
			}
			return err
		}
		fmt.Fprintf(a.stdout, "%s on the network %s, all connected, in %s\n", plural(n, "node"), t.Params().Name, t.Dir())
		rows := table(a.stdout)
		for _, n := range t.Nodes() {
			fmt.Fprintf(rows, "%s\trpc %s\tpid %d\n", n.Name, n.RPC, n.PID)
		}
		return rows.Flush()
	}
	return cmd
}

func (a *app) testnetStatusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Show what each node is at.", Example: "toychain testnet status", Args: noArgs,
	}
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		t, err := a.openTestnet()
		if err != nil {
			return err
		}
		all, err := t.Status(cmd.Context())
		if err != nil {
			return err
		}
		if *asJSON {
			return a.printJSON(all)
		}
		rows := table(a.stdout)
		fmt.Fprintln(rows, "node\tstate\tgroup\theight\ttip\tpending\tpeers")
		for _, s := range all {
			group := "-"
			if s.Group > 0 {
				group = count(s.Group)
			}
			fmt.Fprintf(rows, "%s\t%s\t%s\t", s.Name, stateOf(s), group)
			if !s.Running || s.Paused || s.Error != "" {
				fmt.Fprintln(rows, "-\t-\t-\t-")
				continue
			}
			fmt.Fprintf(rows, "%d\t%s\t%d\t%s\n", s.Height, s.Tip.Short(), s.Pool, strings.Join(s.Peers, " "))
		}
		return rows.Flush()
	}
	return cmd
}

// stateOf says in a word or two what a node does.
func stateOf(s testnet.NodeStatus) string {
	switch {
	case !s.Running:
		return "not running"
	case s.Paused:
		return "paused"
	case s.Error != "":
		return "does not answer"
	case s.Mining:
		return "mines " + hashes(s.Hashrate)
	}
	return "runs"
}

func (a *app) testnetTreeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tree", Short: "Draw one tree of all blocks, with the nodes on their tips.",
		Example: "toychain testnet tree\ntoychain testnet tree --legend", Args: noArgs,
	}
	asJSON := jsonFlag(cmd)
	draw := drawFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		t, err := a.openTestnet()
		if err != nil {
			return err
		}
		in, err := t.Tree(cmd.Context(), block.Height(draw.from))
		if err != nil {
			return err
		}
		if *asJSON {
			return a.printJSON(in)
		}
		return a.draw(in, draw)
	}
	return cmd
}

func (a *app) testnetPartitionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "partition GROUP GROUP...", Short: "Cut the network into groups that cannot talk to each other.",
		Example: "toychain testnet partition n1,n2 n3,n4",
		Args:    args(2, testnet.MaxNodes, "two groups or more, like n1,n2 n3,n4"),
		RunE: func(cmd *cobra.Command, given []string) error {
			t, err := a.openTestnet()
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
			fmt.Fprintln(a.stdout, "cut:", strings.Join(given, " | "))
			return nil
		},
	}
}

// settleTime is how long a command waits for the nodes to agree before it says that
// they do not.
const settleTime = 10 * time.Second

func (a *app) testnetHealCommand() *cobra.Command {
	return &cobra.Command{
		Use: "heal", Short: "Let everybody talk to everybody again.", Example: "toychain testnet heal", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := a.openTestnet()
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
			case err != nil:
				fmt.Fprintln(a.stdout, "healed; everybody is connected")
				fmt.Fprintln(a.stderr, err)
				return nil
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
	for _, s := range all {
		if s.Running && !s.Paused && s.Error == "" {
			fmt.Fprintf(a.stdout, "healed: everybody stands on %s at height %d\n", s.Tip.Short(), s.Height)
			return nil
		}
	}
	fmt.Fprintln(a.stdout, "healed; no node is running")
	return nil
}

// settleGroup waits a moment until those who hear of a node's new block stand on it,
// so that the next command sees what the user expects to see.
func (a *app) settleGroup(ctx context.Context) {
	if a.global.node == "" || a.onLine["rpc"] {
		return
	}
	t, err := a.openTestnet()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_ = t.Settle(ctx) // if they do not, 'testnet status' shows it
}

// testnetNodeCommand returns a command that does the same to each node it names.
func (a *app) testnetNodeCommand(verb, short, after string, do func(*testnet.Testnet, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: verb + " NODE...", Short: short, Example: "toychain testnet " + verb + " n2",
		Args: args(1, testnet.MaxNodes, "NODE, like n2"),
		RunE: func(cmd *cobra.Command, given []string) error {
			t, err := a.openTestnet()
			if err != nil {
				return err
			}
			for _, name := range given {
				if err := do(t, cmd.Context(), name); err != nil {
					return err
				}
				fmt.Fprintln(a.stdout, name, after)
			}
			return nil
		},
	}
}

func (a *app) testnetDownCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "down", Short: "End all nodes. Their chains stay, unless --rm.",
		Example: "toychain testnet down\ntoychain testnet down --rm", Args: noArgs,
	}
	remove := cmd.Flags().Bool("rm", false, "remove their folders too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		t, err := a.openTestnet()
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
			fmt.Fprintln(a.stdout, "down; nothing is left in", t.Dir())
			return nil
		}
		fmt.Fprintf(a.stdout, "down; the chains stay in %s for the next 'testnet up'\n", t.Dir())
		return nil
	}
	return cmd
}
