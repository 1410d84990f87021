package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"toychain/block"
	"toychain/rpc"
	"toychain/rpc/server"
	"toychain/testnet"
)

// What the shell offers while a command is typed.

// completer returns what fits an argument, given those before it; what has begun is cut off
// by the shell. A tab may separate a word from what it means. Nothing is an answer too: a node
// may not run.
type completer func(a *app, given []string) []string

// free is an argument of which nothing can be known: a number, a new name, a text.
func free(*app, []string) []string { return nil }

// filesOf is an argument that is a file or a directory: the shell offers those.
func filesOf(*app, []string) []string { return nil }

// completers maps commands to a completer for each argument. The last one is for all that
// follow.
var completers = map[string][]completer{
	"mine":                      {free},
	"wallet create":             {free},
	"wallet restore":            {free},
	"wallet send":               {(*app).walletsNow, free},
	"wallet sign":               {(*app).walletsNow, free},
	"wallet verify":             {(*app).walletsNow, free},
	"chain block":               {(*app).blocksNow},
	"chain tx":                  {(*app).txsNow},
	"chain import":              {filesOf},
	"peers add":                 {free},
	"peers drop":                {(*app).peersNow},
	"peers ban":                 {(*app).peersNow},
	"testnet up":                {free},
	"testnet partition":         {(*app).nodesNow},
	"testnet kill":              {(*app).nodesNow},
	"testnet pause":             {(*app).nodesNow},
	"testnet resume":            {(*app).nodesNow},
	"testnet wipe":              {(*app).nodesNow},
	"testnet corrupt":           {(*app).nodesNow},
	"testnet restart":           {(*app).nodesNow},
	"testnet clock":             {(*app).nodesNow},
	"testnet logs":              {(*app).nodesNow},
	"testnet hashrate":          {(*app).nodesNow},
	"testnet connect":           {(*app).shapesNow},
	"testnet link":              {(*app).nodesNow, (*app).nodesNow, words("delay", "jitter", "loss", "bandwidth", "one-way", "cut", "perfect")},
	"testnet run":               {filesOf},
	"testnet report":            {filesOf},
	"testnet replay":            {filesOf},
	"testnet export compose":    {free},
	"testnet export kubernetes": {free},
	"network show":              {words("toy", "regtest", "main")},
	"rpc":                       {methodsNow, (*app).rpcArgsNow},
	"man":                       {filesOf},
	"help":                      {(*app).commandsNow},
}

// flagCompleters maps flags to completers; those of one name mean the same in all commands.
var flagCompleters = map[string]completer{
	"color": words("auto", "always", "never"), "node": (*app).namesNow, "network": words("toy", "regtest", "main"),
	"wallet": (*app).walletsNow, "to": (*app).walletsNow, "mine": (*app).walletsNow, "fund": (*app).walletsNow, "coin": (*app).txsNow,
	"log-level": words("debug", "info", "warn", "error"), "format": words("hex", "blk"), "preset": words("toy", "classroom"), "words": words("12", "24"),
}

// mayBeFile are the arguments and flags for which a file will do, beside the words that are offered.
var mayBeFile = []string{"network", "network show", "chain import", "testnet run", "testnet report", "testnet replay", "man"}

// teach registers the completers of all commands.
func (a *app) teach(cmd *cobra.Command) {
	list := completers[pathOf(cmd)]
	if !cmd.HasSubCommands() { // else cobra offers those
		cmd.ValidArgsFunction = a.offer(pathOf(cmd), func(given []string) completer {
			if len(list) == 0 {
				return free
			}
			return list[min(len(given), len(list)-1)]
		})
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if c := flagCompleters[f.Name]; c != nil && f.Value.Type() != "int32" { // heights are called --to as well
			_ = cmd.RegisterFlagCompletionFunc(f.Name, a.offer(f.Name, func([]string) completer { return c }))
		}
	})
	for _, sub := range cmd.Commands() {
		a.teach(sub)
	}
}

// offer returns cobra's form of the completers of one command or flag.
func (a *app) offer(name string, of func(given []string) completer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, given []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		a.note(cmd)
		_ = a.fill(cmd) // what is wrong there is said when the command runs
		out := of(given)(a, given)
		if head, ok := lastComma(begun); ok { // in a list: n1,n2
			for i := range out {
				out[i] = head + out[i]
			}
		}
		if slices.Contains(mayBeFile, name) {
			return out, cobra.ShellCompDirectiveDefault
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// lastComma returns what is before the last element of a list, with its comma.
func lastComma(s string) (string, bool) {
	i := strings.LastIndexByte(s, ',')
	return s[:i+1], i >= 0
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

// blocksNow returns the last blocks of every branch, the highest first.
func (a *app) blocksNow([]string) (out []string) {
	ctx, cancel, n, err := a.asking()
	defer cancel()
	if err != nil {
		return nil
	}
	tip, err := n.BlockCount(ctx)
	if err != nil {
		return nil
	}
	tree, _ := n.Tree(ctx, max(tip-50, 0))
	slices.SortFunc(tree.Blocks, func(a, b rpc.TreeBlock) int { return cmp.Compare(b.Height, a.Height) })
	for _, b := range tree.Blocks {
		out = append(out, fmt.Sprintf("%s\theight %d, %s", b.Hash.Short(), b.Height, b.Status))
	}
	return out
}

// txsNow returns the pending transactions, and those of the last blocks.
func (a *app) txsNow([]string) (out []string) {
	ctx, cancel, n, err := a.asking()
	defer cancel()
	if err != nil {
		return nil
	}
	pending, err := n.RawMempool(ctx)
	for _, id := range pending {
		out = append(out, id.String()+"\tpending")
	}
	tip, failed := n.BlockCount(ctx)
	if err != nil || failed != nil {
		return out
	}
	blocks, _ := n.BlocksFrom(ctx, max(tip-9, 0), 10)
	for i, b := range slices.Backward(blocks) {
		for _, tx := range b.Txs {
			out = append(out, fmt.Sprintf("%s\theight %d", tx.ID(), max(tip-9, 0)+block.Height(i)))
		}
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

// shapesNow returns the shapes, and the pairs of nodes.
func (a *app) shapesNow(given []string) []string {
	out := []string{"mesh", "line", "ring", "star"}
	t, err := testnet.Open(a.testnetFolder())
	if err != nil {
		return out
	}
	if len(given) > 0 {
		out = nil // a shape stands alone
	}
	for i, x := range t.Names() {
		for _, y := range t.Names()[i+1:] {
			out = append(out, x+"-"+y)
		}
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
			out = append(out, t.Name+"\t"+t.Short)
		}
	}
	return out
}
