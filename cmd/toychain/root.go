package main

import (
	"encoding/json"
	"os"

	"github.com/spf13/cobra"
)

// app is one run of the program.
type app struct {
	stdin, stdout, stderr *os.File

	global  globals
	onLine  map[string]bool // flags that the user typed, unlike those that settings filled in
	running *cobra.Command  // set once it is known

	workFactor int // of new wallets' passphrases, see wallet.New
}

// globals are the flags of every command.
type globals struct {
	network, datadir     string
	rpc, cookie          string
	rpcUser, rpcPassword string
	testnetDir, node     string
	colour               string
}

// rootCommand returns the whole tree of commands.
func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "toychain",
		Short: "A Bitcoin-style node to learn from: mine, pay, split the network, heal it, see what happened.",
		Example: `toychain demo                    the whole story, in under a minute
toychain testnet up 4            four nodes of your own
toychain wallet create           keys of your own, for the coins
toychain mine 3 --node n1        three blocks, with real proof of work`,
		Args:              unknownCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: a.prepare,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Version:           version,
	}
	root.SetVersionTemplate("toychain {{.Version}}\n")
	a.globalFlags(root)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		a.running = cmd
		return flagError(cmd, err)
	})
	root.SetHelpFunc(a.help)
	root.SetHelpCommand(helpCommand())
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cobra.EnableCommandSorting = false // the order below is that of getting to know it
	root.AddCommand(
		a.demoCommand(),
		a.nodeCommand(),
		a.mineCommand(),
		a.walletCommand(),
		a.chainCommand(),
		a.peersCommand(),
		a.testnetCommand(),
		a.networkCommand(),
		a.rpcCommand(),
		a.versionCommand(),
	)
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		c.Short = "Teach your shell to complete commands."
	}
	return root
}

func (a *app) globalFlags(root *cobra.Command) {
	f, g := root.PersistentFlags(), &a.global
	f.StringVar(&g.network, "network", "toy", "toy, regtest, main, or a `FILE` made by 'toychain network new'")
	f.StringVar(&g.datadir, "datadir", "~/.toychain", "`FOLDER` that everything is kept in")
	f.StringVar(&g.colour, "color", "auto", "auto, always or never")
	f.StringVar(&g.rpc, "rpc", "", "`HOST:PORT` of the node to ask")
	f.StringVar(&g.node, "node", "", "`NAME` of the node to ask, of the testnet in --dir")
	f.StringVar(&g.testnetDir, "dir", "", "`FOLDER` of the testnet (default DATADIR/testnet)")
	f.StringVar(&g.cookie, "cookie", "", "`FILE` with the node's password (default DATADIR/NETWORK/.cookie)")
	f.StringVar(&g.rpcUser, "rpc-user", "", "log in as this `USER` instead of by cookie")
	f.StringVar(&g.rpcPassword, "rpc-password", "", "and with this `PASSWORD`")
	settable(f, "network", "datadir", "color", "rpc", "node", "dir", "cookie", "rpc-user", "rpc-password")
	paths(f, "network", "dir", "cookie")
	a.completeGlobals(root)
}

// prepare runs before every command: it fills in what the command line leaves open.
func (a *app) prepare(cmd *cobra.Command, _ []string) error {
	a.running = cmd
	if err := a.fillIn(cmd); err != nil {
		return err
	}
	return a.checkColour()
}

// noun returns a command that only holds others.
func noun(name, short, example string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short, Example: example,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(verbs...)
	return cmd
}

// unknownCommand refuses the arguments of a command that only holds others.
func unknownCommand(cmd *cobra.Command, given []string) error {
	if len(given) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	hint := ""
	if near := cmd.SuggestionsFor(given[0]); len(near) > 0 {
		hint = "; did you mean " + near[0] + "?"
	}
	return usagef("%s has no command %q%s", cmd.CommandPath(), given[0], hint)
}

// jsonFlag adds --json to a command.
func jsonFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print JSON, for programs")
}

// printJSON prints v as the command's result.
func (a *app) printJSON(v any) error {
	enc := a.encoder()
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printJSONLine prints v as one line of the command's result.
func (a *app) printJSONLine(v any) error { return a.encoder().Encode(v) }

func (a *app) encoder() *json.Encoder {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	return enc
}
