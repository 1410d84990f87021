package main

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"toychain/block"
	"toychain/lab/votes"
	"toychain/rpc"
	"toychain/rpc/server"
	"toychain/testnet"
)

// What the shell offers while a command is typed.

// completer returns what fits an argument, given those before it; what has begun is cut off
// by the shell. A tab may separate a word from what it means. Nothing is an answer too: a node
// may not run.
type completer func(a *app, given []string) []string

// completers maps the words in the usage of commands, and the names of flags, to what they
// stand for. The rest are files, and things of which nothing can be known.
var completers = map[string]completer{
	"NODE": (*app).nodesNow, "GROUP": (*app).nodesNow, "A": (*app).nodesNow, "B": (*app).nodesNow, "SHAPE": words("mesh", "line", "ring", "star"),
	"FAULT": words("delay", "jitter", "loss", "bandwidth", "one-way", "cut", "perfect"), "PEER": (*app).peersNow,
	"TO": (*app).walletsNow, "ADDRESS": (*app).walletsNow, "HASH|HEIGHT": (*app).blocksNow, "TXID": (*app).txsNow,
	"METHOD": methodsNow, "ARG": (*app).rpcArgsNow, "COMMAND|TOPIC": (*app).commandsNow, "NAME|FILE": words("toy", "regtest", "main"),

	"color": words("auto", "always", "never"), "node": (*app).namesNow, "network": words("toy", "regtest", "main"),
	"wallet": (*app).walletsNow, "to": (*app).walletsNow, "mine": (*app).walletsNow, "fund": (*app).walletsNow, "coin": (*app).txsNow,
	"log-level": words("debug", "info", "warn", "error"), "format": words("hex", "blk"), "preset": words("toy", "classroom"),
	"shares": words("equal", "linear"), "topology": words("random", "mesh", "line", "ring", "star"), "words": words("12", "24"),
	"by":       words("chain", "written"),
	"world":    words(worldReal, worldSim),
	"only":     words(votes.Names()...),
	"strategy": words("sm1", "lead-stubborn", "equal-fork-stubborn", "optimal"),
}

// mayBeFile are the words and flags for which a file will do; unknowable are those of which
// nothing can be known: numbers, new names, texts, addresses of other machines.
var (
	mayBeFile  = []string{"FILE", "DIR", "FILE|DIR", "NAME|FILE", "SCRIPT", "REPORT", "network"}
	unknowable = []string{"N", "NAME", "AMOUNT", "RATE", "TEXT", "WORDS", "MESSAGE", "SIGNATURE", "MULTIADDR"}
)

// placesOf returns the words for the arguments in a command's usage, without flags.
func placesOf(cmd *cobra.Command) []string {
	use := regexp.MustCompile(`-o FILE|[][]|\.\.\.`).ReplaceAllString(cmd.Use, " ")
	return strings.Fields(use)[1:]
}

// teach registers the completers of all commands.
func (a *app) teach(cmd *cobra.Command) {
	places := append(placesOf(cmd), "N")
	if !cmd.HasSubCommands() { // else cobra offers those
		last := max(len(places)-2, 0) // which is for all that follow
		cmd.ValidArgsFunction = a.offer(func(given []string) string { return places[min(len(given), last)] })
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if completers[f.Name] != nil && f.Value.Type() != "int32" { // heights are called --to as well
			_ = cmd.RegisterFlagCompletionFunc(f.Name, a.offer(func([]string) string { return f.Name }))
		}
	})
	for _, sub := range cmd.Commands() {
		a.teach(sub)
	}
}

// offer returns cobra's form of the completer of a word or a flag.
func (a *app) offer(word func(given []string) string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, given []string, begun string) (out []cobra.Completion, _ cobra.ShellCompDirective) {
		a.note(cmd)
		_ = a.fill(cmd) // what is wrong there is said when the command runs
		if c := completers[word(given)]; c != nil {
			out = c(a, given)
		}
		for i := range out { // in a list, like n1,n2, the last element
			out[i] = begun[:strings.LastIndexByte(begun, ',')+1] + out[i]
		}
		if slices.Contains(mayBeFile, word(given)) {
			return out, cobra.ShellCompDirectiveDefault
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

func words(list ...string) completer {
	return func(*app, []string) []string { return slices.Clone(list) }
}

// asking returns a node that answers soon or not at all.
func (a *app) asking() (context.Context, context.CancelFunc, target, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	n, err := a.dial()
	return ctx, cancel, n, err
}

// namesNow returns the names of the testnet's nodes.
func (a *app) namesNow([]string) []string {
	t, err := testnet.Open(a.testnetFolder())
	if err != nil {
		return nil
	}
	return t.Names()
}

// nodesNow is namesNow for commands that take several.
func (a *app) nodesNow(given []string) []string { return append(a.namesNow(given), "all") }

func (a *app) walletsNow([]string) []string { return a.walletNames() }

func (a *app) blocksNow([]string) []string { return a.hashesNow("block", block.Hash.Short) }

func (a *app) txsNow([]string) []string { return a.hashesNow("transaction", block.Hash.String) }

// hashesNow returns what find searches, the newest first.
func (a *app) hashesNow(kind string, text func(block.Hash) string) (out []string) {
	ctx, cancel, n, err := a.asking()
	defer cancel()
	if err != nil {
		return nil
	}
	all, _ := hashes(ctx, n, kind)
	for _, h := range slices.Backward(all) {
		out = append(out, text(h))
	}
	return out
}

func (a *app) peersNow([]string) []string {
	ctx, cancel, n, err := a.asking()
	defer cancel()
	if err != nil {
		return nil
	}
	peers, _ := rpc.GetPeerInfo.Call(ctx, n.Client, rpc.None{})
	names, out := a.peerNames(), []string{"all"}
	for _, p := range peers {
		out = append(out, cmp.Or(names[p.PeerID], p.PeerID))
	}
	return out
}

func methodsNow(*app, []string) []string { return slices.Sorted(maps.Keys(server.Methods())) }

// rpcArgsNow returns what fits an argument of the method.
func (a *app) rpcArgsNow(given []string) []string {
	if given[0] == "help" {
		return methodsNow(a, nil)
	}
	params := server.Methods()[given[0]]
	if len(given) > len(params) {
		return nil
	}
	switch p := params[len(given)-1]; {
	case p.Is("blockhash"), p.Is("hash_or_height"):
		return a.blocksNow(nil)
	case p.Is("txid"):
		return a.txsNow(nil)
	case p.Is("address"):
		return a.walletsNow(nil)
	}
	return nil
}

// commandsNow returns the commands below those that are given, and the topics.
func (a *app) commandsNow(given []string) (out []string) {
	about, rest, err := a.command.Root().Find(given)
	if err != nil || len(rest) > 0 {
		return nil
	}
	for _, sub := range about.Commands() {
		if sub.IsAvailableCommand() {
			out = append(out, sub.Name()+"\t"+sub.Short)
		}
	}
	for _, t := range a.Topics {
		if len(given) == 0 {
			out = append(out, t.Name+"\ttopic")
		}
	}
	return out
}
