package toychain_test

import (
	"go/ast"
	"go/types"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// decoders names, for each function that parses bytes or text, the fuzz targets that call it,
// in the same package unless another is named; or, after a dash, why there is none.
var decoders = map[string]string{
	"block.Parse":                "FuzzParse",
	"block.ParseAmount":          "FuzzAmountJSON",
	"block.ParseHash":            "FuzzParseHash",
	"block.ParseHeader":          "FuzzParseHeader",
	"block.ParseMerkleProof":     "FuzzMerkleProof",
	"block.ParsePubKeyHashInput": "FuzzScripts",
	"block.ParseTx":              "FuzzParseTx",
	"block.Amount.UnmarshalJSON": "FuzzAmountJSON",
	"block.Hash.UnmarshalText":   "FuzzParseHash",

	"pow.ParseBits":          "FuzzParseBits",
	"network.Parse":          "FuzzParse",
	"network.Load":           "- opens a file, whose text Parse takes",
	"pow.Work.UnmarshalText": "FuzzWorkText",

	"chat.parseName": "FuzzCarrier",
	"chat.parsePart": "FuzzCarrier",

	"wallet.Load":                   "- reads the file that parseDocument is given",
	"wallet.ParseAccount":           "FuzzParseAccount",
	"wallet.ParseAddress":           "FuzzParseAddress",
	"wallet.ParseMnemonic":          "FuzzParseMnemonic",
	"wallet.decodeCheck":            "FuzzParseAddress FuzzParseAccount",
	"wallet.hexBytes.UnmarshalText": "FuzzKeyFile",
	"wallet.parseDocument":          "FuzzKeyFile",
	"wallet.parsePrefixes":          "FuzzKeyFile",
	"wallet.readDocument":           "- reads the file that parseDocument is given",

	"peer.parseLoss":   "FuzzParseLink",
	"peer.parseMillis": "FuzzParseLink",

	"p2p.loadKey":         "- reads the file that parseKey is given",
	"p2p.loadPeers":       "- reads the file that parsePeersFile is given",
	"p2p.parseAddr":       "FuzzParseAddr",
	"p2p.parseGetHeaders": "FuzzParseGetHeaders",
	"p2p.parseHashes":     "FuzzParseHashes",
	"p2p.parseHeaders":    "FuzzParseHeaders",
	"p2p.parseKey":        "FuzzParseKey",
	"p2p.parsePeers":      "FuzzParsePeers",
	"p2p.parsePeersFile":  "FuzzParsePeersFile",
	"p2p.parseStatus":     "FuzzParseStatus",
	"p2p.readAtMost":      "- reads the file that parsePeersFile is given",
	"p2p.readFrame":       "FuzzReadFrame",
	"p2p.readGrowing":     "FuzzReadFrame",
	"p2p.readHead":        "FuzzReadFrame",

	"store.decodeBody":        "FuzzBody",
	"store.decodeCoin":        "FuzzCoin",
	"store.decodeEntry":       "FuzzEntry",
	"store.decodeHash":        "FuzzSmall",
	"store.decodeNetwork":     "FuzzSmall",
	"store.decodeNumber":      "FuzzSmall",
	"store.decodeReorg":       "FuzzReorg",
	"store.decodeScriptDelta": "FuzzScriptDelta",
	"store.decodeTxPlace":     "FuzzSmall",
	"store.decodeUndo":        "FuzzUndo",

	"node.parseBlock":       "block.FuzzParse",
	"node.parseDelta":       "FuzzPoolFile",
	"node.parseMempoolLine": "FuzzPoolFile",
	"node.readMempool":      "FuzzPoolFile",

	"rpc/server.decodeBlock":       "FuzzCalls",
	"rpc/server.decodeTx":          "FuzzCalls",
	"rpc/server.parseAmount":       "FuzzCalls",
	"rpc.parseBlock":               "block.FuzzParse",
	"rpc/server.parseArray":        "FuzzCalls",
	"rpc/server.parseObject":       "FuzzCalls",
	"rpc/server.parseOutpoints":    "FuzzOutpoints",
	"rpc/server.parseVerbosity":    "FuzzCalls",
	"rpc/server.readArg":           "FuzzCalls",
	"rpc/server.readElement":       "FuzzCalls",
	"rpc/server.parseBody":         "FuzzCalls",
	"rpc/server.decode":            "FuzzCalls",
	"rpc/server.parseInt":          "FuzzCalls",
	"rpc/server.readInt":           "FuzzCalls",
	"rpc/server.parseHash":         "FuzzCalls",
	"rpc/server.parseHex":          "FuzzCalls",
	"rpc/server.parseInputs":       "FuzzCalls",
	"rpc/server.parseRequest":      "FuzzRequest",
	"rpc/server.call.parseOutput":  "FuzzCalls",
	"rpc/server.call.parseOutputs": "FuzzCalls",

	"sim.ParseDelay":    "FuzzParseDelay",
	"sim.ParseTopology": "- a word of the command line",
	"sim.parseRegions":  "- the table is in the program, see TestRegions",

	"testnet.loadState":        "FuzzState",
	"blockfile.ParseFormat":    "- a word of the command line",
	"blockfile.Location.parse": "FuzzReader",
	"rpc/server.ReadDirectory": "- opens a folder, whose values are package store's",
	"testnet/slo.Parse":        "FuzzParse",
	"testnet/scenario.Parse":   "FuzzParse",
	"testnet/replay.ReadTrace": "FuzzReadTrace",
}

var decodes = regexp.MustCompile(`^([Pp]arse|[Dd]ecode|[Ll]oad|[Rr]ead[A-Z]|Unmarshal)`)

// Every function that parses bytes or text is fuzzed, except those for the user's own command
// line, which may be mistyped but not malicious.
func TestEveryDecoderIsFuzzed(t *testing.T) {
	found := make(map[string]bool)
	eachFile(t, func(file string, f *ast.File) {
		dir := path.Dir(file)
		if dir == "bench" || strings.HasPrefix(dir, "cmd/") || strings.HasPrefix(dir, "internal/") {
			return
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && decodes.MatchString(fn.Name.Name) && takesText(fn) {
				found[dir+"."+nameOf(fn)] = true
			}
		}
	})
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if decoders[name] == "" {
			t.Errorf("%s parses bytes or text, and no fuzz target is named for it: add a row to decoders", name)
		}
	}
	for name, targets := range decoders {
		if !found[name] {
			t.Errorf("%s is not a decoder any more, but has a row", name)
		}
		if strings.HasPrefix(targets, "- ") {
			continue
		}
		for _, target := range strings.Fields(targets) {
			dir, fuzz, elsewhere := strings.Cut(target, ".")
			if !elsewhere {
				dir, fuzz = name[:strings.IndexByte(name, '.')], target
			}
			if !testsOf(t, dir)[fuzz] {
				t.Errorf("%s: the target %s.%s is not there", name, dir, fuzz)
			}
		}
	}
}

// takesText reports whether a function's first parameter may be input from outside.
func takesText(fn *ast.FuncDecl) bool {
	if len(fn.Type.Params.List) == 0 {
		return false
	}
	switch types.ExprString(fn.Type.Params.List[0].Type) {
	case "[]byte", "string", "json.RawMessage", "io.Reader", "hexBytes":
		return true
	}
	return false
}

// nameOf returns a function's name, with its receiver's type before it.
func nameOf(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	return strings.TrimPrefix(types.ExprString(fn.Recv.List[0].Type), "*") + "." + fn.Name.Name
}
