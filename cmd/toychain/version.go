package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
)

// version of the software.
const version = "0.1.0"

// testnetName is the folder of the testnet, unless --dir names another.
const testnetName = "testnet"

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Say which toychain this is.", Example: "toychain version",
		Args: cli.NoArgs,
	}
	asJSON := cli.JSONFlag(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		v := struct {
			Version  string `json:"version"`
			Revision string `json:"revision,omitempty"` // of the source, if it was built from a repository
			Go       string `json:"go"`
			Platform string `json:"platform"`
		}{version, revision(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
		if *asJSON {
			return a.PrintJSON(v)
		}
		if v.Revision != "" {
			v.Revision = " (" + v.Revision + ")"
		}
		fmt.Fprintf(a.Stdout, "toychain %s%s, %s, %s\n", v.Version, v.Revision, v.Go, v.Platform)
		return nil
	}
	return cmd
}

// revision returns the commit that the program was built from, shortened, with a +
// if the files had been changed since; "" if that is not known.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var rev, changed string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+"
		}
	}
	if rev == "" {
		return ""
	}
	return rev + changed
}
