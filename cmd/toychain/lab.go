package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/lab"
	"toychain/lab/plot"
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
	var commands []*cobra.Command
	for _, e := range a.experiments() {
		commands = append(commands, e.cmd)
	}
	commands = append(commands, a.labListCommand(), a.labCheckCommand(), a.labGradeCommand())
	cmd := cli.Noun("lab", "Hold experiments against published theory.",
		`toychain lab stale --nodes 10 --interval 30s
toychain lab double-spend --attacker 0.1 --confirmations 6
toychain lab stale --sweep --plot stale.svg
toychain lab list                                       what there is`, commands...)
	cmd.Long = `Hold experiments against published theory. Each prints a measured value, the interval that
holds the true one in 999 of 1,000 runs, and the value of the theory, and says whether they
agree: exit code 0, 5 if they disagree, 6 if the run is too short to say. The same seed gives
the same result. The last run is kept in labs/latest, below the current directory: events,
result, figure and message diagram. docs/lab.md has the theory, and docs/labs a page for each
experiment.`
	return cmd
}

// labExperiment is a command of the lab.
type labExperiment struct {
	cmd  *cobra.Command
	seed *uint64
	run  func(ctx context.Context, w lab.Watch) (lab.Result, error) // of what the flags say

	student, plot string
	keep          bool
}

// experiments returns all of them, each with its own flags, in the order to do them in.
func (a *app) experiments() []*labExperiment {
	all := []*labExperiment{
		labStale(), labConfirmations(), labDoubleSpend(), labPartition(), labDifficulty(), labSelfish(), labThreshold(), labEclipse(),
		labFeather(), labSoftfork(), labVotes(),
	}
	for _, e := range all {
		a.prepareExperiment(e)
	}
	return all
}

// refusing returns a run that refuses a configuration as the user's mistake.
func refusing[R lab.Result](check func() error, run func(ctx context.Context, w lab.Watch) (R, error)) func(context.Context, lab.Watch) (lab.Result, error) {
	return func(ctx context.Context, w lab.Watch) (lab.Result, error) {
		if err := check(); err != nil {
			return nil, cli.Usagef("%w", err)
		}
		r, err := run(ctx, w)
		if err != nil { // not r, which would be a result that is nil
			return nil, err
		}
		return r, nil
	}
}

// kept is what a run writes to labs/latest/result.json.
type kept struct {
	Lab     string     `json:"lab"`
	Student string     `json:"student,omitempty"`
	Command string     `json:"command"` // that gives the same result
	Version string     `json:"version"`
	Result  lab.Result `json:"result"`
}

// prepareExperiment gives an experiment the flags that all have, and makes it run.
func (a *app) prepareExperiment(e *labExperiment) {
	f := e.cmd.Flags()
	f.Uint64Var(e.seed, "seed", 1, "`NUMBER` from which everything random is drawn")
	f.StringVar(&e.student, "student", "", "draw the seed from this `NAME`")
	f.StringVar(&e.plot, "plot", "", "write the figure to this `FILE`, .svg or .png")
	f.BoolVar(&e.keep, "keep", true, "write the run's events, result, figure and message diagram to labs/latest, below the current directory")
	e.cmd.Args = cli.Args(0, 0, "")
	var result lab.Result
	show(a, e.cmd, nothing, func(ctx context.Context, _ none, _ []string) (lab.Result, error) {
		var err error
		result, err = a.perform(ctx, e)
		return result, err
	}, func(w io.Writer, r lab.Result) {
		for _, row := range r.Rows() {
			fmt.Fprintln(w, strings.Join(row, "\t"))
		}
	})
	inner := e.cmd.RunE
	e.cmd.RunE = func(cmd *cobra.Command, given []string) error {
		if err := inner(cmd, given); err != nil {
			return err
		}
		if v := result.Judged().Verdict; v != lab.Agrees {
			return verdict(v)
		}
		return nil
	}
}

// perform runs an experiment, with a bar on a terminal, and writes the files that were asked for.
func (a *app) perform(ctx context.Context, e *labExperiment) (lab.Result, error) {
	format := strings.TrimPrefix(filepath.Ext(e.plot), ".")
	if e.plot != "" && format != "svg" && format != "png" {
		return nil, cli.Usagef("--plot %s: want a name that ends in .svg or .png", e.plot)
	}
	if e.cmd.Flags().Changed("student") {
		if strings.TrimSpace(e.student) == "" {
			return nil, cli.Usagef("--student: want a name")
		}
		*e.seed = lab.StudentSeed(e.student)
	}
	line := a.Progress()
	events := lab.NewEvents(*e.seed)
	result, err := e.run(ctx, lab.Watch{Events: events, Progress: func(done, of int) { line.Show("%s", bar(done, of)) }})
	line.Clear()
	if never, ok := errors.AsType[*lab.NeverPaysError](err); ok {
		return nil, cli.Usagef("%w", never)
	}
	if err != nil {
		return nil, err
	}
	if e.plot == "" && !e.keep {
		return result, nil
	}
	var figure *lab.Figure // some theories take seconds
	err = cli.During(ctx, func() { line.Show("drawing the figure") }, func() error {
		figure = result.Figure()
		return nil
	})
	line.Clear()
	if err != nil {
		return nil, err
	}
	if e.plot != "" {
		image, err := plot.Draw(figure, format)
		if err == nil {
			err = os.WriteFile(e.plot, image, 0o644)
		}
		if err != nil {
			return nil, fmt.Errorf("--plot: %w", err)
		}
	}
	if !e.keep {
		return result, nil
	}
	if err := a.keepRun(e, result, figure, events); err != nil {
		if e.student != "" || e.cmd.Flags().Changed("keep") {
			return nil, err
		}
		fmt.Fprintf(a.Stderr, "note: %v: --keep=false does without\n", err) // the result is what was asked for
	}
	return result, nil
}

// bar draws how far a run is.
func bar(done, of int) string {
	const width = 30
	n := int(math.Round(width * float64(done) / float64(max(of, 1))))
	return fmt.Sprintf("[%s%s] %d %%", strings.Repeat("#", n), strings.Repeat(" ", width-n), 100*done/max(of, 1))
}
