package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/testnet/demo"
)

// readingTime is how long the story rests before each chapter on a terminal.
const readingTime = 4 * time.Second

func (a *app) demoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "demo", Short: "Watch a network split and rejoin, in under a minute.",
		Example: "toychain demo\ntoychain demo --step\ntoychain demo --explorer\ntoychain demo --keep",
		Long: `Watch a network split and rejoin, on four real nodes in a temporary directory: two
histories grow, one dies, and you see what happens to the payments in it. The exit
code is 0 only if everything came out as it should.

On a terminal the story rests before each chapter, so that it can be read.`,
	}
	f := cmd.Flags()
	keep := f.Bool("keep", false, "keep the network running, to go on by hand")
	asJSON := f.Bool("json", false, "print the result as the last line, as JSON")
	step := f.Bool("step", false, "wait for Enter before each chapter")
	page := f.Bool("explorer", false, "show the network on a page, whose address is printed first")
	pace := f.Duration("pace", readingTime, "`TIME` to rest before each chapter on a terminal; 0: none")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *pace < 0 {
			return cli.Usagef("--pace %s: want 0 or more", *pace)
		}
		// A reader that ends early ("| head") must not end the demo before it has cleaned up.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
		cfg := demo.Config{
			Out: a.Stdout, Colour: bool(a.Colours(a.Stdout)), ASCII: a.Stdout.ASCII, Width: cli.Width(a.Stdout), Keep: *keep,
		}
		switch {
		case *step:
			next := enters(a.Stdin)
			cfg.Pause = func(ctx context.Context) error {
				fmt.Fprint(a.Stderr, "\n   Enter: the next chapter ")
				err := next(ctx, 0)
				if err != nil {
					fmt.Fprintln(a.Stderr)
				}
				return err
			}
		case cli.IsTerminal(a.Stdout) && !*asJSON || cmd.Flags().Changed("pace"):
			cfg.Pause = func(ctx context.Context) error { return rest(ctx, *pace) }
		}
		ctx := cmd.Context()
		if *page {
			var end func()
			cfg.Began, end = a.pageOfDemo(ctx)
			defer end()
		}
		result, err := demo.Play(ctx, cfg)
		if err != nil || !*asJSON {
			return err
		}
		return a.PrintJSONLine(result)
	}
	return cmd
}
