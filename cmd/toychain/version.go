package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version of the software.
const version = "0.1.0"

// testnetName is the directory of the testnet, unless --dir names another.
const testnetName = "testnet"

// build is what "version --json" prints.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source, if it was built from a repository
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (a *app) versionCommand() *cobra.Command {
	return show(a, &cobra.Command{
		Use: "version", Short: "Print the version of toychain.", Example: "toychain version",
	}, nothing, func(context.Context, struct{}, []string) (build, error) {
		return build{version, revision(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}, nil
	}, func(w io.Writer, b build) {
		if b.Revision != "" {
			b.Revision = " (" + b.Revision + ")"
		}
		fmt.Fprintf(w, "toychain %s%s, %s, %s\n", b.Version, b.Revision, b.Go, b.Platform)
	})
}

// revision returns the commit that the program was built from, shortened, with a +
// if the files had been changed since; "" if that is not known.
func revision() (rev string) {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			rev += "+"
		}
	}
	return rev
}
