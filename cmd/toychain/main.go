package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"toychain/wallet"
)

func main() { os.Exit(run(os.Args[1:], wallet.DefaultWorkFactor)) }

// run is main without the exit. The work factor is that of new wallets' passphrases.
func run(args []string, workFactor int) int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, workFactor: workFactor}
	root := a.rootCommand()
	root.SetArgs(args)
	return a.report(ctx, root.ExecuteContext(ctx))
}

// interrupt is the cause of a context that a signal ended.
type interrupt struct{ signal syscall.Signal }

func (i interrupt) Error() string { return "interrupted" }

// interruptible returns a context that ends at the first signal that asks the
// program to end. Further ones are ignored: clearing up is under way, and bounded.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup says: go on without the terminal
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		select {
		case s := <-signals:
			number, _ := s.(syscall.Signal)
			cancel(interrupt{number})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}
