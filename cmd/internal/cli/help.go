package cli

import (
	"cmp"
	"go/doc/comment"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpPage is a help page: an example first, then words, then everything else.
var helpPage = template.Must(template.New("help").Parse(`{{range .Examples}}  {{.}}
{{end}}
{{.About}}

{{.Bold "Usage:"}} {{.UsageLine}}
{{- if .HasAvailableSubCommands}}

{{.Bold "Commands:"}}
{{- range .Commands}}{{if .IsAvailableCommand}}
  {{.Name | printf (printf "%%-%ds" .NamePadding)}}  {{.Short}}
{{- end}}{{end}}{{end}}
{{- range .FlagLists}}{{if .Flags.HasAvailableFlags}}

{{$.Bold .Title}}
{{.Usages}}{{end}}{{end}}
`))

// page is what helpPage shows.
type page struct {
	*cobra.Command
	Colours
	width     int
	FlagLists []flagList
}

type flagList struct {
	Title string
	Flags *pflag.FlagSet
	width int
}

func (p page) Examples() []string { return strings.Split(strings.TrimSpace(p.Example), "\n") }

// About returns the command's description, filled anew. Indented lines are left alone.
func (p page) About() string {
	fill := comment.Printer{TextWidth: p.width, TextCodePrefix: "  "}
	about := new(comment.Parser).Parse(cmp.Or(p.Long, p.Short))
	return strings.TrimRight(string(fill.Text(about)), "\n")
}

// UsageLine returns the command as it is typed.
func (p page) UsageLine() string {
	line := p.CommandPath()
	if _, rest, ok := strings.Cut(p.Use, " "); ok {
		line += " " + rest
	}
	if p.HasAvailableSubCommands() {
		line += " COMMAND"
	}
	return line
}

// Usages returns a line or more for each flag.
func (l flagList) Usages() string {
	return strings.TrimRight(l.Flags.FlagUsagesWrapped(l.width), "\n")
}

// Help returns a function for cobra that prints a help page. matters reports whether a
// global flag changes what a command does; others are not listed.
func (t *Terminal) Help(matters func(flag string, cmd *cobra.Command) bool) func(*cobra.Command, []string) {
	return func(cmd *cobra.Command, _ []string) {
		width := min(Width(t.Stdout), 80)
		own := pick(cmd.LocalNonPersistentFlags(), func(string) bool { return true })
		global := pick(cmd.Root().PersistentFlags(), func(name string) bool {
			return own.Lookup(name) == nil && matters(name, cmd)
		})
		must(helpPage.Execute(t.Stdout, page{cmd, t.Colours(t.Stdout), width,
			[]flagList{{"Flags:", own, width}, {"Flags of every command:", global, width}}}))
	}
}

// pick returns the wanted flags, without those that every page would show.
func pick(from *pflag.FlagSet, wanted func(name string) bool) *pflag.FlagSet {
	to := pflag.NewFlagSet("", pflag.ContinueOnError)
	from.VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && f.Name != "version" && wanted(f.Name) {
			to.AddFlag(f)
		}
	})
	return to
}

// HelpCommand returns "toychain help COMMAND".
func HelpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Show how to use a command.",
		Example: "toychain help testnet partition",
		RunE: func(cmd *cobra.Command, given []string) error {
			about, rest, err := cmd.Root().Find(given)
			if err != nil || len(rest) > 0 && about.HasSubCommands() {
				return Usagef("there is no command %q", strings.Join(given, " "))
			}
			return about.Help()
		},
	}
}
