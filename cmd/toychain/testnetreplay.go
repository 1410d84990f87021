package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/explorer"
	"toychain/testnet/replay"
	"toychain/testnet/report"
)

// replaying is the flags of "testnet replay".
type replaying struct {
	speed, at string
	trace     string
	step      bool
	json      bool
	draw      *drawing
}

func (a *app) testnetReplayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "replay [REPORT]", Short: "Replay the past from the nodes' journals.",
		Example: "toychain testnet replay\ntoychain testnet replay --speed 10x\ntoychain testnet replay --step\n" +
			"toychain testnet replay --at 12.5s\ntoychain testnet replay --json > trace.jsonl\ntoychain testnet replay --trace trace.jsonl",
		Long: `Replay the past from the nodes' journals: when each node had each block, its tip after
that, every reorganisation, and the commands in between (partition, kill, heal, …), in
the order and at the times in which they happened. On a terminal the tree grows;
otherwise each event is a line. Of nodes that do not run the data directories are read,
and not changed. A command that took a while is shown when it began. Times that a node
recorded while its clock was set wrong are corrected. The data of a node that was wiped
is in no journal any more, and a line that a power failure tore is skipped. What was
said on the chain ('toychain chat') is asked of the nodes that run.

With REPORT, a file that 'testnet report' wrote, the past is in the file. --trace plays a
recording: what --json wrote, or 'toychain sim --trace', or 'toychain sim swarm --replay'.`,
		Args: cli.Args(0, 1, "REPORT, a file of 'testnet report'"),
	}
	r := replaying{}
	cmd.Flags().StringVar(&r.speed, "speed", "1x", "how many times faster than it happened, like `10x`")
	cmd.Flags().BoolVar(&r.step, "step", false, "wait for Enter before each event")
	cmd.Flags().StringVar(&r.at, "at", "", "show only the tree at this `TIME` since the start (12.5s, 3m), or after this many events (17)")
	cmd.Flags().StringVar(&r.trace, "trace", "", "play the recording in this `FILE`; -: standard input")
	cmd.Flags().BoolVar(&r.json, "json", false, "print JSON, one event a line; with --at the tree")
	r.draw = drawFlags(cmd)
	cmd.Flags().Lookup("from").Hidden = true
	return on(cmd, nothing, func(ctx context.Context, _ none, given []string) error {
		speed, err := strconv.ParseFloat(strings.TrimSuffix(r.speed, "x"), 64)
		if err != nil || speed <= 0 || speed > 1e9 {
			return cli.Usagef("--speed %q: want how many times faster, like 10x or 0.5x", r.speed)
		}
		past := func() (*replay.Run, error) { return a.past(ctx, given) }
		if r.trace != "" {
			past = func() (*replay.Run, error) { return a.readRun(ctx, r.trace) }
		}
		run, err := past()
		if err != nil {
			return err
		}
		for _, name := range run.Unsure {
			fmt.Fprintf(a.Stderr, "%s: its clock was set back, so some of its times are ambiguous: none is corrected\n", name)
		}
		if r.at != "" {
			return a.showMoment(ctx, run, &r)
		}
		if !r.json {
			return a.player(&r, speed).Play(ctx, run)
		}
		return printRun(a.Stdout, run)
	})
}

// printRun writes a run as a recording, one event a line.
func printRun(to io.Writer, run *replay.Run) error {
	out := bufio.NewWriter(to)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for i := range run.Events {
		if err := lines.Encode(&run.Events[i]); err != nil {
			return err
		}
	}
	return out.Flush()
}

// readRun reads a recording.
func (a *app) readRun(ctx context.Context, name string) (run *replay.Run, err error) {
	in := a.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	err = cli.During(ctx, func() {}, func() error {
		if run, err = replay.ReadTrace(in); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	return run, err
}

// past returns what happened: on the testnet that the flags name, or in a report.
func (a *app) past(ctx context.Context, given []string) (*replay.Run, error) {
	if len(given) > 0 {
		r, err := report.Read(given[0])
		if err != nil {
			return nil, err
		}
		return replay.New(r.Journals, r.Actions), nil
	}
	t, err := a.namedTestnet()
	if err != nil {
		return nil, err
	}
	journals, err := a.journals(ctx, t)
	if err != nil {
		return nil, err
	}
	actions, err := t.Actions()
	if err != nil {
		return nil, err
	}
	run := replay.New(journals, actions)
	said, err := explorer.PastChat(ctx, &testnetNodes{t: t})
	if err != nil {
		fmt.Fprintln(a.Stderr, err)
	}
	run.Add(said)
	return run, ctx.Err()
}

// player returns what shows a run here: a picture on a terminal, or lines. Lines come at
// once, unless the flags choose a speed.
func (a *app) player(r *replaying, speed float64) *replay.Player {
	screen := cli.IsTerminal(a.Stdout)
	p := &replay.Player{Out: a.Stdout, Speed: speed, Each: r.step, Height: cli.Lines(a.Stdout), Style: a.style(r.draw)}
	if screen {
		p.Clear = a.Stdout.Clear
	}
	switch {
	case r.step:
		p.Pause = enters(a.Stdin)
	case screen || a.command.Flags().Changed("speed"):
		p.Pause = rest
	}
	return p
}

// rest returns after a time, or with the error of ctx if that ends first.
func rest(ctx context.Context, d time.Duration) error {
	wait, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-wait.Done()
	return ctx.Err()
}

// enters returns a function that waits for the next Enter, or for the end of its context. It
// reads byte by byte and only when called: what is typed ahead stays for the shell.
func enters(keys io.Reader) func(context.Context, time.Duration) error {
	return func(ctx context.Context, _ time.Duration) error {
		return cli.During(ctx, func() {}, func() error { return skipLine(keys) })
	}
}

// skipLine reads up to the end of a line.
func skipLine(r io.Reader) error {
	for b := []byte{0}; b[0] != '\n'; {
		if _, err := io.ReadFull(r, b); errors.Is(err, io.EOF) {
			return errors.New("no more input: --step wants an Enter for each one")
		} else if err != nil {
			return err
		}
	}
	return nil
}

// showMoment shows the tree as it stood at one moment.
func (a *app) showMoment(ctx context.Context, run *replay.Run, r *replaying) error {
	n, err := strconv.Atoi(r.at)
	if err != nil {
		d, err := time.ParseDuration(strings.TrimPrefix(r.at, "+"))
		if err != nil || d < 0 {
			return cli.Usagef("--at %q: want a time like 12.5s or 3m, or a number of events", r.at)
		}
		n = run.Until(d)
	}
	if n < 0 || n > len(run.Events) {
		return cli.Usagef("--at %d: there are %s", n, cli.Plural(len(run.Events), "event"))
	}
	s := run.Begin()
	s.To(n)
	if r.json {
		return a.PrintJSON(s.Tree())
	}
	return s.Draw(ctx, a.Stdout, a.style(r.draw))
}
