package cli

import (
	"cmp"
	_ "embed"
	"go/doc/comment"
	"io"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpPage is a help page: an example first, then words, then everything else.
//
//go:embed help.tmpl
var helpPage string

// page is what helpPage shows.
type page struct {
	*cobra.Command
	Colours
	width       int
	Own, Global string // lines for flags
	Topics      []Topic
}

func (p page) Examples() []string { return strings.Split(strings.TrimSpace(p.Example), "\n") }

// About returns the command's description, filled anew. Indented lines are left alone.
func (p page) About() string {
	fill := comment.Printer{TextWidth: p.width, TextCodePrefix: "  "}
	about := new(comment.Parser).Parse(cmp.Or(p.Long, p.Short))
	return strings.TrimRight(string(fill.Text(about)), "\n")
}

// Help prints a command's help page. The flags of every command are listed on the root's.
func (t *Terminal) Help(cmd *cobra.Command, _ []string) {
	width := min(Width(t.Stdout), 80)
	cmd.DisableFlagsInUseLine = true
	text := template.Must(template.New("help").Parse(helpPage))
	must(text.Execute(t.Stdout, page{cmd, t.Colours(t.Stdout), width, usages(cmd.LocalNonPersistentFlags(), width),
		usages(cmd.Root().PersistentFlags(), width), t.Topics}))
}

// usages returns a line or more for each flag, except those that every page would show.
func usages(from *pflag.FlagSet, width int) string {
	to := pflag.NewFlagSet("", pflag.ContinueOnError)
	from.VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && f.Name != "version" {
			to.AddFlag(f)
		}
	})
	return strings.TrimRight(to.FlagUsagesWrapped(width), "\n")
}

// HelpCommand returns "toychain help COMMAND", which also shows the topics.
func (t *Terminal) HelpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND|TOPIC]", Short: "Show how to use a command, or a topic.",
		Example: "toychain help testnet partition\ntoychain help exit-codes",
		RunE: func(cmd *cobra.Command, given []string) error {
			if i := slices.IndexFunc(t.Topics, func(p Topic) bool { return len(given) == 1 && p.Name == given[0] }); i >= 0 {
				_, err := io.WriteString(t.Stdout, t.Topics[i].Text(cmd.Root()))
				return err
			}
			about, rest, err := cmd.Root().Find(given)
			if err != nil || len(rest) > 0 && about.HasSubCommands() {
				return Usagef("there is no command or topic %q", strings.Join(given, " "))
			}
			return about.Help()
		},
	}
}
