package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Topic is a page of help that is about no single command. Its text is for 80 columns.
type Topic struct {
	Name, Short string
	Text        func(root *cobra.Command) string
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
		list := of[name]
		where := strings.Join(list, ", ")
		switch {
		case slices.Contains(list, ""):
			where = "every command"
		case len(list) > 2:
			where = fmt.Sprintf("%s and %s", list[0], Plural(len(list)-1, "other"))
		}
		fmt.Fprintf(&out, "%-25s --%s of %s\n", EnvName(name), name, where)
	}
	return out.String()
}

// topicNames joins the names of topics.
func topicNames(topics []Topic, sep string) string {
	var names []string
	for _, t := range topics {
		names = append(names, t.Name)
	}
	return strings.Join(names, sep)
}
