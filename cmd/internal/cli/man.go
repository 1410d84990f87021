package cli

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
)

// manPage is a manual page in the macros of man(7). Cobra's own generator would draw in a
// Markdown parser for what is plain text here.
//
//go:embed man.tmpl
var manPage string

// manual is what manPage shows.
type manual struct {
	page
	Page string // toychain-chain-info
	Also []string
}

// WriteMan writes a manual page (section 1) for a command and for each one below it into dir,
// and returns how many. The topics are sections of the first one's.
func WriteMan(cmd *cobra.Command, dir string, topics []Topic) (pages int, err error) {
	m := manual{page: page{Command: cmd, width: 72, Own: usages(cmd.LocalFlags(), 72), Topics: topics}, Page: strings.ReplaceAll(cmd.CommandPath(), " ", "-")}
	for up := cmd.Parent(); up != nil; up = up.Parent() {
		m.Also = append(m.Also, strings.ReplaceAll(up.CommandPath(), " ", "-"))
	}
	var text strings.Builder
	page := template.Must(template.New("man").Funcs(template.FuncMap{"roff": roff, "upper": strings.ToUpper}).Parse(manPage))
	must(page.Execute(&text, m))
	if err := os.WriteFile(filepath.Join(dir, m.Page+".1"), []byte(text.String()), 0o644); err != nil {
		return 0, err
	}
	pages = 1
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() {
			continue
		}
		n, err := WriteMan(sub, dir, nil)
		if pages += n; err != nil {
			return pages, err
		}
	}
	return pages, nil
}

// roff writes lines so that nothing in them is a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n.", "\n\\&.", "\n'", "\n\\&'").Replace("\n" + strings.TrimRight(text, "\n"))
	return text[1:]
}
