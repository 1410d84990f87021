package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Topic is a page of help that is about no single command. Its text is for 80 columns.
type Topic struct {
	Name string
	Text func(root *cobra.Command) string
}

// Variables returns a line for each variable of the environment that sets a flag: its name,
// the flag, and the commands that have it.
func Variables(root *cobra.Command) string {
	of := make(map[string][]string)
	eachSetting(root, func(cmd *cobra.Command, f *pflag.Flag) {
		path := strings.TrimPrefix(cmd.CommandPath(), root.Name())
		of[f.Name] = append(of[f.Name], strings.TrimSpace(path))
	})
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(of)) {
		where := cmp.Or(of[name][0], "every command")
		if more := len(of[name]) - 1; more > 0 && of[name][0] != "" {
			where += " and " + Plural(more, "other")
		}
		fmt.Fprintf(&out, "%-25s --%s of %s\n", EnvName(name), name, where)
	}
	return out.String()
}
