package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"toychain/cmd/internal/cli"
	"toychain/wallet"
)

// inProcess runs the program in this process, in an empty home, and returns its exit code and what
// it wrote to stderr.
func inProcess(t *testing.T, args ...string) (int, string) {
	t.Helper()
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	a := &app{Terminal: cli.Terminal{Stdin: os.Stdin, Stdout: cli.NewOutput(stderr), Stderr: cli.NewOutput(stderr)}, workFactor: wallet.CheapWorkFactor}
	root := a.rootCommand()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(t.Context())
	code := a.Report(t.Context(), cmd, a.explain(err), exitCode)
	text, err := os.ReadFile(stderr.Name())
	if err != nil {
		t.Fatal(err)
	}
	return code, string(bytes.TrimSpace(text))
}

// eachCommand calls f with every command that does something by itself.
func eachCommand(f func(*cobra.Command)) {
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if !cmd.HasSubCommands() || cmd.LocalNonPersistentFlags().Lookup("json") != nil { // else it only holds others
			f(cmd)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk((&app{}).rootCommand())
}

// sampleArgs returns arguments that a command takes, by its usage.
func sampleArgs(cmd *cobra.Command, least int) (out []string) {
	use := regexp.MustCompile(`\[[^]]*\]`).ReplaceAllString(cmd.Use, "")
	for range max(len(strings.Fields(use))-1, least) {
		out = append(out, "1")
	}
	return out
}

// sample returns a flag with a value that it takes, or an argument's place.
func sample(t *testing.T, cmd *cobra.Command, name string) string {
	t.Helper()
	f := cmd.Flags().Lookup(name)
	if f == nil {
		f = cmd.InheritedFlags().Lookup(name)
	}
	if f == nil {
		t.Fatalf("%s has no flag --%s", cmd.CommandPath(), name)
	}
	value := map[string]string{"bool": "true", "duration": "1s"}[f.Value.Type()]
	if value == "" {
		value = "1"
	}
	return "--" + name + "=" + value
}

// Whatever a command has no use for is refused when it is typed, before anything is done.
func TestNothingIsIgnored(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	pairs := 0
	eachCommand(func(cmd *cobra.Command) {
		if strings.HasPrefix(pathOf(cmd), "completion") || pathOf(cmd) == "help" {
			return
		}
		var known = heeds(cmd)
		cmd.Root().PersistentFlags().VisitAll(func(f *pflag.Flag) {
			if slices.Contains(known, f.Name) || cmd.LocalNonPersistentFlags().Lookup(f.Name) != nil {
				return
			}
			args := append(append(strings.Fields(pathOf(cmd)), sampleArgs(cmd, 0)...), sample(t, cmd, f.Name))
			code, said := inProcess(t, args...)
			if code != cli.ExitUsage || !strings.Contains(said, "has no use for it") {
				t.Errorf("%s: %d, %s", args, code, said)
			}
		})
		refused := func(words []string, want string) {
			args := strings.Fields(pathOf(cmd))
			var flags []string
			places := 0
			for _, w := range words {
				if n, ok := strings.CutPrefix(w, "ARG"); ok {
					places = int(n[0] - '0')
				} else if cmd.Flags().Lookup(w) == nil && cmd.InheritedFlags().Lookup(w) == nil {
					return // this command lacks it
				} else {
					flags = append(flags, sample(t, cmd, w))
				}
			}
			pairs++
			args = append(append(args, sampleArgs(cmd, places)...), flags...)
			if code, said := inProcess(t, args...); code != cli.ExitUsage || !strings.Contains(said, want) && !strings.Contains(said, "has no use for it") {
				t.Errorf("%s: %d, %s", args, code, said)
			}
		}
		for _, list := range clashesOf(pathOf(cmd)) {
			words := strings.Fields(list)
			for _, other := range words[1:] {
				refused([]string{words[0], other}, "exclude each other: give one of them")
			}
		}
		for _, list := range slices.Concat(wants[""], wants[pathOf(cmd)]) {
			one, needs, _ := strings.Cut(list, " ")
			if cmd.Flags().Lookup(needs) != nil || cmd.InheritedFlags().Lookup(needs) != nil {
				refused([]string{one}, "means nothing without --"+needs)
			}
		}
	})
	if pairs < 100 {
		t.Errorf("only %d pairs", pairs)
	}
}

// The tables name commands and flags that there are.
func TestHeedTables(t *testing.T) {
	root := (&app{}).rootCommand()
	check := func(path string, words ...string) {
		cmd, rest, err := root.Find(strings.Fields(path))
		if err != nil || len(rest) > 0 {
			t.Errorf("there is no command %q", path)
			return
		}
		for _, w := range words {
			if path != "" && !strings.HasPrefix(w, "ARG") && cmd.Flags().Lookup(w) == nil && cmd.InheritedFlags().Lookup(w) == nil {
				t.Errorf("%q has no flag --%s", path, w)
			}
		}
	}
	for path, flags := range heeded {
		check(path, strings.Fields(flags)...)
	}
	for _, table := range []map[string][]string{clashes, wants} {
		for path, lists := range table {
			check(path, strings.Fields(strings.Join(lists, " "))...)
		}
	}
}

// The same mistake has the same exit code, whatever the command.
func TestExitCodes(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("TOYCHAIN_PASSPHRASE", "") // "node run" would start this process anew to be rid of it
	os.Unsetenv("TOYCHAIN_PASSPHRASE")
	const address = "mkpZhYtJu2r87Js3pDiWJDmPte2NRZ8bJV"
	for _, mistake := range []struct {
		name     string
		code     int
		commands []string
	}{
		{"no address", cli.ExitUsage, []string{"wallet send 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa 1", "mine 1 --to x", "node run --mine x", "testnet up 2 --mine x",
			"testnet export compose 2 --mine x", "testnet export kubernetes 2 --mine x", "wallet sign x hello", "wallet verify x sig hello"}},
		{"no amount", cli.ExitUsage, []string{"wallet send " + address + " x", "wallet send " + address + " 0", "wallet send " + address + " 1e99",
			"network new --name a --subsidy x", "network new --name a --subsidy 1e99"}},
		{"no number", cli.ExitUsage, []string{"mine x", "testnet up x", "testnet export compose x", "chain tree --from x", "chain export --from x", "chain stale --to x",
			"chain verify --blocks x", "chain reorgs --limit x", "wallet create --words x", "wallet restore --gap x", "node run --threads x", "wallet send " + address + " 1 --fee-rate x"}},
		{"a number that is not possible", cli.ExitUsage, []string{"mine 0", "testnet up 0", "testnet export compose 51", "chain tree --from=-1", "chain export --from=-1",
			"chain stale --from=-1", "chain verify --blocks=-1", "chain reorgs --limit=-1", "wallet create --words 13", "wallet restore --gap 0", "node run --threads=-1",
			"testnet up 2 --hashrate=-1", "testnet export compose 2 --port 70000", "testnet up 2 --window=-1", "network new --name a --window=-1", "network new --name a --maturity=-1",
			"wallet send " + address + " 1 --fee-rate=-1"}},
		{"no time", cli.ExitUsage, []string{"testnet slo --for x", "testnet slo --for 0s", "peers ban a --for x", "testnet clock n1 --fast x", "testnet link n1 n2 --delay 5", "node run --clock-offset x",
			"network new --name a --spacing x"}},
		{"no key of a node", cli.ExitUsage, []string{"node run --node-key x", "node run --node-key AAAA", "node run --node-key CAASBA"}},
		{"a clock that no node takes", cli.ExitUsage, []string{"node run --clock-offset 999999h"}},
		{"no address of a node or peer", cli.ExitUsage, []string{"chain info --rpc x", "chain info --rpc x:y", "node run --rpc x", "node run --peer x", "node run --peer /ip4/127.0.0.1/tcp/1",
			"node run --listen x"}},
		{"a name that cannot be", cli.ExitUsage, []string{"wallet create .x", "wallet create " + strings.Repeat("x", 65), "network new --name a/b", "network new --name testnet", "wallet create --wallet="}},
		{"no signature", cli.ExitUsage, []string{"wallet verify " + address + " x hello", "wallet verify " + address + " AAAA hello"}},
		{"unknown commands, flags and arguments", cli.ExitUsage, []string{"x", "chain x", "testnet x", "chain info --x", "chain info x", "version x", "help x", "demo x", "wallet create a b"}},
		{"missing arguments", cli.ExitUsage, []string{"mine", "wallet send", "wallet send " + address, "wallet sign", "chain tx", "peers add", "peers ban", "testnet kill", "testnet partition n1", "testnet run", "rpc"}},
		{"no such file", cli.ExitError, []string{"network show x", "chain info --network x", "wallet create --passphrase-file x", "testnet run x"}},
		{"no testnet", cli.ExitError, []string{"testnet status", "testnet tree", "testnet kill n1", "testnet down", "chain info --node n1", "mine 1 --node n1", "wallet list --node n1"}},
		{"no wallet", cli.ExitError, []string{"wallet balance", "wallet address --wallet a", "wallet words", "mine 1", "wallet sign " + address + " hello", "wallet send " + address + " 1"}},
		{"no node", cli.ExitUnreachable, []string{"chain info --rpc 127.0.0.1:1", "peers list --rpc 127.0.0.1:1", "rpc uptime --rpc 127.0.0.1:1", "node health --rpc 127.0.0.1:1", "mine 1 --rpc 127.0.0.1:1 --to " + address,
			"chain export --rpc 127.0.0.1:1", "chain info --datadir " + t.TempDir()}},
	} {
		for _, line := range mistake.commands {
			if code, said := inProcess(t, strings.Fields(line)...); code != mistake.code {
				t.Errorf("%s: %s: exit code %d, want %d\n%s", mistake.name, line, code, mistake.code, said)
			}
		}
	}
}
