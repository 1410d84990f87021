package main

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every argument in the usage of a command has a completer, be it one that offers nothing; and
// no completer is of an argument that is not there.
func TestEveryArgumentHasACompleter(t *testing.T) {
	taken := make(map[string]bool)
	var none []string
	check := func(cmd *cobra.Command) {
		path := pathOf(cmd)
		if strings.HasPrefix(path, "completion ") {
			return
		}
		use := regexp.MustCompile(`\[?-o FILE\]?|[][]|\.\.\.`).ReplaceAllString(cmd.Use, " ")
		places := strings.Fields(use)[1:]
		if cmd.HasSubCommands() {
			places = nil
		}
		switch list, known := completers[path]; {
		case len(places) > 0 && !known:
			t.Errorf("%s: add its arguments, %s, to completers (complete.go)", path, places)
		case len(places) == 0 && known:
			t.Errorf("%s takes no arguments, and completers has some", path)
		case known && len(list) > len(places):
			t.Errorf("%s takes %d arguments, and completers has %d", path, len(places), len(list))
		case known:
			for i, p := range places {
				if isFree(list[min(i, len(list)-1)]) {
					none = append(none, path+" "+p)
				}
			}
		}
		taken[path] = true
	}
	eachCommand(check)
	for path := range completers {
		if !taken[path] {
			t.Errorf("completers has %q, and there is no such command", path)
		}
	}
	// These are numbers, new names, texts, files, or addresses of other machines.
	want := []string{"mine N", "wallet create NAME", "wallet restore NAME", "wallet send AMOUNT", "wallet sign MESSAGE",
		"wallet verify SIGNATURE", "wallet verify MESSAGE", "chain import FILE|DIR", "peers add MULTIADDR", "testnet up N", "testnet run FILE", "testnet report SCRIPT", "testnet replay REPORT",
		"testnet export compose N", "testnet export kubernetes N", "man DIR"}
	for _, n := range none {
		if !slices.Contains(want, n) {
			t.Errorf("%s has no completion", n)
		}
	}
}

// isFree reports whether a completer is one of those that offer nothing.
func isFree(c completer) bool {
	at := func(c completer) uintptr { return reflect.ValueOf(c).Pointer() }
	return at(c) == at(free) || at(c) == at(filesOf)
}
