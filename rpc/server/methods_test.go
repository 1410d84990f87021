package server

import (
	"maps"
	"strings"
	"testing"
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
	for _, chapter := range chapters() {
		for _, m := range chapter.methods {
			test := all[m.name]
			if test == nil {
				t.Errorf("method %s has no test", m.name)
				continue
			}
			delete(all, m.name)
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				test(play(t))
			})
		}
	}
	for name := range all {
		t.Errorf("there is a test of %s, which is no method", name)
	}
}

// TestTable: the table says enough for help and for named parameters.
func TestTable(t *testing.T) {
	seen := make(map[string]bool)
	for _, chapter := range chapters() {
		for _, m := range chapter.methods {
			if seen[m.name] {
				t.Errorf("%s is in the table twice", m.name)
			}
			seen[m.name] = true
			if m.about == "" || !strings.HasSuffix(m.about, ".") && !strings.HasSuffix(m.about, ")") || m.returns == "" {
				t.Errorf("%s: about %q, returns %q: want sentences", m.name, m.about, m.returns)
			}
			optional := false
			for _, p := range m.params {
				if optional && !p.optional {
					t.Errorf("%s: %s must be given, but comes after one that need not", m.name, p.name)
				}
				optional = p.optional
				if p.about == "" {
					t.Errorf("%s: %s is not explained", m.name, p.name)
				}
				if !p.optional && m.example == "" {
					t.Errorf("%s: an example without %s cannot be run", m.name, p.name)
				}
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
