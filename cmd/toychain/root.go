package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"toychain/cmd/internal/cli"
	"toychain/consensus"
	"toychain/internal/curve"
)

// app is one run of the program.
type app struct {
	cli.Terminal

	global  globals
	typed   map[string]bool // flags that the user typed, unlike those that settings filled in
	command *cobra.Command  // set once it is known
	asked   string          // address of the node that the command asks; "": none
	taken   bool            // no node was named, and one of the testnet is asked

	process    bool // it is all that this process runs, which may begin anew
	workFactor int  // of new wallets' passphrases, see wallet.New
}

// globals are the flags of every command.
type globals struct {
	network, datadir     string
	rpc, cookie          string
	rpcUser, rpcPassword string
	rpcPasswordFile      string
	testnetDir, node     string
	ascii                bool
}

// rootCommand returns the whole tree of commands.
func (a *app) rootCommand() *cobra.Command {
	cobra.EnableCommandSorting = false // the order below is the one to learn them in
	root := cli.Noun("toychain", "A Bitcoin-style node to learn from: mine, pay, split the network, heal it, see what happened.",
		`toychain demo                    the whole story, in under a minute
toychain testnet up 4            four nodes of your own
toychain wallet create           keys of your own, for the coins
toychain mine 3 --node n1        three blocks, with real proof of work`,
		a.demoCommand(), a.nodeCommand(), a.mineCommand(), a.walletCommand(), a.chainCommand(), a.chatCommand(), a.peersCommand(),
		a.testnetCommand(), a.explorerCommand(), a.simCommand(), a.labCommand(), a.networkCommand(), a.rpcCommand(), a.manCommand(), a.versionCommand())
	root.Version, root.PersistentPreRunE = version, a.prepare
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetVersionTemplate("toychain {{.Version}}\n")
	a.globalFlags(root)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		a.command = cmd
		return cli.FlagError(cmd, err)
	})
	root.SetHelpFunc(a.Help)
	a.Topics = topics()
	root.SetHelpCommand(a.HelpCommand())
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	nameCompletion(root)
	root.InitDefaultHelpCmd()
	a.teach(root)
	return root
}

func (a *app) globalFlags(root *cobra.Command) {
	f, g := root.PersistentFlags(), &a.global
	f.StringVar(&g.network, "network", "toy", "toy, regtest, main, or a `FILE` made by 'toychain network new'")
	f.StringVar(&g.datadir, "datadir", "~/.toychain", "`DIR` for all data")
	f.StringVar(&a.Colour, "color", "auto", "auto, always or never")
	f.BoolVar(&g.ascii, "ascii", false, "plain characters only (default: if the locale has no UTF-8)")
	f.StringVar(&g.rpc, "rpc", "", "`HOST:PORT` of the node to ask")
	f.StringVar(&g.node, "node", "", "`NAME` of the node to ask, of the testnet in --dir (default: your own, or else its first)")
	f.StringVar(&g.testnetDir, "dir", "", "`DIR` of the testnet (default DATADIR/testnet)")
	f.StringVar(&g.cookie, "cookie", "", "`FILE` with the node's password (default DATADIR/NETWORK/.cookie)")
	f.StringVar(&g.rpcUser, "rpc-user", "", "log in as this `USER` instead of by cookie")
	f.StringVar(&g.rpcPassword, "rpc-password", "", "log in with this `PASSWORD`; safer in TOYCHAIN_RPC_PASSWORD or a file")
	f.StringVar(&g.rpcPasswordFile, "rpc-password-file", "", "`FILE` whose first line is the password")
	cli.Settable(f, "network", "datadir", "color", "ascii", "rpc", "node", "dir", "cookie", "rpc-user", "rpc-password", "rpc-password-file")
	cli.Paths(f, "network", "dir", "cookie", "rpc-password-file")
}

// prepare runs before every command. What only explains the program works without a home
// directory, and whatever the settings say.
func (a *app) prepare(cmd *cobra.Command, given []string) error {
	a.note(cmd)
	words := []string{"help", "version", "completion", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd}
	explains := cmd.HasSubCommands() || slices.Contains(words, strings.Fields(cmd.CommandPath())[1])
	if err := a.fill(cmd); err != nil && !explains {
		return err
	}
	if cmd.Flags().Changed("ascii") {
		a.Stdout.ASCII, a.Stderr.ASCII = a.global.ascii, a.global.ascii
	}
	if err := a.CheckColour(); err != nil {
		return err
	}
	if err := a.checkTyped(cmd, given); err != nil || explains || !slices.Contains(heeds(cmd), "rpc-user") {
		return err
	}
	return a.global.readPassword()
}

// note remembers the command, and which of its flags were typed.
func (a *app) note(cmd *cobra.Command) {
	a.command, a.typed = cmd, make(map[string]bool)
	cmd.Flags().Visit(func(f *pflag.Flag) { a.typed[f.Name] = true })
}

// fill fills in the flags that the command line leaves open: from the environment, then
// from the file of settings in the data directory, then from the defaults.
func (a *app) fill(cmd *cobra.Command) error {
	if err := cli.FillFromEnvironment(cmd.Flags()); err != nil {
		return err
	}
	if err := a.findDatadir(); err != nil {
		return err
	}
	isPreset := func(name string) bool { _, ok := consensus.Preset(name); return ok }
	return cli.FillFromFile(cmd, filepath.Join(a.global.datadir, "toychain.toml"), isPreset)
}

// readPassword takes the password of a login from its file, and refuses a user without one.
func (g *globals) readPassword() error {
	if g.rpcPasswordFile != "" {
		line, err := cli.FirstLine(g.rpcPasswordFile)
		if err != nil {
			return fmt.Errorf("--rpc-password-file: %w", err)
		}
		g.rpcPassword = line
	}
	if g.rpcUser != "" && g.rpcPassword == "" {
		return cli.Usagef("--rpc-user %s has no password: set TOYCHAIN_RPC_PASSWORD, or give --rpc-password-file or --rpc-password", g.rpcUser)
	}
	return nil
}

// nameCompletion adds cobra's "completion" commands, with examples.
func nameCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	cmd, _, _ := root.Find([]string{"completion"}) // which was just added
	cmd.Short, cmd.Example = "Teach your shell to complete commands.", "toychain completion bash --help"
	for _, shell := range cmd.Commands() {
		shell.Short = "Print the completion script for " + shell.Name() + "."
		shell.Example = shell.CommandPath()
	}
}

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
	Curve    string `json:"signatures"` // which code checks them
}

func (a *app) versionCommand() *cobra.Command {
	return show(a, &cobra.Command{
		Use: "version", Short: "Print the version of toychain.", Example: "toychain version",
	}, nothing, func(context.Context, none, []string) (build, error) {
		return build{version, revision(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, curve.Name}, nil
	}, func(w io.Writer, b build) {
		if b.Revision != "" {
			b.Revision = " (" + b.Revision + ")"
		}
		fmt.Fprintf(w, "toychain %s%s, %s, %s, signatures by %s\n", b.Version, b.Revision, b.Go, b.Platform, b.Curve)
	})
}

// revision returns the commit that the program was built from, shortened, with +dirty if
// the files had been changed since; "" if that is not known.
func revision() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil || !strings.Contains(info.Main.Version, "-") {
		return ""
	}
	return info.Main.Version[strings.LastIndex(info.Main.Version, "-")+1:]
}
