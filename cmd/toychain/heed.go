package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"toychain/cmd/internal/cli"
)

// Nothing that the user types is ignored: a flag that a command has no use for is refused, and
// so are two of which one would count for nothing. What the environment and the file of
// settings say is for all commands, and gives way.

const (
	asksNode  = "network node dir rpc cookie rpc-user rpc-password rpc-password-file"
	hasWallet = "network node dir" // a testnet's node says which network
)

// heeded maps commands, without "toychain", to the flags of every command that they heed, beside
// --color, --ascii and --datadir. What a command says also holds for those below it, unless they say
// otherwise.
var heeded = map[string]string{
	"":              "",
	"node run":      "network rpc rpc-user rpc-password rpc-password-file",
	"node health":   "network node dir rpc", // it needs no password
	"mine":          asksNode,
	"wallet":        asksNode,
	"wallet create": hasWallet,
	"wallet words":  hasWallet,
	"wallet sign":   hasWallet,
	"wallet verify": hasWallet,
	"chain":         asksNode,
	"chain reindex": hasWallet,
	"chat":          asksNode,
	"peers":         asksNode,
	"testnet":       "network dir",
	"testnet run":   "",
	"explorer":      "network dir node cookie rpc-user rpc-password rpc-password-file",
	"network show":  "network",
	"rpc":           asksNode,
}

// clashes maps commands to flags that exclude each other: the first of each list excludes all
// others. Those of "" hold for every command that has them. In capitals are arguments, by
// their place on the command line.
var clashes = map[string][]string{
	"":                          {"rpc node dir", "node cookie rpc-user rpc-password rpc-password-file", "cookie rpc-user rpc-password rpc-password-file", "rpc-password rpc-password-file", "json raw", "no-passphrase passphrase-file", "student seed"},
	"mine":                      {"to wallet", "forever ARG1"},
	"wallet create":             {"ARG1 wallet"},
	"wallet restore":            {"ARG1 wallet"},
	"wallet send":               {"all ARG2", "dry-run wait"},
	"chain tree":                {"json legend out", "out legend follow"},
	"testnet tree":              {"json legend out", "out legend follow"},
	"demo":                      {"step pace"},
	"explorer":                  {"trace scenario node dir network cookie rpc-user", "scenario node dir network cookie rpc-user", "export node listen"},
	"peers ban":                 {"lift for"},
	"testnet replay":            {"at step speed", "json step speed legend", "trace ARG1 dir network"},
	"sim":                       {"trace light"},
	"testnet run":               {"verbs ARG1 update keep quiet json world seed"},
	"testnet link":              {"clear delay jitter loss bandwidth one-way cut"},
	"testnet clock":             {"right fast slow", "fast slow"},
	"testnet export compose":    {"out dir"},
	"testnet export kubernetes": {"out dir"},
	"network show":              {"ARG1 network"},
	"sim swarm":                 {"replay seeds from time json"},
	"lab difficulty":            {"growth hop collapse timestamps timewarp", "hop collapse timestamps timewarp", "collapse timestamps timewarp", "timestamps timewarp"},
}

// wants maps commands to pairs of flags of which the first means nothing without the second.
var wants = map[string][]string{
	"":             {"rpc-password rpc-user", "rpc-password-file rpc-user", "gap discover"},
	"chain export": {"force out"},
	"network new":  {"force out"},
	"testnet up":   {"passphrase-file fund", "no-passphrase fund"},

	"explorer":       {"world scenario", "seed scenario"},
	"sim swarm":      {"shrink replay", "all replay"},
	"lab partition":  {"window retarget"},
	"lab selfish":    {"window retarget"},
	"lab difficulty": {"attacker timestamps", "ahead timestamps"},
}

// clashesOf returns the lists of clashes that hold for a command. The explorer's --node is an address,
// which may need a password.
func clashesOf(path string) []string {
	general := clashes[""]
	if path == "explorer" {
		general = slices.DeleteFunc(slices.Clone(general), func(list string) bool { return strings.HasPrefix(list, "node ") })
	}
	return slices.Concat(general, clashes[path])
}

// pathOf returns the path of a command without the program's name.
func pathOf(cmd *cobra.Command) string {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	return path
}

// heeds returns the flags of every command that one heeds.
func heeds(cmd *cobra.Command) []string {
	for ; ; cmd = cmd.Parent() {
		if flags, ok := heeded[pathOf(cmd)]; ok {
			return append(strings.Fields(flags), "color", "ascii", "datadir")
		}
	}
}

// checkTyped rejects flags and arguments that would be ignored.
func (a *app) checkTyped(cmd *cobra.Command, given []string) (err error) {
	known := heeds(cmd)
	cmd.Root().PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if err == nil && a.typed[f.Name] && cmd.LocalNonPersistentFlags().Lookup(f.Name) == nil && !slices.Contains(known, f.Name) {
			err = cli.Usagef("--%s: %s has no use for it: leave it out", f.Name, cmd.CommandPath())
		}
	})
	if err != nil {
		return err
	}
	path := pathOf(cmd)
	for _, list := range clashesOf(path) {
		words := strings.Fields(list)
		for _, other := range words[1:] {
			if a.isTyped(words[0], given) && a.isTyped(other, given) {
				return cli.Usagef("%s: %s and %s exclude each other: give one of them", cmd.CommandPath(), asTyped(words[0], given), asTyped(other, given))
			}
		}
	}
	for _, list := range slices.Concat(wants[""], wants[path]) {
		one, needs, _ := strings.Cut(list, " ")
		if f := cmd.Flags().Lookup(needs); a.typed[one] && f != nil && !f.Changed {
			return cli.Usagef("%s: --%s means nothing without --%s", cmd.CommandPath(), one, needs)
		}
	}
	return nil
}

// isTyped reports whether a flag, or an argument called ARG and its number, was typed.
func (a *app) isTyped(word string, given []string) bool {
	if n, ok := strings.CutPrefix(word, "ARG"); ok {
		return len(given) >= int(n[0]-'0')
	}
	return a.typed[word]
}

func asTyped(word string, given []string) string {
	if n, ok := strings.CutPrefix(word, "ARG"); ok {
		return given[n[0]-'1']
	}
	return "--" + word
}
