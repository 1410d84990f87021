package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
)

// The whole form of a page: prose is filled, indented lines are left alone, and
// descriptions of flags that need several lines stand under their beginning.
func TestHelpPage(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	term := &Terminal{Stdout: NewOutput(out), Colour: "never"}
	t.Setenv("COLUMNS", "60")
	root := &cobra.Command{Use: "tool"}
	root.PersistentFlags().String("dir", "~/x", "`FOLDER` of it")
	root.PersistentFlags().Bool("other", false, "of every command too")
	cmd := &cobra.Command{
		Use: "do N", Short: "Do it.", Example: "tool do 1\ntool do 2",
		Long: "Do it, in words that are too many for one line of\nsuch a page.\n\n  indented, and left alone although it is long\n\nshort\nlines",
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(&cobra.Command{Use: "well", Short: "Do it well.", RunE: cmd.RunE})
	cmd.Flags().IntP("many", "m", 3, "a description that wants more than one line")
	root.AddCommand(cmd)
	root.Example = "tool do"
	term.Help(cmd, nil)
	term.Help(root, nil)
	got, err := os.ReadFile(out.Name())
	want := `  tool do 1
  tool do 2

Do it, in words that are too many for one line of such a
page.

  indented, and left alone although it is long

short lines

Usage: tool do N COMMAND

Commands:
  well         Do it well.

Flags:
  -m, --many int   a description that wants more than
                   one line (default 3)

Flags of every command: tool --help
  tool do



Usage: tool COMMAND

Commands:
  do           Do it.

Flags of every command:
      --dir FOLDER   FOLDER of it (default "~/x")
      --other        of every command too
`
	if err != nil || string(got) != want {
		t.Errorf("got\n%s\nwant\n%s, %v", got, want, err)
	}
}
