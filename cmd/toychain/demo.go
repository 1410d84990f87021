package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
	"toychain/testnet/demo"
)

func (a *app) demoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "demo", Short: "Watch a network split and rejoin, in under a minute.",
		Example: "toychain demo\ntoychain demo --keep",
		Long: `Watch a network split and rejoin, on four real nodes in a temporary directory: two
histories grow, one dies, and you see what happens to the payments in it. The exit
code is 0 only if everything came out as it should.`,
	}
	f := cmd.Flags()
	keep := f.Bool("keep", false, "keep the network running, to go on by hand")
	asJSON := f.Bool("json", false, "print the result as the last line, as JSON")
	ascii := f.Bool("ascii", false, "draw with plain characters")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		// A reader that ends early ("| head") must not end the demo before it has cleaned up.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
		result, err := demo.Play(cmd.Context(), demo.Config{
			Out: a.Stdout, Colour: bool(a.Colours(a.Stdout)), ASCII: *ascii, Width: cli.Width(a.Stdout), Keep: *keep,
		})
		if err != nil || !*asJSON {
			return err
		}
		return a.PrintJSONLine(result)
	}
	return cmd
}
