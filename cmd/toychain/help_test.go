package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// Every help page fits a terminal of 80 columns.
func TestHelpFits(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "help"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	a := &app{stdin: os.Stdin, stdout: out, stderr: out}
	pages := 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		pages++
		helpFits(t, a, cmd)
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(a.rootCommand())
	if pages < 60 {
		t.Errorf("only %d help pages", pages)
	}
}

// helpFits looks at one page.
func helpFits(t *testing.T, a *app, cmd *cobra.Command) {
	t.Helper()
	if err := a.stdout.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if _, err := a.stdout.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	a.help(cmd, nil)
	text, err := os.ReadFile(a.stdout.Name())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%s --help: %d columns: %s", cmd.CommandPath(), n, line)
		}
	}
}

// A line that continues a description stands under its beginning; what is indented in
// prose is left as it is.
func TestPage(t *testing.T) {
	var out strings.Builder
	p := &page{w: &out, width: 20}
	p.prose("words that do not fit one line\nof this page\n\n  indented, and left alone\n\nshort\nlines")
	p.list("Flags:", []entry{{"--one", "a description of two lines"}, {"--more X", ""}})
	want := `words that do not
fit one line of this
page

  indented, and left alone

short
lines

Flags:
  --one     a
            description
            of two
            lines
  --more X
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}
