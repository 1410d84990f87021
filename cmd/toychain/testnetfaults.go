package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"toychain/cmd/internal/cli"
	"toychain/testnet"
	"toychain/testnet/topology"
)

func (a *app) testnetConnectCommand() *cobra.Command {
	return on(&cobra.Command{
		Use: "connect SHAPE", Short: "Connect the nodes as a line, a ring, a star, or as you say.",
		Example: "toychain testnet connect line\ntoychain testnet connect n1-n2 n2-n3 n3-n4\ntoychain testnet connect mesh",
		Long: `Connect the nodes in another shape: mesh, line, ring, star, or pairs like n1-n2. Nodes
without a connection talk only through others. In a star all nodes are connected to n1.
A mesh is what 'testnet up' makes: up to ten nodes are all connected to each other; in a
larger network each is connected to eight neighbours in a circle and to some that it
finds.`,
		Args: cli.Args(1, topology.MaxNodes*topology.MaxNodes, "mesh, line, ring, star, or pairs like n1-n2"),
	}, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, given []string) error {
		pairs, err := topology.Shape(t.Names(), given...)
		if err != nil {
			return cli.UsageError{Err: err}
		}
		if err := t.Connect(ctx, pairs); err != nil {
			return err
		}
		fmt.Fprintln(a.Stdout, "connected:", strings.Join(given, " "))
		return nil
	})
}

func (a *app) testnetLinkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "link [A B [FAULT...]]", Short: "Make a link slow, lossy or one-way; list such links.",
		Example: "toychain testnet link n1 n2 --delay 200ms --jitter 50ms\ntoychain testnet link n1 n2 loss 30% one-way\ntoychain testnet link n1 n2 --clear",
		Long: `Make the link between two nodes slow, lossy or one-way; what is not named is perfect.
The faults are the flags below, or the same words without dashes, as in a script. With
--cut nothing arrives, and unlike in a partition neither node is notified. With --one-way
B hears A, and A hears nothing of B; all other faults hold in both directions. A and B may
be several nodes, like n1 n3,n4 or n1 all: then all links between them. The faults hold
for nodes that are started again too, until --clear or the next 'testnet up'.`,
		Args: cli.Args(0, 12, "two nodes, like n1 n2"),
	}
	f := cmd.Flags() // the names are the words of topology.ParseLink
	f.Duration("delay", 0, "each message is under way for this `TIME`")
	f.Duration("jitter", 0, "and at random up to this `TIME` longer")
	f.String("loss", "0%", "`PART` of the new blocks and transactions that are lost; they are requested later, blocks at once, transactions within 10s for each peer")
	f.Int64("bandwidth", 0, "at most so many `BYTES` a second; 0: no limit")
	f.Bool("one-way", false, "only what A says arrives")
	f.Bool("cut", false, "nothing arrives in either direction, and neither node is notified")
	f.Bool("clear", false, "the link is perfect again")
	return show(a, cmd, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, given []string) ([]topology.Link, error) {
		faults := faultsOf(f, given[min(2, len(given)):])
		if len(given) < 2 && len(given)+len(faults) > 0 {
			return nil, cli.Usagef("%s: want two nodes, like n1 n2", cmd.CommandPath())
		}
		if len(given) >= 2 {
			pairs, err := topology.Between(t.Names(), given[0], given[1])
			if err != nil {
				return nil, err
			}
			for _, p := range pairs {
				l, err := topology.ParseLink(t.Names(), p[0], p[1], faults)
				if err != nil {
					return nil, cli.Usagef("%s: %w", cmd.CommandPath(), err)
				}
				if err := t.Link(ctx, l); err != nil {
					return nil, err
				}
			}
		}
		return append([]topology.Link{}, t.Links()...), nil
	}, printLinks)
}

// faultsOf returns the words for a link's faults: those given, and those of the flags.
func faultsOf(f *pflag.FlagSet, words []string) []string {
	f.Visit(func(flag *pflag.Flag) {
		switch flag.Name {
		case "delay", "jitter", "loss", "bandwidth":
			words = append(words, flag.Name, flag.Value.String())
		case "one-way", "cut":
			words = append(words, flag.Name)
		case "clear":
			words = append(words, "perfect")
		}
	})
	return words
}

// printLinks lists the links with faults.
func printLinks(rows io.Writer, links []topology.Link) {
	if len(links) == 0 {
		fmt.Fprintln(rows, "all links are perfect")
	}
	for _, l := range links {
		arrow := "↔"
		switch {
		case l.Cut:
			arrow = "✗"
		case l.Faults.OneWay:
			arrow = "→"
		}
		fmt.Fprintf(rows, "%s %s %s\t%s\n", l.A, arrow, l.B, l)
	}
}

func (a *app) testnetClockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "clock [NODE...]", Short: "Set a node's clock wrong, or right again; list such clocks.",
		Example: "toychain testnet clock n2 --fast 3h\ntoychain testnet clock n2,n3 --slow 1h\ntoychain testnet clock n2 --right",
		Long: `Set a node's clock wrong, or right again. What a node mines carries its time, and it
refuses blocks that are too far ahead of it: two minutes on toy, two hours on regtest
(toychain network show). The clock stays wrong when
the node is started again, until --right or the next 'testnet up'.`,
		Args: cli.Args(0, topology.MaxNodes, "nodes, like n2"),
	}
	f := cmd.Flags()
	fast := f.Duration("fast", 0, "set it fast by this `TIME`, like 3h")
	slow := f.Duration("slow", 0, "set it slow by this `TIME`, like 30m")
	right := f.Bool("right", false, "set it right again")
	return show(a, cmd, a.namedTestnet, func(ctx context.Context, t *testnet.Testnet, given []string) ([]wrongClock, error) {
		offset := *fast - *slow
		switch {
		case *fast < 0 || *slow < 0:
			return nil, cli.Usagef("--fast and --slow: want 0 or more")
		case checkClock("--fast and --slow", offset) != nil:
			return nil, checkClock("--fast and --slow", offset)
		case len(given) == 0 && (offset != 0 || *right):
			return nil, cli.Usagef("%s: want a node, like n2", cmd.CommandPath())
		case len(given) > 0 && (offset != 0) == *right:
			return nil, cli.Usagef("%s: want one of --fast, --slow and --right", cmd.CommandPath())
		}
		names, err := topology.Select(t.Names(), given...)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if err := t.Clock(ctx, name, offset); err != nil {
				return nil, err
			}
		}
		rows := []wrongClock{}
		for name, by := range t.Clocks() {
			rows = append(rows, wrongClock{name, int64(by.Seconds())})
		}
		slices.SortFunc(rows, func(a, b wrongClock) int { return strings.Compare(a.Node, b.Node) })
		return rows, nil
	}, printClocks)
}

// wrongClock is a row of "testnet clock --json".
type wrongClock struct {
	Node    string `json:"node"`
	Seconds int64  `json:"seconds"` // by which it is fast; below 0: slow
}

// printClocks lists the clocks that are wrong.
func printClocks(w io.Writer, rows []wrongClock) {
	if len(rows) == 0 {
		fmt.Fprintln(w, "all clocks are right")
	}
	for _, r := range rows {
		by, word := time.Duration(r.Seconds)*time.Second, "fast"
		if by < 0 {
			word = "slow"
		}
		fmt.Fprintf(w, "%s is %s by %s\n", r.Node, word, by.Abs())
	}
}
