package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/topology"
)

func (a *app) testnetConnectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "connect SHAPE", Short: "Connect the nodes in another shape: a line, a ring, a star, or as you say.",
		Example: "toychain testnet connect line\ntoychain testnet connect n1-n2 n2-n3 n3-n4\ntoychain testnet connect mesh",
		Long: `Connect the nodes in another shape: mesh, line, ring, star, or pairs like n1-n2. Whoever
is not connected by it cannot talk directly, only through others. In a star everybody
is connected to n1. A mesh is what 'testnet up' makes: up to ten nodes each with each,
of more each with eight neighbours in a circle, and with whom it finds besides.`,
		Args: args(1, topology.MaxNodes*topology.MaxNodes, "mesh, line, ring, star, or pairs like n1-n2"),
		RunE: func(cmd *cobra.Command, given []string) error {
			t, err := a.namedTestnet()
			if err != nil {
				return err
			}
			pairs, err := topology.Shape(t.Names(), given...)
			if err != nil {
				return usageError{err}
			}
			if err := t.Connect(cmd.Context(), pairs); err != nil {
				return err
			}
			fmt.Fprintln(a.stdout, "connected:", strings.Join(given, " "))
			return nil
		},
	}
}

// linkFlags are the flags of "testnet link".
type linkFlags struct {
	delay, jitter time.Duration
	loss          string
	bandwidth     int64
	oneWay, cut   bool
	clear         bool
}

func (a *app) testnetLinkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "link [A B]", Short: "Make the line between two nodes slow, lossy or deaf. Alone: list such lines.",
		Example: "toychain testnet link n1 n2 --delay 200ms --jitter 50ms\ntoychain testnet link n1 n2 --loss 30%\ntoychain testnet link n1 n2 --clear",
		Long: `Make the line between two nodes slow, lossy or deaf, in both directions; what is not
named is as good as new. With --cut nothing arrives, and unlike a partition nobody knows
that it does not. With --one-way B hears A, and A hears nothing of B. The line
stays so when the nodes are started again, until --clear or the next 'testnet up'.`,
		Args: args(0, 2, "two nodes, like n1 n2"),
	}
	asJSON := jsonFlag(cmd)
	var o linkFlags
	f := cmd.Flags()
	f.DurationVar(&o.delay, "delay", 0, "each message is under way for this `TIME`")
	f.DurationVar(&o.jitter, "jitter", 0, "and at random up to this `TIME` longer")
	f.StringVar(&o.loss, "loss", "0%", "`PART` of the blocks and payments that are not heard when they are new; they are asked for later, blocks at once, payments within 10s for each peer")
	f.Int64Var(&o.bandwidth, "bandwidth", 0, "at most so many `BYTES` a second; 0: no limit")
	f.BoolVar(&o.oneWay, "one-way", false, "only what A says arrives")
	f.BoolVar(&o.cut, "cut", false, "nothing arrives, in neither direction, and nobody is told")
	f.BoolVar(&o.clear, "clear", false, "the line is perfect again")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		t, err := a.namedTestnet()
		if err != nil {
			return err
		}
		if len(given) == 0 {
			return a.printLines(t, *asJSON)
		}
		l, err := o.link()
		if err != nil {
			return err
		}
		if len(given) != 2 {
			return usagef("%s: want two nodes, like n1 n2", cmd.CommandPath())
		}
		if o.cut && l != (rpc.Link{}) {
			return usagef("%s: with --cut nothing arrives, however bad the line is: choose --cut or the other flags", cmd.CommandPath())
		}
		if o.clear != (l == (rpc.Link{}) && !o.cut) {
			return usagef("%s: want --delay, --jitter, --loss, --bandwidth, --one-way or --cut, or else --clear", cmd.CommandPath())
		}
		if err := t.Link(cmd.Context(), testnet.Line{A: given[0], B: given[1], Link: l, Cut: o.cut}); err != nil {
			return err
		}
		return a.printLines(t, *asJSON)
	}
	return cmd
}

// link makes a link of the flags.
func (o linkFlags) link() (rpc.Link, error) {
	l := rpc.Link{DelayMS: o.delay.Milliseconds(), JitterMS: o.jitter.Milliseconds(), OneWay: o.oneWay, Bandwidth: o.bandwidth}
	number, percent := strings.CutSuffix(o.loss, "%")
	loss, err := strconv.ParseFloat(number, 64)
	if percent {
		loss /= 100
	}
	switch {
	case err != nil || !(loss >= 0 && loss <= 1):
		return l, usagef("--loss %s: want a part, like 30%%", o.loss)
	case o.delay < 0 || o.jitter < 0 || o.bandwidth < 0:
		return l, usagef("--delay, --jitter and --bandwidth: want 0 or more")
	}
	l.Loss = loss
	return l, nil
}

// printLines lists the lines that are bad.
func (a *app) printLines(t *testnet.Testnet, asJSON bool) error {
	lines := t.Lines()
	if asJSON {
		return a.printJSON(append([]testnet.Line{}, lines...))
	}
	if len(lines) == 0 {
		fmt.Fprintln(a.stdout, "all lines are perfect")
		return nil
	}
	rows := table(a.stdout)
	for _, l := range lines {
		arrow := "↔"
		switch {
		case l.Cut:
			arrow = "✗"
		case l.Link.OneWay:
			arrow = "→"
		}
		fmt.Fprintf(rows, "%s %s %s\t%s\n", l.A, arrow, l.B, l)
	}
	return rows.Flush()
}

func (a *app) testnetClockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "clock [NODE]", Short: "Set a node's clock wrong, or right again. Alone: list such clocks.",
		Example: "toychain testnet clock n2 --fast 3h\ntoychain testnet clock n2 --right",
		Long: `Set a node's clock wrong, or right again. What a node mines carries its time, and it
refuses blocks that are more than two hours ahead of it. The clock stays wrong when
the node is started again, until --right or the next 'testnet up'.`,
		Args: args(0, 1, "a node, like n2"),
	}
	asJSON := jsonFlag(cmd)
	f := cmd.Flags()
	fast := f.Duration("fast", 0, "by this `TIME`, like 3h")
	slow := f.Duration("slow", 0, "by this `TIME`, like 30m")
	right := f.Bool("right", false, "not any more")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		t, err := a.namedTestnet()
		if err != nil {
			return err
		}
		offset := *fast - *slow
		switch {
		case *fast < 0 || *slow < 0:
			return usagef("--fast and --slow: want 0 or more")
		case *fast > 0 && *slow > 0:
			return usagef("--fast and --slow: a clock is one of them: choose one")
		case len(given) == 0 && (offset != 0 || *right):
			return usagef("%s: want a node, like n2", cmd.CommandPath())
		case len(given) == 1 && (offset != 0) == *right:
			return usagef("%s: want one of --fast, --slow and --right", cmd.CommandPath())
		case len(given) == 1:
			if err := t.Clock(cmd.Context(), given[0], offset); err != nil {
				return err
			}
		}
		return a.printClocks(t, *asJSON)
	}
	return cmd
}

// wrongClock is a clock that is wrong, as "testnet clock --json" lists it.
type wrongClock struct {
	Node    string `json:"node"`
	Seconds int64  `json:"seconds"` // by which it is fast; less than 0: slow
}

// printClocks lists the clocks that are wrong.
func (a *app) printClocks(t *testnet.Testnet, asJSON bool) error {
	wrong := t.Clocks()
	if asJSON {
		out := []wrongClock{}
		for _, name := range slices.Sorted(maps.Keys(wrong)) {
			out = append(out, wrongClock{name, int64(wrong[name].Seconds())})
		}
		return a.printJSON(out)
	}
	if len(wrong) == 0 {
		fmt.Fprintln(a.stdout, "all clocks are right")
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		word := "fast"
		if wrong[name] < 0 {
			word = "slow"
		}
		fmt.Fprintf(a.stdout, "%s is %s by %s\n", name, word, wrong[name].Abs())
	}
	return nil
}
