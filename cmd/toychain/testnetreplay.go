package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/testnet/draw"
	"toychain/testnet/replay"
)

// replaying is how the flags want a run played.
type replaying struct {
	speed, at string
	step      bool
	json      bool
	draw      *drawing
}

func (a *app) testnetReplayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "replay", Short: "Play the past again, as the nodes' journals have it.",
		Example: "toychain testnet replay\ntoychain testnet replay --speed 10x\ntoychain testnet replay --step\n" +
			"toychain testnet replay --at 12.5s\ntoychain testnet replay --json",
		Long: `Play the past again, as the nodes' journals have it: when each node had each block,
where it stood after that, every reorganisation, and the cuts, deaths and healings in
between, in the order and at the times in which they happened. On a terminal the tree
grows; otherwise there is a line for each event. The nodes may run or not: the folders
of those that do not are read, and not changed. A cut that took a while to make is
told of when it began. Times that a node wrote down by a clock that you had set wrong
are set right. What was on a disk that was wiped is in no journal any more.`,
		Args: cli.NoArgs,
	}
	r := replaying{}
	cmd.Flags().StringVar(&r.speed, "speed", "1x", "how much faster than it happened, like `10x`")
	cmd.Flags().BoolVar(&r.step, "step", false, "wait for Enter before each event")
	cmd.Flags().StringVar(&r.at, "at", "", "show only the tree at this `TIME` since the start (12.5s, 3m), or after this many events (17)")
	cmd.Flags().BoolVar(&r.json, "json", false, "print JSON, one event a line; with --at the tree")
	r.draw = drawFlags(cmd)
	cmd.Flags().Lookup("from").Hidden = true
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		speed, err := strconv.ParseFloat(strings.TrimSuffix(r.speed, "x"), 64)
		if err != nil || speed <= 0 || speed > 1e9 {
			return cli.Usagef("--speed %q: want how many times faster, like 10x or 0.5x", r.speed)
		}
		run, err := a.loadRun(cmd.Context())
		if err != nil {
			return err
		}
		for _, name := range run.Silent {
			fmt.Fprintf(a.Stderr, "%s does not tell, and is left out\n", name)
		}
		for _, name := range run.Unsure {
			fmt.Fprintf(a.Stderr, "%s: its clock was put back, so some of its times can have been two: all are as it wrote them\n", name)
		}
		if r.at != "" {
			return a.showMoment(run, &r)
		}
		if r.json {
			return a.printEvents(run)
		}
		return a.player(cmd, &r, speed).Play(cmd.Context(), run)
	}
	return cmd
}

// loadRun reads the journals of the testnet in its folder.
func (a *app) loadRun(ctx context.Context) (*replay.Run, error) {
	t, err := a.namedTestnet()
	if err != nil {
		return nil, err
	}
	journals, err := t.Journals(ctx)
	if err != nil {
		return nil, err
	}
	actions, err := t.Actions()
	if err != nil {
		return nil, err
	}
	return replay.New(journals, actions), nil
}

func (a *app) style(d *drawing) draw.Style {
	return draw.Style{Colour: bool(a.Colours(a.Stdout)), ASCII: d.ascii, Legend: d.legend, Width: cli.Width(a.Stdout)}
}

// player returns what shows a run here: a picture on a terminal, or lines. Lines are
// not waited for, unless somebody says how fast they are to come.
func (a *app) player(cmd *cobra.Command, r *replaying, speed float64) *replay.Player {
	screen := cli.IsTerminal(a.Stdout)
	p := &replay.Player{Out: a.Stdout, Speed: speed, Screen: screen, Each: r.step, Height: cli.Lines(a.Stdout), Style: a.style(r.draw)}
	switch {
	case r.step:
		p.Pause = enters(a.Stdin)
	case screen || cmd.Flags().Changed("speed"):
		p.Pause = func(ctx context.Context, d time.Duration) error {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-timer.C:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return p
}

// enters returns what waits for the next Enter, or for the end of its context. It reads
// byte by byte and only while somebody waits: what is typed ahead stays for the shell.
func enters(keys io.Reader) func(context.Context, time.Duration) error {
	var pressed chan error // of the read that is under way; nil: none is
	return func(ctx context.Context, _ time.Duration) error {
		if pressed == nil {
			pressed = make(chan error, 1)
			go func() { pressed <- skipLine(keys) }()
		}
		select {
		case err := <-pressed:
			pressed = nil
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// skipLine reads up to the end of a line.
func skipLine(r io.Reader) error {
	for b := []byte{0}; b[0] != '\n'; {
		if _, err := io.ReadFull(r, b); errors.Is(err, io.EOF) {
			return errors.New("no more input: --step wants an Enter for each event")
		} else if err != nil {
			return err
		}
	}
	return nil
}

// printEvents prints a line of JSON for each event.
func (a *app) printEvents(run *replay.Run) error {
	enc := json.NewEncoder(a.Stdout)
	enc.SetEscapeHTML(false)
	for i := range run.Events {
		if err := enc.Encode(&run.Events[i]); err != nil {
			return err
		}
	}
	return nil
}

// showMoment shows the tree as it stood at one moment.
func (a *app) showMoment(run *replay.Run, r *replaying) error {
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
	return s.Draw(a.Stdout, a.style(r.draw))
}
