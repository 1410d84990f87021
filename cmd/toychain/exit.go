package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"toychain/rpc"
)

// The exit codes, see doc.go.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitRefused     = 4
	exitSignal      = 128 // and the signal's number: 130 for Ctrl-C
)

// usageError says that the command line itself cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usagef makes a usageError.
func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// report prints an error for people and returns the exit code.
func (a *app) report(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if by := (interrupt{}); errors.As(context.Cause(ctx), &by) {
		if !errors.Is(err, context.Canceled) && !errors.Is(err, by) {
			a.complain(err)
		} else {
			fmt.Fprintln(a.stderr, by)
		}
		return exitSignal + int(by.signal)
	}
	if !errors.Is(err, syscall.EPIPE) { // nobody listens
		a.complain(err)
	}
	return exitCode(err)
}

// exitCode returns the exit code that an error asks for.
func exitCode(err error) int {
	var usage usageError
	var no *rpc.Error
	var rule refusal
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, rpc.ErrUnreachable):
		return exitUnreachable
	case errors.As(err, &no), errors.As(err, &rule), errors.Is(err, rpc.ErrRefused):
		return exitRefused
	}
	return exitError
}

// complain prints an error and, for one in the command line, where to look.
func (a *app) complain(err error) {
	text := strings.TrimRight(err.Error(), "\n")
	fmt.Fprintf(a.stderr, "%s %s\n", a.colours(a.stderr).red("error:"), text)
	var usage usageError
	if errors.As(err, &usage) && a.running != nil {
		fmt.Fprintf(a.stderr, "see: %s --help\n", a.running.CommandPath())
	}
}

// args returns a check of the number of arguments; names are for the message.
func args(least, most int, names string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		switch n := len(given); {
		case n < least:
			return usagef("%s: want %s", cmd.CommandPath(), names)
		case n > most && most == 0:
			return usagef("%s: unexpected argument %q", cmd.CommandPath(), given[0])
		case n > most:
			return usagef("%s: unexpected argument %q: want only %s", cmd.CommandPath(), given[most], names)
		}
		return nil
	}
}

// noArgs is args for commands that take none.
var noArgs = args(0, 0, "")
