package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"toychain/cmd/internal/cli"
)

// The pages of help about no single command. README shows them too. VARIABLES stands for the
// list of those that set flags.
//
//go:embed topics/*.txt
var topicFiles embed.FS

func topics() (out []cli.Topic) {
	for _, name := range []string{"environment", "files", "exit-codes"} {
		text, _ := topicFiles.ReadFile("topics/" + name + ".txt") // it is embedded
		out = append(out, cli.Topic{Name: name, Text: func(root *cobra.Command) string {
			return strings.Replace(string(text), "VARIABLES\n", cli.Variables(root)+"\n", 1)
		}})
	}
	return out
}

func (a *app) manCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "man DIR", Short: "Write the manual pages into a directory.",
		Example: "toychain man man1\nman -l man1/toychain-wallet-send.1",
		Long: `Write the manual pages into a directory, one for each command. Where man looks for them
is said by manpath; the pages are of section 1.`,
		Args: cli.Args(1, 1, "DIR"),
	}
	return on(cmd, nothing, func(_ context.Context, _ none, given []string) error {
		if err := os.MkdirAll(given[0], 0o755); err != nil {
			return err
		}
		pages, err := cli.WriteMan(cmd.Root(), given[0], "toychain "+version)
		if err == nil {
			fmt.Fprintf(a.Stdout, "%s in %s\n", cli.Plural(pages, "page"), given[0])
		}
		return err
	})
}
