package server

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"toychain/rpc"
)

// tests has a test for each method.
func tests() map[string]func(*scene) {
	all := make(map[string]func(*scene))
	for _, some := range []map[string]func(*scene){
		blockchainTests, statsTests, txTests, poolTests, miningTests, networkTests, controlTests, ownTests,
	} {
		maps.Copy(all, some)
	}
	return all
}

// TestEveryMethod plays each method's test in a world of its own, and fails for a
// method that has none.
func TestEveryMethod(t *testing.T) {
	all := tests()
	for _, m := range methods {
		test := all[m.Name]
		if test == nil {
			t.Errorf("method %s has no test", m.Name)
			continue
		}
		delete(all, m.Name)
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			test(play(t))
		})
	}
	for name := range all {
		t.Errorf("there is a test of %s, which is no method", name)
	}
}

// Every method that package rpc describes is answered here.
func TestEveryDescriptionIsAnswered(t *testing.T) {
	answered := make(map[string]bool)
	for _, m := range methods {
		answered[m.Name] = true
	}
	files, err := filepath.Glob("../methods_*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`Info\{Name: "(\w+)"`).FindAllStringSubmatch(string(text), -1) {
			if !answered[m[1]] {
				t.Errorf("%s describes %s: add a row to methods", file, m[1])
			}
			delete(answered, m[1])
		}
	}
	if len(answered) > 0 {
		t.Errorf("no description of %v found", answered)
	}
}

// TestTable: the table says enough for help and for named parameters.
func TestTable(t *testing.T) {
	seen := make(map[string]bool)
	for _, m := range methods {
		if seen[m.Name] {
			t.Errorf("%s is in the table twice", m.Name)
		}
		seen[m.Name] = true
		if m.About == "" || !strings.HasSuffix(m.About, ".") && !strings.HasSuffix(m.About, ")") || m.Returns == "" {
			t.Errorf("%s: about %q, returns %q: want sentences", m.Name, m.About, m.Returns)
		}
		if !slices.Contains(rpc.Categories, m.Category) {
			t.Errorf("%s: there is no category %q", m.Name, m.Category)
		}
		optional := false
		for _, p := range m.params {
			if optional && !p.Optional && m.Name != "prioritisetransaction" { // as in Core
				t.Errorf("%s: %s is required, but comes after an optional parameter", m.Name, p.Name)
			}
			optional = p.Optional
			if p.Name == "" || p.About == "" {
				t.Errorf("%s: parameter %q: want a name and an explanation", m.Name, p.Name)
			}
			if !p.Optional && m.Example == "" {
				t.Errorf("%s: the example lacks %s", m.Name, p.Name)
			}
		}
	}
	// DESIGN names these; btcd's client wants getinfo to be missing.
	for _, name := range strings.Fields(`getblockchaininfo getbestblockhash getblockcount getblockhash getblockheader
		getblock getchaintips getdifficulty gettxout gettxoutsetinfo getchaintxstats getblockstats verifychain invalidateblock
		reconsiderblock preciousblock waitfornewblock waitforblockheight getmempoolinfo getrawmempool getmempoolentry
		getrawtransaction createrawtransaction decoderawtransaction sendrawtransaction testmempoolaccept gettxoutproof
		verifytxoutproof getmininginfo getnetworkhashps getblocktemplate submitblock submitheader generatetoaddress
		generateblock getnetworkinfo getpeerinfo getconnectioncount addnode disconnectnode setban listbanned clearbanned
		setnetworkactive ping help stop uptime validateaddress estimatesmartfee getrpcinfo getblocktree getreorgs gettxhistory getstalerate
		getaddressutxos getaddresshistory setpartition setlink setmining setclock`) {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
	if seen["getinfo"] {
		t.Error("getinfo must be missing")
	}
}
