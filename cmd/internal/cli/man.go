package cli

import (
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// WriteMan writes a manual page (section 1) for a command and for each one below it into dir, and
// returns how many. version names the program in their foot.
func WriteMan(cmd *cobra.Command, dir, version string) (pages int, err error) {
	cmd.DisableAutoGenTag = true
	header := doc.GenManHeader{Section: "1", Source: version, Manual: "toychain"}
	if err := doc.GenManTree(cmd, &header, dir); err != nil {
		return 0, err
	}
	all, err := filepath.Glob(filepath.Join(dir, cmd.Name()+"*.1"))
	return len(all), err
}
