package main

import (
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
	out := &page{w: a.stdout, width: min(width(a.stdout), 80)}
	for line := range strings.Lines(cmd.Example) {
		out.line("  " + line)
	}
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	out.line("")
	out.prose(strings.TrimSpace(about))
	out.line("")
	out.line(c.bold("Usage:") + " " + usageLine(cmd))
	var commands []entry
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			commands = append(commands, entry{sub.Name(), sub.Short})
		}
	}
	own := cmd.LocalNonPersistentFlags()
	out.list(c.bold("Commands:"), commands)
	out.list(c.bold("Flags:"), flagEntries(own, func(*pflag.Flag) bool { return true }))
	out.list(c.bold("Flags of every command:"), flagEntries(cmd.Root().PersistentFlags(), func(f *pflag.Flag) bool {
		return own.Lookup(f.Name) == nil && matters(f.Name, cmd)
	}))
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

// flagEntries returns what a help page says of the flags that are wanted.
func flagEntries(flags *pflag.FlagSet, wanted func(*pflag.Flag) bool) (out []entry) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" || f.Name == "version" || !wanted(f) {
			return
		}
		kind, about := pflag.UnquoteUsage(f)
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" {
			about += " (default " + f.DefValue + ")"
		}
		out = append(out, entry{strings.TrimRight(name+" "+kind, " "), about})
	})
	return out
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
