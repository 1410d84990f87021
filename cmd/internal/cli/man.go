package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// WriteMan writes a manual page (section 1) for a command and for each one below it into dir,
// and returns how many. The topics are sections of the first one's. Cobra's own generator
// would draw in a Markdown parser for what is plain text here.
func WriteMan(cmd *cobra.Command, dir string, topics []Topic) (pages int, err error) {
	if cmd.IsAvailableCommand() || !cmd.HasParent() {
		var text strings.Builder
		manPage(&text, cmd, topics)
		pages++
		if err := os.WriteFile(filepath.Join(dir, manName(cmd)+".1"), []byte(text.String()), 0o644); err != nil {
			return 0, err
		}
	}
	for _, sub := range cmd.Commands() {
		n, err := WriteMan(sub, dir, nil)
		if pages += n; err != nil {
			return pages, err
		}
	}
	return pages, nil
}

// manName returns the name of a command's page: toychain-chain-info.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage writes a page in the macros of man(7).
func manPage(w io.Writer, cmd *cobra.Command, topics []Topic) {
	section := func(title string) { fmt.Fprintf(w, ".SH %s\n", strings.ToUpper(title)) }
	verbatim := func(text string) { fmt.Fprintf(w, ".nf\n%s.fi\n", roff(text)) }
	fmt.Fprintf(w, ".TH \"%s\" \"1\" \"\" \"%s\" \"\"\n", strings.ToUpper(manName(cmd)), cmd.Root().Name())
	section("Name")
	fmt.Fprint(w, roff(manName(cmd)+"\x00"+strings.TrimSuffix(cmd.Short, ".")))
	section("Synopsis")
	fmt.Fprint(w, ".B "+roff(cmd.UseLine()))
	section("Description")
	for i, part := range strings.Split(cmp.Or(cmd.Long, cmd.Short), "\n\n") {
		if i > 0 {
			fmt.Fprintln(w, ".PP")
		}
		if strings.HasPrefix(part, " ") {
			verbatim(part)
		} else {
			fmt.Fprint(w, roff(part))
		}
	}
	also := ""
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			also += fmt.Sprintf(".TP\n.BR %s (1)\n%s", roff(manName(sub))[:len(roff(manName(sub)))-1], roff(sub.Short))
		}
	}
	if also != "" {
		section("Commands")
		fmt.Fprint(w, also)
	}
	flags := usages(cmd.LocalNonPersistentFlags(), 80)
	if !cmd.HasParent() {
		flags = usages(cmd.PersistentFlags(), 80)
	}
	if flags != "" {
		section("Options")
		verbatim(flags)
	}
	section("Examples")
	verbatim(cmd.Example)
	for _, t := range topics {
		section(strings.ReplaceAll(t.Name, "-", " "))
		verbatim(t.Text(cmd))
	}
	if cmd.HasParent() {
		section("See also")
		fmt.Fprintf(w, ".BR %s (1)\n", strings.TrimSuffix(roff(manName(cmd.Root())), "\n"))
	}
}

// roff writes lines so that nothing in them is a request, and ends with a line break.
func roff(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, l := range lines {
		l = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\x00", ` \- `).Replace(l)
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			l = `\&` + l
		}
		lines[i] = l
	}
	return strings.Join(lines, "\n") + "\n"
}
