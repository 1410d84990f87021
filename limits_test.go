package toychain_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// limits names, for each constant in the files of limits, the tests of its edge, in the same
// package unless another is named; or, after a dash, why there is nothing to test.
var limits = map[string]map[string]string{
	"p2p/limits.go": {
		"MaxMessage":       "TestFrameLimits TestPublishLimits TestGossipedMessagesAreLimited TestRequestBlocks",
		"maxGossip":        "TestGossipedMessagesAreLimited",
		"maxMemory":        "TestBudget TestReserved testnet/rogue.TestFloodsOfManyKeys",
		"minServing":       "TestReserved TestSlowReadersAreCutOff",
		"minReceiving":     "TestReserved TestHalfSentGossip",
		"smallMessage":     "TestHalfSentGossip",
		"unmarshalFactor":  "TestHalfSentGossip",
		"minJudging":       "TestReserved TestArrivals",
		"judgedFactor":     "TestArrivals",
		"maxResponses":     "TestResponsesAtOnce",
		"maxJunk":          "TestJunkBudget",
		"maxJunkTime":      "TestJunkBudget",
		"maxIgnored":       "TestJunkIsIgnored",
		"slowAfter":        "TestBudget",
		"MaxAddrs":         "TestPeersLimit",
		"MaxAddr":          "TestLongestAddress",
		"MaxAgent":         "TestStatusRoundTrip TestGarbageRequestsAreBanned",
		"MaxOut":           "TestStopsCallingAtMaxOut TestHealsKeepTheDegree",
		"DefaultMaxIn":     "TestIdleKeysDoNotLockOut TestMaxIn",
		"protectedGroups":  "TestSelectToEvict",
		"protectedPings":   "TestSelectToEvict",
		"protectedTxs":     "TestSelectToEvict",
		"protectedBlocks":  "TestSelectToEvict",
		"evictedWait":      "TestEvictedWaits",
		"maxHandshakes":    "TestHandshakes TestHalfOpenConnections",
		"moreConns":        "TestHalfOpenConnections",
		"connsOfPeer":      "TestConnectionsOfOnePeer",
		"maxStreams":       "TestStreamsOfOnePeer TestHalfOpenStreams",
		"maxSyncStreams":   "TestStreamsOfOnePeer TestSlowReader",
		"maxRequests":      "TestAskingIsBounded",
		"blockValidations": "TestSlowBlocksDoNotHoldUpTxs",
		"txValidations":    "TestBurst",
		"gossipQueue":      "TestBurst",
		"maxTried":         "TestBookAddresses",
		"maxNew":           "TestTenKeysDoNotFillTheBook",
		"maxFromSource":    "TestTenKeysDoNotFillTheBook",
		"maxFromGroup":     "TestTenKeysDoNotFillTheBook",
		"maxAddrs":         "TestBookAddresses",
		"maxHeard":         "TestBookAddresses",
		"maxFailures":      "TestBookBackoff",
		"healDials":        "TestBookCut",
		"healEvery":        "TestBookHealOneByOne",
		"cutWithin":        "TestBookCut",
		"tellAtOnce":       "TestTellRate",
		"tellPerMinute":    "TestTellRate",
		"dialsAtOnce":      "TestDialRate",
		"dialsPerMinute":   "TestDialRate",
		"frameTimeout":     "TestTimeouts",
		"requestTimeout":   "TestTimeouts",
		"statusEvery":      "TestBusyNodeRepeatsItsStatus",
		"statusSilence":    "TestTimeouts",
		"topicWait":        "TestSilentPeers",
		"dialTimeout":      "TestSilentPeers",
		"connectTimeout":   "TestSilentPeers",
		"redialFirst":      "TestBookBackoff",
		"redialKept":       "TestBookBackoff",
		"redialFound":      "TestBookBackoff",
		"BanTime":          "TestBanLastsTenMinutes",
	},
	"peer/limits.go": {
		"MaxHeaders":     "p2p.TestFrameLimits p2p.TestRequestHeaders p2p.TestGarbageAnswersAreBanned engine.TestFullAnswerAsksOn",
		"MaxLocator":     "p2p.TestFrameLimits p2p.TestLongestRequests p2p.TestGarbageRequestsAreBanned",
		"MaxBlocksAsked": "p2p.TestLongestRequests p2p.TestGarbageRequestsAreBanned p2p.TestRequestBlocks engine.TestBlocksInFlight engine.FuzzEngine",
		"MaxTxsAsked":    "p2p.TestLongestRequests p2p.TestGarbageRequestsAreBanned p2p.TestRequestPoolAndTxs",
		"MaxPoolIDs":     "p2p.TestFrameLimits p2p.TestRequestPoolAndTxs p2p.TestGarbageAnswersAreBanned",
	},
	"engine/limits.go": {
		"blockWindow":       "TestBlockWindow",
		"minStall":          "TestStall TestStallingPeer",
		"maxStall":          "TestStall TestHeadersStall",
		"maxOrphanBlocks":   "TestOrphanBlocksAreBounded FuzzEngine",
		"maxOrphanBytes":    "TestOrphanBytesAreBounded testnet/rogue.TestFloods",
		"maxSideDepth":      "TestTooFar TestDeepHeadersWithoutAClaim",
		"maxSideBytes":      "TestSideBudget testnet/rogue.TestBulk",
		"maxPeerSideBytes":  "TestSideBudget testnet/rogue.TestBulk",
		"headersAhead":      "TestHeadersAhead",
		"maxUselessHeaders": "TestIdleHeaders",
		"maxEmptyClaims":    "TestEmptyClaims testnet/rogue.TestFloods",
		"maxPresyncHeaders": "TestHeadersShown",
		"flushBlocks":       "TestFlushes",
		"flushBytes":        "TestFlushes",
		"maxTipAge":         "TestMaxTipAge",
		"syncWithin":        "TestDue",
		"announceWithin":    "TestAnnouncesOnce",
		"txsPerRequest":     "TestTxsPerAsk",
		"maxTxRequests":     "TestTxAsks",
		"minMempoolWait":    "TestPoolIsAskedForAgain",
		"maxMempoolWait":    "TestPoolIsAskedForAgain",
	},
	"node/limits.go": {
		"checkBlocks":   "store.TestTreeLooksAtTheLastBlocks",
		"deepMove":      "TestLooksInTheMiddle",
		"tellMoveEvery": "TestLooksInTheMiddle",
		"minTick":       "- how often we look, not a limit",
		"idleAfter":     "- when memory is given back, not a limit",
	},
	"rpc/server/limits.go": {
		"maxConns":         "TestStrangersCloseNoKnownConnection",
		"maxStrangers":     "TestHalfOpen TestSlowClients TestStrangersCloseNoKnownConnection",
		"maxValues":        "TestMaxValues TestBodyCosts",
		"maxHeaderBytes":   "TestGarbage",
		"maxBody":          "TestBodyTooLarge",
		"maxBatch":         "TestBodyTooLarge",
		"maxBatchAnswer":   "TestBatchAnswer",
		"maxCalls":         "TestWorkQueue TestSlowReaders",
		"maxWaiting":       "TestWorkQueue",
		"maxWait":          "- the end of a context",
		"maxLarge":         "TestLargeAnswers",
		"maxLong":          "TestSlowClients",
		"maxStreams":       "TestTooManyStreams",
		"maxREST":          "TestRESTLimits",
		"maxRESTBody":      "TestRESTLimits",
		"maxRESTHeaders":   "TestREST TestRESTLimits",
		"maxRESTOutpoints": "TestRESTLimits",
		"headerTimeout":    "- net/http's ReadHeaderTimeout",
		"transferTimeout":  "TestDeadlines",
		"idleTimeout":      "- net/http's IdleTimeout",
		"stopTimeout":      "TestStopWakesWaiters",
	},
}

// design holds the figures of DESIGN's section 5: the constant and its value.
var design = map[string]string{
	"block/codec.go MaxMessage":           "4000000",     // message 4 MB
	"peer/limits.go MaxHeaders":           "2000",        // 2,000 headers
	"peer/limits.go MaxLocator":           "101",         // locator 101
	"peer/limits.go MaxBlocksAsked":       "16",          // 16 blocks in flight per peer
	"engine/limits.go minStall":           "2 * Second",  // stall 2
	"engine/limits.go maxStall":           "64 * Second", // to 64 s
	"mempool/policy.go DefaultMaxOrphans": "100",         // orphan transactions 100
	"engine/limits.go maxOrphanBlocks":    "100",         // orphan blocks 100
	"p2p/limits.go BanTime":               "10 * Minute", // refused for ten minutes
}

// stated are the rows of SECURITY.md's table of limits: what it says, and the constants with which
// that is true.
var stated = map[string]map[string]string{
	"| connections of peers | 8 that the node seeks, 56 inbound |":                                                                        {"p2p/limits.go MaxOut": "8", "p2p/limits.go DefaultMaxIn": "56"},
	"| connections that have not said whose they are | 64 |":                                                                              {"p2p/limits.go maxHandshakes": "64"},
	"| memory for what peers send and request | 36 MiB: responses, messages half received and unjudged, blocks without their ancestors |": {"p2p/limits.go maxMemory": "36 << 20"},
	"| a peer's ban | 10 minutes |":                                                                                                       {"p2p/limits.go BanTime": "10 * Minute"},
	"| blocks without a known parent | 100, 4 MiB together |":                                                                             {"engine/limits.go maxOrphanBlocks": "100", "engine/limits.go maxOrphanBytes": "4 << 20"},
	"| side blocks that were not requested | 8 MiB a minute, of one peer 4 MiB |":                                                         {"engine/limits.go maxSideBytes": "8 << 20", "engine/limits.go maxPeerSideBytes": "4 << 20"},
	"| gossip of one peer that is not accepted | 32 MiB a minute |":                                                                       {"p2p/limits.go maxJunk": "32 << 20"},
	"| the mempool | 5 MB of transactions |":                                                                                              {"mempool/policy.go DefaultMaxBytes": "5000000"},
	"| transactions without known coins | 100 |":                                                                                          {"mempool/policy.go DefaultMaxOrphans": "100"},
	"| RPC connections | 1,024 with the password, 1,024 without |":                                                                        {"rpc/server/limits.go maxConns": "1024", "rpc/server/limits.go maxStrangers": "1024"},
	"| RPC calls at once | 80, 16 large answers, and 64 that wait or work for long |":                                                     {"rpc/server/limits.go maxCalls": "16 + 64", "rpc/server/limits.go maxLarge": "16", "rpc/server/limits.go maxLong": "64"},
	"| addresses that a wallet's search believes | 10,000 a branch |":                                                                     {"wallet/wallet.go MaxRestored": "10000"},
}

// SECURITY.md states the limits as they are.
func TestStatedLimits(t *testing.T) {
	text, err := os.ReadFile("SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	for row, want := range stated {
		if !strings.Contains(string(text), row) {
			t.Errorf("SECURITY.md: no row %s", row)
		}
		for where, value := range want {
			file, name, _ := strings.Cut(where, " ")
			if got := constants(t, file)[name]; got != value {
				t.Errorf("SECURITY.md: %s: %s is %s, not %s", row, where, got, value)
			}
		}
	}
}

// Every constant in a file of limits has a row above, every row a constant, and every test
// that a row names exists.
func TestEveryLimitHasATest(t *testing.T) {
	for file, rows := range limits {
		dir := path.Dir(file)
		values := constants(t, file)
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if rows[name] == "" {
				t.Errorf("%s: %s: no test is named for it: add a row to limits", file, name)
			}
		}
		for name, tests := range rows {
			if _, ok := values[name]; !ok {
				t.Errorf("%s: a row for %s, which is not a constant", file, name)
			}
			if strings.HasPrefix(tests, "- ") {
				continue
			}
			for _, test := range strings.Fields(tests) {
				in, name, elsewhere := strings.Cut(test, ".")
				if !elsewhere {
					in, name = dir, test
				}
				if !testsOf(t, in)[name] {
					t.Errorf("%s: there is no test %s.%s", file, in, name)
				}
			}
		}
	}
}

// The limits have the values in DESIGN.
func TestLimitsAreTheDesigns(t *testing.T) {
	for where, want := range design {
		file, name, _ := strings.Cut(where, " ")
		if got, ok := constants(t, file)[name]; !ok || got != want {
			t.Errorf("%s: %s is %q, want %q", file, name, got, want)
		}
	}
}

// constants returns the constants that a file declares, and their expressions without package
// names and underscores.
func constants(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			for i, name := range v.Names {
				if i < len(v.Values) {
					out[name.Name] = strings.NewReplacer("_", "", "time.", "").Replace(types.ExprString(v.Values[i]))
				}
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s declares no constant", file)
	}
	return out
}

// testsOf returns the names of a package's tests and fuzz targets.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no tests: %v", dir, err)
	}
	out := make(map[string]bool)
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", file, err))
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				out[fn.Name.Name] = true
			}
		}
	}
	return out
}
