// Package toychain_test checks the structure of the source: which package may import which
// other, which packages are pure, and that limits, decoders, failures and pages are complete.
package toychain_test

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// edges lists, for each package, the packages of this module that it may import, each with the
// reason. An edge that is not in the list is a mistake, or a decision to be recorded here.
var edges = map[string]map[string]string{
	"block": {},
	"pow": {
		"block": "it works on headers", "internal/sha256d": "the fast way to hash them",
	},
	"wallet": {
		"block":               "it signs transactions",
		"internal/atomicfile": "its file is whole or not there",
		"internal/nearest":    "the word that a mistyped one was meant to be",
	},
	"peer": {
		"block": "hashes and heights in what a peer says of itself",
	},
	"p2p": {
		"block":               "hashes and headers are what it carries; it must not know what valid means",
		"peer":                "the words that it shares with the engine, RPC and scripts",
		"internal/atomicfile": "the key and the peers are written whole",
	},
	"consensus": {
		"block": "it validates blocks",
		"pow":   "targets and work",
	},
	"network": {
		"block": "hashes and amounts in a file", "pow": "compact targets", "consensus": "the parameters that a file holds",
	},
	"chain": {
		"block": "it keeps blocks", "pow": "work", "consensus": "the rules that it asks",
	},
	"store": {
		"block":     "it keeps blocks",
		"chain":     "it implements chain.Disk and keeps its entries",
		"consensus": "coins and parameters, as values; it must not know a rule",
		"store/ldb": "LevelDB's files; it must not know what is in them",
	},
	"store/ldb": {
		"internal/atomicfile": "names in a directory that a power cut leaves",
	},
	"blockfile": {
		"block": "it reads and writes them; it must not know nodes, networks or rules",
	},
	"mempool": {
		"block": "it keeps transactions",
		"chain": "changes of the tip", "consensus": "what the next block may hold",
	},
	"engine": {
		"block": "", "pow": "work that peers claim", "consensus": "the rules, which it asks", "chain": "the tree", "mempool": "the mempool",
		"peer": "senders and their statuses; it must not know how messages travel",
	},
	"node": {
		"block": "", "pow": "its miner searches nonces", "chain": "the tree", "consensus": "parameters", "engine": "which it drives",
		"mempool": "the mempool's file and policy", "store": "the disk", "store/ldb": "a directory made safe from a power cut",
		"p2p": "the network", "peer": "which peers there are",
		"internal/atomicfile": "the mempool's file is whole or not there",
		"internal/curve":      "the signature check of this build",
	},
	"rpc": {
		"peer":  "lines, which setlink sets",
		"block": "hashes, amounts and transactions in what nodes answer",
		"pow":   "work, as a number; it must not know how a call is answered",
	},
	"rpc/answer": {
		"block": "", "pow": "difficulties", "chain": "trees and journals", "consensus": "coins and parameters", "mempool": "what is pending, and refusals",
		"wallet": "addresses", "rpc": "the types that it makes; it must not know who asks, or where the values are kept",
	},
	"rpc/server": {
		"rpc/answer": "a node in RPC's words",
		"block":      "", "pow": "difficulties and work, as numbers", "chain": "", "consensus": "", "mempool": "", "store": "indexes",
		"p2p": "what is known of peers", "peer": "", "node": "what it serves", "engine": "its answers and events", "rpc": "the types of its answers",
		"wallet":              "addresses; keys never enter a node",
		"internal/atomicfile": "the cookie is read while it is written",
	},
	"payer": {
		"block": "", "wallet": "the keys", "rpc": "the node that knows the coins; it must not know processes",
	},
	"chat": {
		"block": "data carriers", "wallet": "who signed, and the key of a name", "rpc": "a node's history of the board", "payer": "how a message is paid; it must not know processes",
	},
	"testnet/rogue/forge": {
		"block": "what it forges", "pow": "with real work", "consensus": "the rules, to break one at a time; it must not know who gets it",
	},
	"testnet/rogue": {
		"block": "what it floods with", "pow": "work that peers claim", "chain": "its own tree", "consensus": "the rules", "testnet/rogue/forge": "what breaks them",
		"p2p": "the network that it joins", "peer": "the peers that it attacks; it must not know processes, testnets or RPC",
		"internal/chaingen": "a disk in memory",
	},
	"deploy": {},
	"testnet/slo": {
		"block": "", "rpc": "the types of what nodes answer; it must not know how they are asked",
	},
	"testnet/scenario": {
		"block": "", "consensus": "parameters", "network": "a custom one", "wallet": "the people of a script", "payer": "how they pay",
		"pow":          "the genesis block of a script's own network",
		"rpc":          "only the shapes of what nodes tell; it must not know how they are asked",
		"testnet/draw": "the verb tree", "testnet/topology": "names, shapes and groups; it must not know processes",
		"internal/nearest": "the verb that was meant",
	},
	"testnet/scenario/real": {
		"block": "", "chain": "", "consensus": "", "network": "a script's own, as a file", "wallet": "addresses", "rpc": "", "payer": "",
		"testnet": "the processes", "testnet/topology": "", "testnet/scenario": "the world that it implements; it must not know scripts",
		"testnet/rogue": "adversarial peers", "testnet/rogue/forge": "which lies are punished",
	},
	"testnet/scenario/virtual": {
		"block": "", "chain": "trees and journals", "consensus": "", "mempool": "refusals", "wallet": "addresses", "rpc": "",
		"engine": "inputs of nodes", "peer": "statuses of rogues", "sim": "the nodes", "rpc/answer": "nodes in RPC's words",
		"testnet/topology": "", "testnet/scenario": "the world that it implements; it must not know scripts",
		"testnet/rogue/forge": "what rogues send",
	},
	"testnet/replay": {
		"block": "", "rpc": "the types of journals and trees; it must not ask a node",
		"testnet/history": "journals and actions", "testnet/draw": "the tree at every moment; it must not know processes",
	},
	"testnet/replay/recorder": {
		"block": "", "chain": "trees", "engine": "events", "rpc": "", "rpc/answer": "blocks and reorganisations in RPC's words",
		"sim": "what happens, and to which node", "testnet/draw": "the merged tree", "testnet/replay": "the run that it makes; it must not know what the simulation is for",
	},
	"testnet": {
		"block": "", "consensus": "parameters", "network": "the one that the nodes share", "wallet": "the miners' addresses", "rpc": "how it talks to nodes",
		"rpc/server":       "what the directory of a stopped node says",
		"testnet/topology": "which nodes are to be connected", "testnet/draw": "the merged tree of all nodes",
		"testnet/history": "journals and actions, which it collects", "internal/atomicfile": "its state, as files",
		"store": "a directory as it is typed in a command; it must not open one",
	},
	"testnet/topology": {"peer": "what can be wrong with a line"},
	"testnet/draw": {
		"block": "", "rpc": "the type of a node's block tree; it must not ask a node", "testnet/topology": "lists of names",
	},
	"testnet/history": {
		"block": "", "rpc": "the types of reorganisations and trees; it must not ask a node", "testnet/draw": "the merging of trees",
	},
	"testnet/measure": {
		"block": "", "rpc": "what it watches on each node", "testnet": "which nodes there are; it changes nothing",
		"testnet/history": "what they recorded", "testnet/slo": "which judges it", "testnet/topology": "which nodes could reach which",
	},
	"testnet/demo": {
		"block": "", "rpc": "what it asks the nodes", "wallet": "the people of the story", "testnet": "the processes",
		"testnet/draw": "trees", "payer": "how the people pay",
	},
	"testnet/export": {
		"consensus": "parameters", "network": "the one that the nodes share", "p2p": "nodes' keys and names, which must be known before they run", "wallet": "addresses of miners",
		"testnet": "the folder; it must not start anything", "testnet/topology": "which node dials which",
	},
	"sim": {
		"block": "", "pow": "the easiest target", "consensus": "parameters", "chain": "the tree, for which it is the disk", "mempool": "", "peer": "names of nodes",
		"engine": "the nodes, which it drives; it must not know a network, a clock or a file", "wallet": "what the miners pay to each other",
	},
	"sim/swarm": {
		"block": "", "pow": "what a peer claims", "consensus": "parameters and coins: it applies the rules by itself", "chain": "what a tree tells of itself", "engine": "likewise, and what adversaries send", "peer": "names of nodes",
		"sim": "the world, which it breaks",
	},
	"lab": {"pow": "the node's own rule for the target"},
	"lab/votes": {
		"block": "", "pow": "the nonce search", "consensus": "parameters", "chain": "reorganisations", "mempool": "", "peer": "names of nodes",
		"engine": "agreement by work, which it drives; it must not know a network, a clock or a file", "internal/chaingen": "a disk in memory",
		"lab": "intervals and verdicts",
	},
	"lab/plot": {"lab": "figures and events; it must not know what they mean"},
	"explorer": {
		"block": "", "pow": "work, as a number", "rpc": "what it asks nodes; it must not know how they are run or changed",
		"chat":         "what is said on the chain",
		"testnet/draw": "lanes, and the merged tree", "testnet/history": "what was done to a testnet", "testnet/replay": "events in words, and recordings of them",
	},
	"explorer/tab": {
		"explorer": "the log that it fills", "testnet/scenario": "scripts", "testnet/scenario/virtual": "the nodes", "testnet/topology": "names, groups, links",
		"testnet/history": "what was done", "testnet/replay": "what happened", "consensus": "the network toy", "wallet": "addresses that miners are paid at; it must not know HTTP or processes",
	},
	"cmd/tab": {"explorer/tab": "which it gives a page to call"},
	"testnet/report": {
		"testnet": "the shape of a status; it must not ask a node", "testnet/history": "journals and actions",
	},
	"cmd/internal/cli": {"internal/nearest": "the flag that was meant"},
	"cmd/toychain": {
		"cmd/internal/cli":    "the terminal's kit",
		"explorer":            "the page; it is given the testnet's nodes, and the commands that its buttons run",
		"internal/atomicfile": "files that commands write",
		"internal/nearest":    "the method that was meant",
		"internal/curve":      "the signature check of this build",
		"chat":                "messages on the chain",
		"explorer/tab":        "scripts and simulations on the page",
		"block":               "", "blockfile": "import and export", "pow": "", "chain": "", "consensus": "", "network": "what --network names", "wallet": "", "mempool": "policy", "store": "repair of a folder that no node has open",
		"rpc/answer": "what RPC says of a network",
		"node":       "", "engine": "its events, told on a terminal", "rpc": "", "rpc/server": "", "testnet": "", "payer": "", "testnet/scenario": "", "testnet/scenario/real": "", "testnet/scenario/virtual": "",
		"testnet/slo": "", "deploy": "the targets where no others are named, and files to hand out",
		"testnet/export": "", "testnet/replay": "", "testnet/replay/recorder": "", "testnet/report": "", "sim": "", "sim/swarm": "", "lab": "", "lab/plot": "", "lab/votes": "", "testnet/demo": "", "testnet/draw": "", "testnet/history": "",
		"testnet/measure": "", "testnet/topology": "",
	},
	"bench": {
		"block": "", "consensus": "validation, measured alone", "chain": "its verifier", "pow": "the search, likewise", "rpc": "how it talks to nodes, ours and others",
		"internal/chaingen": "the blocks that it hands to them; it must not know what is inside a node",
		"internal/curve":    "the signature check of this build",
	},
	"bench/growth": {
		"lab": "figures", "lab/plot": "how they are drawn; it measures a program, and must not know what is inside",
	},
}

// pure are the packages and files without clock, randomness, disk, network, log
// or background goroutines: the same values give the same answer.
var pure = []string{"block", "pow", "consensus", "chain", "mempool", "peer", "engine"}

// impure lists what a pure file must not use.
var impure = map[string][]string{
	"time":      {"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc"},
	"os":        nil,
	"net":       nil,
	"log":       nil,
	"log/slog":  nil,
	"math/rand": nil, "math/rand/v2": nil, "crypto/rand": nil,
}

func TestImportsPointDown(t *testing.T) {
	seen := 0
	eachFile(t, func(file string, f *ast.File) {
		pkg := path.Dir(file)
		if strings.HasPrefix(pkg, "internal/") || pkg == "." {
			return
		}
		allowed, known := edges[pkg]
		if !known {
			t.Errorf("%s: package %q is not in edges", file, pkg)
			return
		}
		seen++
		for _, imp := range f.Imports {
			to, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			ours, ok := strings.CutPrefix(to, "toychain/")
			if _, fine := allowed[ours]; ok && !fine {
				t.Errorf("%s imports %s: not in edges", file, to)
			}
		}
	})
	if seen == 0 {
		t.Fatal("no file was looked at")
	}
}

func TestPurePackages(t *testing.T) {
	seen := 0
	eachFile(t, func(file string, f *ast.File) {
		if !slices.Contains(pure, path.Dir(file)) && !slices.Contains(pure, file) {
			return
		}
		seen++
		names := make(map[string][]string) // local package name to what is banned of it
		for _, imp := range f.Imports {
			p, _ := strconv.Unquote(imp.Path.Value)
			banned, is := impure[p]
			if is && banned == nil {
				t.Errorf("%s imports %s", file, p)
			}
			if is {
				names[path.Base(p)] = banned
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && slices.Contains(names[x.Name], s.Sel.Name) {
					t.Errorf("%s uses %s.%s", file, x.Name, s.Sel.Name)
				}
			}
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s starts a goroutine with a go statement", file)
			}
			return true
		})
	})
	if seen == 0 {
		t.Fatal("no file was looked at")
	}
}

// light are packages that must build without a network stack and a database, each with
// the reason; everything that they import, directly or not, is looked at.
var light = map[string]string{
	"rpc":                 "a program that only calls a node is not a node",
	"payer":               "a wallet's client asks a node, whose peers and files it never sees",
	"testnet/slo":         "it computes figures from what nodes answered",
	"testnet/draw":        "a tree may come from a node, a file or a simulator",
	"testnet/history":     "it reads what was recorded, wherever it was",
	"testnet/replay":      "it plays what was recorded, and asks no node",
	"testnet/scenario":    "a world may be processes or a simulator",
	"testnet/topology":    "names and shapes are values",
	"rpc/answer":          "a simulated node answers in the same words",
	"testnet/rogue/forge": "a simulator has liars, too",
}

// heavy are the modules that no package of light may link.
var heavy = []string{"github.com/libp2p/go-libp2p", "github.com/syndtr/goleveldb"}

func TestLightPackagesLinkNoNode(t *testing.T) {
	for pkg, why := range light {
		out, err := exec.Command("go", "list", "-deps", "./"+pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps ./%s: %v", pkg, err)
		}
		for dep := range strings.Lines(string(out)) {
			for _, module := range heavy {
				if strings.HasPrefix(dep, module) {
					t.Errorf("%s links %s, which it must not: %s", pkg, strings.TrimSpace(dep), why)
				}
			}
		}
	}
}

// All Go files are formatted by gofmt.
func TestFormatted(t *testing.T) {
	walk(t, func(name string) {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := format.Source(src); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(src, want) {
			t.Errorf("gofmt would change %s", name)
		}
	})
}

// eachFile parses every Go file of ours that is neither a test nor in interop/; its
// name is relative to the top and slashed.
func eachFile(t *testing.T, f func(name string, file *ast.File)) {
	t.Helper()
	walk(t, func(name string) {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "interop/") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		f(name, file)
	})
}

// walk calls f with each Go file, by its slashed name relative to the top.
func walk(t *testing.T, f func(name string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(name, ".") && name != "."):
			return filepath.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, ".go"):
			f(filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
