package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
)

// Every command has a help page that fits a terminal of 80 columns, an example that
// begins with its name, and a sentence that says what it does.
func TestHelp(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "help"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	a := &app{Terminal: cli.Terminal{Stdin: os.Stdin, Stdout: cli.NewOutput(out), Stderr: cli.NewOutput(out)}}
	pages := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		pages++
		checkHelp(t, out, cmd)
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(a.rootCommand())
	if pages < 60 {
		t.Errorf("only %d help pages", pages)
	}
}

// checkHelp looks at one page.
func checkHelp(t *testing.T, out *os.File, cmd *cobra.Command) {
	t.Helper()
	if err := out.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Help(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%s --help: %d columns: %s", cmd.CommandPath(), n, line)
		}
	}
	if !strings.HasPrefix(string(text), "  "+cmd.CommandPath()+" ") && !strings.HasPrefix(string(text), "  "+cmd.CommandPath()+"\n") {
		t.Errorf("%s --help does not begin with an example of it", cmd.CommandPath())
	}
	if first, _ := utf8.DecodeRuneInString(cmd.Short); !unicode.IsUpper(first) || !strings.HasSuffix(cmd.Short, ".") {
		t.Errorf("%s: %q is no sentence", cmd.CommandPath(), cmd.Short)
	}
}
