package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every word in the usage of a command has a completer, or is one of which nothing can be
// known; and every completer is of a word or a flag that there is.
func TestEveryArgumentHasACompleter(t *testing.T) {
	used := make(map[string]bool)
	eachCommand(func(cmd *cobra.Command) {
		for _, word := range placesOf(cmd) {
			used[word] = true
			if completers[word] == nil && !slices.Contains(mayBeFile, word) && !slices.Contains(unknowable, word) && word != "[flags]" {
				t.Errorf("%s: add %s to completers, mayBeFile or unknowable (complete.go)", cmd.CommandPath(), word)
			}
		}
		for name := range completers {
			used[name] = used[name] || cmd.Flags().Lookup(name) != nil || cmd.InheritedFlags().Lookup(name) != nil
		}
	})
	for word := range completers {
		if !used[word] && strings.ToUpper(word) != "COMMAND|TOPIC" {
			t.Errorf("completers has %q, which no command has", word)
		}
	}
}
