package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Noun returns a command that only holds others. Those take no arguments unless they say so.
func Noun(name, short, example string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short, Example: example,
		Args: UnknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, verb := range verbs {
		if verb.Args == nil {
			verb.Args = Args(0, 0, "")
		}
	}
	cmd.AddCommand(verbs...)
	return cmd
}

// UnknownCommand rejects the arguments of a command that only holds others.
func UnknownCommand(cmd *cobra.Command, given []string) error {
	if len(given) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	near := meant(given[0], cmd.Commands())
	for i := range near {
		near[i] = strings.TrimPrefix(near[i], cmd.CommandPath()+" ")
	}
	if len(near) == 0 {
		near = cmd.SuggestionsFor(given[0])
	}
	if len(near) == 0 { // it may be a command of another noun
		for _, noun := range cmd.Root().Commands() {
			near = append(near, meant(given[0], append(noun.Commands(), noun))...)
		}
	}
	return Usagef("%s has no command %q%s", cmd.CommandPath(), given[0], didYouMean(near))
}

// meant returns the paths of those commands that have this name, or are suggested for it. If
// they take the word as their first argument (TakesWord), it follows.
func meant(word string, commands []*cobra.Command) (out []string) {
	for _, c := range commands {
		switch suggested := slices.Contains(c.SuggestFor, strings.ToLower(word)); {
		case suggested && c.Annotations[TakesWord] != "":
			out = append(out, c.CommandPath()+" "+word)
		case suggested || c.Name() == word:
			out = append(out, c.CommandPath())
		}
	}
	return out
}

// TakesWord is the annotation of a command whose first argument may be what it is suggested for.
const TakesWord = "takes-word"

func didYouMean(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(words, " or ") + "?"
}

// Args returns a check of the number of arguments; names are for the message.
func Args(least, most int, names string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		switch n := len(given); {
		case n < least:
			return Usagef("%s: want %s", cmd.CommandPath(), names)
		case n > most && most == 0:
			return Usagef("%s: unexpected argument %q", cmd.CommandPath(), given[0])
		case n > most:
			return Usagef("%s: unexpected argument %q: want only %s", cmd.CommandPath(), given[most], names)
		}
		return nil
	}
}

// JSONFlag adds --json to a command.
func JSONFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print JSON, for programs")
}

// Settable marks flags that the environment and the file of settings may set.
func Settable(f *pflag.FlagSet, names ...string) { mark(f, isSettable, names) }

// Paths marks flags that name files: in the file of settings they are relative to its
// directory.
func Paths(f *pflag.FlagSet, names ...string) { mark(f, isPath, names) }

const (
	isSettable = "settable"
	isPath     = "path"
)

func mark(f *pflag.FlagSet, as string, names []string) {
	for _, name := range names {
		must(f.SetAnnotation(name, as, []string{"yes"}))
	}
}

func marked(f *pflag.Flag, as string) bool { return len(f.Annotations[as]) > 0 }

// must stops at a mistake in this program.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
