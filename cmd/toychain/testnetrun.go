package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/testnet"
	"toychain/testnet/scenario"
	"toychain/testnet/scenario/real"
	"toychain/testnet/scenario/virtual"
)

// played is the result of one script, as "testnet run --json" prints it.
type played struct {
	File    string  `json:"file"`
	OK      bool    `json:"ok"`
	Nodes   int     `json:"nodes"`
	Steps   int     `json:"steps"` // that ended without an error
	Seconds float64 `json:"seconds"`
	World   string  `json:"world"`              // real or sim
	Seed    uint64  `json:"seed,omitempty"`     // of a simulated world
	LogHash string  `json:"log_hash,omitempty"` // of all that happened there
	Line    int     `json:"line,omitempty"`     // of the step that failed
	Error   string  `json:"error,omitempty"`    // what was expected, and what was found
	Stands  string  `json:"stands,omitempty"`   // the nodes' tips then
	Dir     string  `json:"dir,omitempty"`      // with the nodes' logs, if it was kept

	up bool // the network was left up
}

// runFlags are the flags of "testnet run".
type runFlags struct {
	update, keep, quiet, json, verbs bool

	world string
	seed  uint64
}

// The worlds in which a script can be played.
const (
	worldReal = "real"
	worldSim  = "sim"
)

// check rejects flags that would be ignored.
func (o *runFlags) check(seeded bool) error {
	switch {
	case o.world != worldReal && o.world != worldSim:
		return cli.Usagef("--world %q: want real or sim", o.world)
	case o.world == worldReal && seeded:
		return cli.Usagef("--seed: real processes follow from no seed: leave it out, or play with --world sim")
	case o.world == worldSim && o.keep:
		return cli.Usagef("--keep: a simulated network ends with this program: leave it out, or play with --world real")
	case o.world == worldSim && o.seed == 0:
		return cli.Usagef("--seed 0: want 1 or more")
	}
	return nil
}

func (a *app) testnetRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run FILE...", Short: "Play scripts that cut, kill and heal a network, and check it.",
		Example: "toychain testnet run testnet/scenarios/partition.txt\ntoychain testnet run my.txt --update\ntoychain testnet run my.txt --world sim --seed 7",
		Long: `Play scripts on real nodes, each in a temporary directory: your testnet is not touched. With
--world sim the nodes are simulated, in virtual time: a script takes milliseconds, goes
the same way each time for the same seed, and shows what real nodes show. A step about
files, sockets or memory needs real nodes, and says so. A script has a step on each line,
and under ---- what the step is to show:

    nodes 4
    mine n1 1
    settle
    tips
    ----
    n1 n2 n3 n4   b1    height 1

--verbs lists the steps. Each step is printed as it is played. A script that fails ends
with its line, what was expected and what was found, and the directory with the nodes'
logs is kept; with --keep its network is left up too.`,
		Args: cobra.ArbitraryArgs, // --verbs needs no file
	}
	var o runFlags
	f := cmd.Flags()
	f.BoolVar(&o.update, "update", false, "write what the steps show into the scripts, instead of comparing it")
	f.BoolVar(&o.keep, "keep", false, "leave the network up, to continue by hand")
	f.BoolVar(&o.quiet, "quiet", false, "print only a line for each script")
	f.BoolVar(&o.json, "json", false, "print a line of JSON for each script, for programs")
	f.BoolVar(&o.verbs, "verbs", false, "list the steps that a script can have")
	f.StringVar(&o.world, "world", worldReal, "`WORLD` of the nodes: real processes, or sim, in virtual time")
	f.Uint64Var(&o.seed, "seed", 1, "`NUMBER` from which everything random in a simulated world is drawn")
	cmd.SetHelpFunc(func(cmd *cobra.Command, given []string) {
		if slices.Contains(given, "verbs") {
			_ = scenario.WriteVerbs(a.Stdout)
			return
		}
		a.Help(cmd, given)
	})
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if o.verbs {
			return scenario.WriteVerbs(a.Stdout)
		}
		if len(files) == 0 {
			return cli.Usagef("%s: want FILE, a script", cmd.CommandPath())
		}
		if err := o.check(cmd.Flags().Changed("seed")); err != nil {
			return err
		}
		return a.playAll(cmd.Context(), files, o)
	}
	return cmd
}

// playAll plays scripts one after the other. A script that cannot be parsed is an error
// before anything is started.
func (a *app) playAll(ctx context.Context, files []string, o runFlags) error {
	// A reader that ends ("| head") must not end this program before it has cleaned up.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	var scripts []*scenario.Script
	for _, name := range files {
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no script %s: those of toychain are in testnet/scenarios, and 'toychain testnet run --verbs' lists the steps for one of your own (%w)", name, fs.ErrNotExist)
		}
		if err != nil {
			return fmt.Errorf("script: %w", err)
		}
		s, err := scenario.Parse(name, string(text))
		if err != nil {
			return err
		}
		scripts = append(scripts, s)
	}
	failed := 0
	for i, s := range scripts {
		if i > 0 && !o.quiet && !o.json {
			fmt.Fprintln(a.Stdout)
		}
		r, err := a.play(ctx, s, o)
		if ctx.Err() != nil || err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if err := a.printPlayed(r, o); err != nil {
			return err
		}
		if !r.OK {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s failed", failed, cli.Plural(len(scripts), "script"))
	}
	return nil
}

// play plays one script. That the script failed is in the result; the error is that the
// result is not known.
func (a *app) play(ctx context.Context, s *scenario.Script, o runFlags) (r played, err error) {
	if o.world == worldSim {
		r, err = a.playVirtual(ctx, s, o)
	} else {
		r, err = a.playReal(ctx, s, o)
	}
	r.World = o.world
	return r, err
}

// playVirtual plays a script in virtual time.
func (a *app) playVirtual(ctx context.Context, s *scenario.Script, o runFlags) (r played, err error) {
	world := virtual.New(o.seed)
	r, shown, at, went := a.playIn(ctx, s, world, "", o)
	r.Seed = o.seed
	r.LogHash = world.LogHash()
	if ctx.Err() != nil {
		fmt.Fprintf(a.Stderr, "%s:%d: interrupted in: %s\n", s.Name, at.Line, at.Text)
		return r, went
	}
	if went == nil && o.update {
		err = os.WriteFile(s.Name, []byte(s.With(shown)), 0o644)
	}
	if r.Line == 0 {
		err = errors.Join(went, err)
	}
	return r, err
}

// playIn plays a script in a world, with the wallets of its people in a directory, or in memory. at
// is the last step that began, and went Play's error, which is in the result if a step failed.
func (a *app) playIn(ctx context.Context, s *scenario.Script, w scenario.World, dir string, o runFlags) (r played, shown [][]string, at scenario.Step, went error) {
	line := a.Progress()
	defer line.Clear()
	begun := time.Now()
	shown, went = scenario.Play(ctx, s, w, scenario.Options{Dir: dir, Update: o.update,
		Before: func(step scenario.Step) { at = step; line.Show("%s:%d: %s", s.Name, step.Line, step.Text) },
		After: func(step scenario.Step, shown []string) error {
			line.Clear()
			return a.printStep(step, shown, o)
		}})
	r = played{File: s.Name, OK: went == nil, Nodes: s.Nodes, Steps: len(shown), Seconds: time.Since(begun).Seconds()}
	var failure *scenario.Failure
	if errors.As(went, &failure) {
		r.Line, r.Error, r.Stands = failure.Step.Line, failure.Err.Error(), strings.TrimRight(failure.Stands, "\n")
	}
	return r, shown, at, went
}

// playReal plays a script on real processes.
func (a *app) playReal(ctx context.Context, s *scenario.Script, o runFlags) (r played, err error) {
	dir, err := os.MkdirTemp("", "toychain-run-")
	if err != nil {
		return r, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return r, err
	}
	world := real.New(testnet.Config{Dir: dir, Detach: o.keep})
	r, shown, at, went := a.playIn(ctx, s, world, filepath.Join(dir, "wallets"), o)
	failed, interrupted := r.Line > 0, ctx.Err() != nil
	if keep := failed || (went == nil || interrupted) && o.keep; keep {
		r.Dir = dir
	}
	if r.up = r.Dir != "" && o.keep && r.Steps > 0; !r.up {
		err = world.Close(context.WithoutCancel(ctx), !failed)
	}
	switch {
	case failed:
	case interrupted:
		fmt.Fprintf(a.Stderr, "%s:%d: interrupted in: %s\n", s.Name, at.Line, at.Text)
		fmt.Fprint(a.Stdout, r.stillUp())
		return r, errors.Join(went, err)
	case went != nil:
		return r, errors.Join(went, err)
	case err == nil && o.update:
		err = os.WriteFile(s.Name, []byte(s.With(shown)), 0o644)
	}
	return r, err
}

// printStep prints a step that was played, and what it showed.
func (a *app) printStep(step scenario.Step, shown []string, o runFlags) error {
	if o.quiet || o.json {
		return nil
	}
	c := a.Colours(a.Stdout)
	for _, l := range step.Before {
		line, comment, ok := strings.Cut(l, "#")
		if ok {
			line += c.Faint("#" + comment)
		}
		fmt.Fprintln(a.Stdout, line)
	}
	if shown == nil {
		return nil
	}
	_, err := fmt.Fprintln(a.Stdout, "----\n"+strings.Join(shown, "\n"))
	return err
}

// printPlayed prints the result of a script.
func (a *app) printPlayed(r played, o runFlags) error {
	if o.json {
		return a.PrintJSONLine(r)
	}
	c := a.Colours(a.Stdout)
	result := fmt.Sprintf("%s  %s  %s, %s, %.1f s\n", c.Green("ok"), r.File, cli.Plural(r.Nodes, "node"), cli.Plural(r.Steps, "step"), r.Seconds)
	if r.World == worldSim {
		result = fmt.Sprintf("%s  %s  %s, %s, %.0f ms, simulated with seed %d\n", c.Green("ok"), r.File, cli.Plural(r.Nodes, "node"), cli.Plural(r.Steps, "step"),
			1000*r.Seconds, r.Seed)
	}
	if !r.OK {
		fmt.Fprintf(a.Stderr, "%s:%d: %s\n", r.File, r.Line, r.Error)
		if r.Stands != "" {
			fmt.Fprintf(a.Stderr, "the nodes' tips:\n    %s\n", strings.ReplaceAll(r.Stands, "\n", "\n    "))
		}
		if r.Dir != "" {
			fmt.Fprintf(a.Stderr, "the nodes' logs are in %s\n", r.Dir)
		} else {
			fmt.Fprintf(a.Stderr, "the same again: toychain testnet run %s --world %s --seed %d\n", r.File, r.World, r.Seed)
		}
		result = fmt.Sprintf("%s  %s\n", c.Red("wrong"), r.File)
	}
	_, err := fmt.Fprint(a.Stdout, result, r.stillUp())
	return err
}

// stillUp says where the network of a script is, if it was left up.
func (r played) stillUp() string {
	if !r.up {
		return ""
	}
	return fmt.Sprintf("the network is still up; try: toychain testnet tree --dir %s\n", r.Dir)
}
