package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == searchOnly {
		exit(searchOnlyMain(os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == judgeOnly {
		exit(judgeOnlyMain(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(command(ctx, os.Args[1:]))
}

// exit ends the program: with 0 on success, 2 for a wrong command line, 1 for any other error.
func exit(err error) {
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

var errUsage = errors.New("usage")

// options are the flags.
type options struct {
	only                        string
	rounds                      int
	quick, list, json, markdown bool
	most                        time.Duration
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("bench/run", flag.ContinueOnError)
	f.StringVar(&o.only, "only", "", "measure only this `ROW`; --list names them")
	f.IntVar(&o.rounds, "rounds", 0, "turns of each side in each row (0: 7)")
	f.BoolVar(&o.quick, "quick", false, "small counts, to see that the measuring works")
	f.BoolVar(&o.list, "list", false, "name the rows and measure nothing")
	f.BoolVar(&o.json, "json", false, "print JSON, with every round")
	f.BoolVar(&o.markdown, "markdown", false, "print the table as the README has it")
	f.DurationVar(&o.most, "timeout", 30*time.Minute, "give up after this `TIME`")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, fmt.Errorf("%w: %w", errUsage, err)
	}
	if f.NArg() > 0 || o.rounds < 0 {
		return o, fmt.Errorf("%w: want flags only, and rounds of 0 or more: see bench/run --help", errUsage)
	}
	if len(chosen(names(), o.only)) == 0 {
		return o, fmt.Errorf("%w: there is no row %q: see bench/run --list", errUsage, o.only)
	}
	return o, nil
}

// names returns the rows with nothing to measure.
func names() []row { return rows(&lab{z: everything, chains: &chains{}}, "") }

// chosen returns the row of this name, or all of them.
func chosen(all []row, only string) []row {
	return slices.DeleteFunc(all, func(r row) bool { return only != "" && r.name != only })
}

// command runs what the flags ask for.
func command(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if o.list {
		for _, r := range names() {
			fmt.Printf("%-22s %s\n", r.name, r.what)
		}
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.most, fmt.Errorf("not done after %s (--timeout)", o.most))
	defer cancel()
	out, err := bench(ctx, o, os.Stderr)
	if err != nil {
		return err
	}
	switch {
	case o.json:
		return out.json(os.Stdout)
	case o.markdown:
		return out.markdown(os.Stdout)
	}
	return out.text(os.Stdout)
}

// bench builds the programs, creates the blocks and measures the rows. It writes its progress to
// talk.
func bench(ctx context.Context, o options, talk io.Writer) (*report, error) {
	z := everything
	if o.quick {
		z = quick
	}
	if o.rounds > 0 {
		z.rounds = o.rounds
	}
	dir, err := os.MkdirTemp("", "toychain-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintln(talk, "building toychain and btcd")
	if err := build(ctx, dir); err != nil {
		return nil, err
	}
	now := time.Now()
	fmt.Fprintln(talk, "making the blocks")
	l := &lab{z: z, chains: makeChains(z, now), dir: dir}
	todo := chosen(rows(l, dir), o.only)
	out := &report{Time: now.UTC().Truncate(time.Second), Rounds: z.rounds, Quick: o.quick, Quoted: quoted,
		Machine: fmt.Sprintf("%d cores, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)}
	for i := range todo {
		done, err := todo[i].rounds(ctx, z.rounds, talk)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", todo[i].name, err)
		}
		out.Rows = append(out.Rows, done)
	}
	return out, nil
}

// turnLasts is the time limit of one turn: nodes that never agree must not block the others.
const turnLasts = 5 * time.Minute

// rounds gives each contender a turn in each round, in alternating order.
func (r *row) rounds(ctx context.Context, n int, talk io.Writer) (result, error) {
	begin := time.Now()
	var ours, rivals []float64
	turn := func(c *contender, into *[]float64) error {
		if c.measure == nil {
			return nil
		}
		ctx, cancel := context.WithTimeoutCause(ctx, turnLasts, fmt.Errorf("not done after %s", turnLasts))
		defer cancel()
		figure, err := c.measure(ctx, c.subject)
		*into = append(*into, figure)
		return err
	}
	for i := range n {
		first, second := &r.ours, &r.rival
		a, b := &ours, &rivals
		if i%2 == 1 {
			first, second, a, b = second, first, b, a
		}
		if err := turn(first, a); err != nil {
			return result{}, err
		}
		if err := turn(second, b); err != nil {
			return result{}, err
		}
	}
	out := settle(r, ours, rivals, time.Since(begin))
	cells := out.cells()
	fmt.Fprintf(talk, "%-22s %s beside %s (%s), %.0f s\n", r.name, cells[1], cells[2], cells[4], out.Took)
	return out, nil
}
