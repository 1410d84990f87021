package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"toychain/internal/nearest"
)

// The exit codes.
const (
	ExitOK          = 0
	ExitError       = 1
	ExitUsage       = 2   // the command line itself cannot be understood
	ExitUnreachable = 3   // no node answers
	ExitRefused     = 4   // a node answers, and refuses
	ExitDisagrees   = 5   // a result is not what the theory says, or a property is violated
	ExitUndecided   = 6   // an experiment was too short to say
	ExitSignal      = 128 // and the signal's number: 130 for Ctrl-C
)

// UsageError says that the command line itself cannot be understood.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }
func (e UsageError) Unwrap() error { return e.Err }

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// interrupt is the cause of a context that a signal ended.
type interrupt struct{ signal syscall.Signal }

func (i interrupt) Error() string { return "interrupted" }

// Interruptible returns a context that ends at the first signal that asks the program to
// end. A second one ends it at once, without clearing up.
func Interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup says: go on without the terminal
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			number, _ := s.(syscall.Signal)
			cancel(interrupt{number})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// Report prints the error that cmd ended with and returns the exit code: that of the
// signal that ended ctx, or else what code says of an error that is no UsageError. That
// output was lost is an error, too.
func (t *Terminal) Report(ctx context.Context, cmd *cobra.Command, err error, code func(error) int) int {
	if lost := t.Stdout.Err(); err == nil && lost != nil {
		err = fmt.Errorf("the output was not written: %w", lost)
	}
	by, interrupted := errors.AsType[interrupt](context.Cause(ctx))
	_, usage := errors.AsType[UsageError](err)
	switch {
	case err == nil:
		return ExitOK
	case interrupted && (errors.Is(err, context.Canceled) || errors.Is(err, by)):
		fmt.Fprintln(t.Stderr, by)
	case interrupted || !errors.Is(err, syscall.EPIPE): // EPIPE: the reader of our output has left
		fmt.Fprintf(t.Stderr, "%s %s\n", t.Colours(t.Stderr).Red("error:"), strings.TrimRight(err.Error(), "\n"))
		if usage && cmd != nil {
			fmt.Fprintf(t.Stderr, "see: %s --help\n", cmd.CommandPath())
		}
	}
	switch {
	case interrupted:
		return ExitSignal + int(by.signal)
	case usage:
		return ExitUsage
	}
	return code(err)
}

// FlagError rewords what pflag says of a flag of cmd.
func FlagError(cmd *cobra.Command, err error) error {
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return UsageError{valueError("--"+bad.GetFlag().Name, err)}
	}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		letters := unknown.GetSpecifiedShortnames()
		negative := letters != "" && strings.ContainsRune(".0123456789", rune(letters[0]))
		switch {
		case negative && cmd.Name() == "rpc":
			return Usagef("-%s: write -- before a negative number", letters)
		case negative:
			return Usagef("-%s: a number here must not be negative", letters)
		}
		return Usagef("%w%s", err, didYouMean(nearFlags(cmd, unknown.GetSpecifiedName(), letters != "")))
	}
	return UsageError{err}
}

// nearFlags returns the flags of cmd that may have been meant by one that it has not: those that
// begin so, unless they are many, or else the nearest, unless it is far.
func nearFlags(cmd *cobra.Command, name string, letter bool) (near []string) {
	const few = 3
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if names = append(names, f.Name); strings.HasPrefix(f.Name, name) {
			near = append(near, "--"+f.Name)
		}
	})
	word, far := nearest.Of(name, names)
	switch {
	case len(near) > few:
		return nil
	case len(near) == 0 && !letter && far <= 2:
		near = append(near, "--"+word)
	}
	return near
}

// valueError says what kind of value a flag wants. The user knows the flag by this name.
func valueError(name string, err error) error {
	bad, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return fmt.Errorf("%s: %w", name, err)
	}
	want := ""
	switch bad.GetFlag().Value.Type() {
	case "duration":
		want = "a time like 200ms or 5m"
	case "int", "int32", "int64", "uint16", "uint32", "uint64":
		want = "a whole number"
	case "float64":
		want = "a number"
	case "bool":
		want = "true or false"
	default:
		return fmt.Errorf("%s %q: %w", name, bad.GetValue(), bad.Unwrap())
	}
	if errors.Is(err, strconv.ErrRange) {
		want += " that is not so large"
	}
	return fmt.Errorf("%s %q: want %s", name, bad.GetValue(), want)
}
