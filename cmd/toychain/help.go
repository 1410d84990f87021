package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// asksNode marks commands that talk to a node: their help lists how to name it.
const asksNode = "asks a node"

// runsNode marks the command that runs one: its help lists how clients log in.
const runsNode = "runs a node"

// asking marks a command and all below it as asksNode.
func asking(cmd *cobra.Command) *cobra.Command {
	cmd.Annotations = map[string]string{asksNode: "yes"}
	return cmd
}

// helpCommand is "toychain help COMMAND".
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show how to use a command.",
		RunE: func(cmd *cobra.Command, given []string) error {
			about, rest, err := cmd.Root().Find(given)
			if err != nil || len(rest) > 0 && about.HasSubCommands() {
				return usagef("there is no command %q", strings.Join(given, " "))
			}
			return about.Help()
		},
	}
}

// help prints an example first, then words, then everything else.
func (a *app) help(cmd *cobra.Command, _ []string) {
	c := a.colours(a.stdout)
	out := table(a.stdout)
	defer out.Flush()
	for line := range strings.Lines(cmd.Example) {
		fmt.Fprintf(out, "  %s\n", strings.TrimRight(line, "\n"))
	}
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	fmt.Fprintf(out, "\n%s\n\n%s %s\n", strings.TrimSpace(about), c.bold("Usage:"), usageLine(cmd))
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(out, "\n%s\n", c.bold("Commands:"))
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(out, "  %s\t%s\n", sub.Name(), sub.Short)
			}
		}
	}
	own := cmd.LocalNonPersistentFlags()
	helpFlags(out, c.bold("Flags:"), own, func(*pflag.Flag) bool { return true })
	helpFlags(out, c.bold("Flags of every command:"), cmd.Root().PersistentFlags(), func(f *pflag.Flag) bool {
		return own.Lookup(f.Name) == nil && matters(f.Name, cmd)
	})
}

// usageLine is the command as it is typed.
func usageLine(cmd *cobra.Command) string {
	line := cmd.CommandPath()
	if _, rest, ok := strings.Cut(cmd.Use, " "); ok {
		line += " " + rest
	}
	if cmd.HasAvailableSubCommands() {
		line += " COMMAND"
	}
	return line
}

// helpFlags lists flags, a line each.
func helpFlags(out io.Writer, title string, flags *pflag.FlagSet, wanted func(*pflag.Flag) bool) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" || f.Name == "version" || !wanted(f) {
			return
		}
		if title != "" {
			fmt.Fprintf(out, "\n%s\n", title)
			title = ""
		}
		kind, about := pflag.UnquoteUsage(f)
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" {
			about += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(out, "  %s %s\t%s\n", name, kind, about)
	})
}

// matters reports whether a global flag changes what cmd does.
func matters(flag string, cmd *cobra.Command) bool {
	if cmd == cmd.Root() || flag == "network" || flag == "datadir" || flag == "color" {
		return true
	}
	for at := cmd; at != nil; at = at.Parent() {
		if at.Annotations[asksNode] != "" || at.Annotations[runsNode] != "" && strings.HasPrefix(flag, "rpc-") {
			return true
		}
		if at.Name() == "testnet" && flag == "dir" {
			return true
		}
	}
	return false
}
