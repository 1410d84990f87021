package main

import (
	"context"
	"errors"
	"os"

	"toychain/cmd/internal/cli"
	"toychain/lab"
	"toychain/rpc"
	"toychain/testnet/topology"
	"toychain/wallet"
)

func main() { os.Exit(run(os.Args[1:], wallet.DefaultWorkFactor)) }

// run is main without the exit. The work factor is that of new wallets' passphrases.
func run(args []string, workFactor int) int {
	ctx, stop := cli.Interruptible(context.Background())
	defer stop()
	a := &app{Terminal: cli.Terminal{Stdin: os.Stdin, Stdout: cli.NewOutput(os.Stdout), Stderr: cli.NewOutput(os.Stderr)}, workFactor: workFactor, process: true}
	root := a.rootCommand()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	return a.Report(ctx, cmd, a.explain(err), exitCode)
}

// exitCode returns the exit code of an error that is no cli.UsageError, see doc.go.
func exitCode(err error) int {
	_, no := errors.AsType[*rpc.Error](err)
	_, rule := errors.AsType[refusal](err)
	_, misnamed := errors.AsType[*topology.NameError](err)
	disagrees, judged := errors.AsType[verdict](err)
	_, misread := errors.AsType[wrong](err)
	_, violated := errors.AsType[violation](err)
	switch {
	case judged && lab.Verdict(disagrees) == lab.Undecided:
		return cli.ExitUndecided
	case judged, misread, violated:
		return cli.ExitDisagrees
	case misnamed:
		return cli.ExitUsage
	case errors.Is(err, rpc.ErrUnreachable):
		return cli.ExitUnreachable
	case no, rule, errors.Is(err, rpc.ErrRefused):
		return cli.ExitRefused
	}
	return cli.ExitError
}

// userError is an error in words for the user.
type userError struct {
	text string
	err  error
}

func (e *userError) Error() string { return e.text }
func (e *userError) Unwrap() error { return e.err }
