package server

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"toychain/block"
	"toychain/internal/chaingen"
	"toychain/rpc"
)

// field is a line of testdata/core28.txt about a result.
type field struct {
	kind  string // hex, str, n, …
	maybe bool
	never bool // Core's, not ours
}

// coreCall is a call there, with what must come of it.
type coreCall struct {
	line    int
	method  string
	params  []json.RawMessage
	fields  map[string]field // by path
	code    rpc.Code         // 0: it must succeed
	message string
}

// TestCore plays testdata/core28.txt, where Core's documentation of all methods
// of DESIGN's first set is written down with what differs here, and why: the
// parameters, each field of each result, its type and when it is there, and the
// error codes.
func TestCore(t *testing.T) {
	raw, err := os.ReadFile("testdata/core28.txt")
	if err != nil {
		t.Fatal(err)
	}
	s := play(t)
	book := coreBook{s: s, names: s.names(), seen: make(map[string]bool)}
	head, rest, _ := strings.Cut(string(raw), "\n= ")
	first := strings.Count(head, "\n") + 2
	for i, line := range strings.Split("= "+rest, "\n") {
		book.read(first+i, line)
	}
	book.play()
	for _, m := range methods {
		if !book.seen[m.Name] && m.Category != "Toychain" && !slices.Contains(afterThoughts, m.Name) {
			t.Errorf("%s is not in testdata/core28.txt", m.Name)
		}
	}
}

// afterThoughts are methods of Core's that are not of DESIGN's first set.
var afterThoughts = []string{"decodescript", "getmempoolancestors", "getmempooldescendants", "waitforblock"}

// names returns what words with a $ stand for, as JSON.
func (s *scene) names() map[string]string {
	tip, err := s.RawBlock(s.ctx, s.tip())
	if err != nil {
		s.t.Fatal(err)
	}
	next := s.branch(6).Mine("next")
	late := s.branch(6).Mine("a").Mine("b")
	s.must("submitheader", blockHex(next.Block)[:160])
	bad := s.branch(6).Template("bad")
	bad.Txs[0].Outputs[0].Value++
	chaingen.Seal(bad)
	s.meet()
	s.until("the mempool is restored", func() bool { return s.Call(s.ctx, "savemempool", nil, nil) == nil })
	unsent := pay(bob, chaingen.Output(s.toBob, 0), alice)
	quoted := map[string]string{
		"nowhere": nowhere, "genesis": s.blocks[0].String(), "middle": s.blocks[3].String(), "tip": s.tip().String(),
		"headeronly": next.Hash.String(), "lateheader": blockHex(late.Block)[:160], "rawtip": blockHex(tip), "badblock": blockHex(bad),
		"confirmed": s.toBob.ID().String(), "pending": s.parent.ID().String(), "address": s.address(alice), "stranger": stranger,
		"unsent": txHex(unsent), "known": txHex(s.toBob), "rawknown": txHex(s.toAlice),
		"doublespend": txHex(alice.Pay(spend(s.toAlice), bob.To(block.Coin))),
		"orphan":      txHex(pay(bob, chaingen.Output(alice.Pay(spend(s.child), bob.To(block.Coin)), 0), alice)),
		"generous":    txHex(bob.Pay(spend(s.toBob), alice.To(1000))),
		"proof":       get[string](s.world, "gettxoutproof", []block.Hash{s.toBob.ID()}),
	}
	for name, value := range quoted {
		quoted[name] = strconv.Quote(value)
	}
	return quoted
}

// coreBook reads the file and plays it.
type coreBook struct {
	s     *scene
	names map[string]string
	seen  map[string]bool // methods
	call  *coreCall       // its lines are being read
}

var word = regexp.MustCompile(`\$[a-z]+`)

// read takes a line, and plays the call before it if it begins another one.
func (b *coreBook) read(number int, line string) {
	mark, rest, _ := strings.Cut(line, " ")
	switch mark {
	case "", "#":
	case "=":
		b.play()
		b.parameters(number, rest)
	case ">":
		b.play()
		b.begin(number, rest)
	case "!":
		code, message, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(code)
		if err != nil {
			b.s.t.Fatalf("line %d: %v", number, err)
		}
		b.call.code = rpc.Code(n)
		b.call.message = word.ReplaceAllStringFunc(message, func(w string) string { return strings.Trim(b.names[w[1:]], `"`) })
	case "+", "-":
		path, kind, _ := strings.Cut(rest, " ")
		kind, why, _ := strings.Cut(kind, ":")
		if strings.TrimSpace(why) == "" {
			b.s.t.Errorf("line %d: why is %s not as in Core?", number, path)
		}
		b.call.fields[path] = field{strings.TrimSuffix(kind, "?"), strings.HasSuffix(kind, "?"), mark == "-"}
	default:
		b.call.fields[mark] = field{strings.TrimSuffix(rest, "?"), strings.HasSuffix(rest, "?"), false}
	}
}

// parameters compares a method's with the table's.
func (b *coreBook) parameters(number int, want string) {
	name, _, _ := strings.Cut(want, " ")
	m := b.s.server.methods[name]
	if m == nil {
		b.s.t.Fatalf("line %d: there is no method %s", number, name)
	}
	got := []string{name}
	for _, p := range m.params {
		if p.Optional {
			p.Name += "?"
		}
		got = append(got, p.Name)
	}
	if have := strings.Join(got, " "); have != want {
		b.s.t.Errorf("line %d: the method is %q, Core's %q", number, have, want)
	}
	b.seen[name] = true
}

func (b *coreBook) begin(number int, line string) {
	c := &coreCall{line: number, fields: make(map[string]field)}
	method, params, _ := strings.Cut(line, " ")
	c.method = method
	text := word.ReplaceAllStringFunc(params, func(w string) string {
		value, known := b.names[w[1:]]
		if !known {
			b.s.t.Fatalf("line %d: what is %s?", number, w)
		}
		return value
	})
	for d := json.NewDecoder(strings.NewReader(text)); d.More(); {
		var p json.RawMessage
		if err := d.Decode(&p); err != nil {
			b.s.t.Fatalf("line %d: %v", number, err)
		}
		c.params = append(c.params, p)
	}
	b.call = c
}

// play makes the call that was read.
func (b *coreBook) play() {
	c := b.call
	b.call = nil
	if c == nil {
		return
	}
	params := make([]any, len(c.params))
	for i := range params {
		params[i] = c.params[i]
	}
	var result json.RawMessage
	err := b.s.Call(b.s.ctx, c.method, params, &result)
	where := fmt.Sprintf("line %d: %s", c.line, c.method)
	switch e, _ := err.(*rpc.Error); {
	case c.code != 0:
		if e == nil || e.Code != c.code || !strings.Contains(e.Message, c.message) {
			b.s.t.Errorf("%s: %s, %v; want code %d and %q", where, result, err, c.code, c.message)
		}
	case err != nil:
		b.s.t.Errorf("%s: %v", where, err)
	default:
		for _, fault := range c.compare("", result) {
			b.s.t.Errorf("%s: %s", where, fault)
		}
	}
}

var hash64 = regexp.MustCompile(`^[0-9a-f]{64}$`)

// compare holds a value against the table's fields below a path.
func (c *coreCall) compare(path string, raw json.RawMessage) (faults []string) {
	listed, known := c.fields[path]
	if path == "" {
		listed, known = c.fields["."]
		known = known || kindOf(raw) == rpc.KindObject
	}
	switch {
	case !known:
		return []string{fmt.Sprintf("field %q is not Core's: %s", path, raw)}
	case listed.never:
		return []string{fmt.Sprintf("field %q is there: %s", path, raw)}
	case listed.kind != "" && !fits(listed.kind, raw):
		return []string{fmt.Sprintf("field %q is %s, want %s", path, raw, listed.kind)}
	}
	switch kindOf(raw) {
	case rpc.KindArray:
		for _, e := range elements(raw) {
			faults = append(faults, c.compare(path+"[]", e)...)
		}
	case rpc.KindObject:
		names, values := members(raw)
		for i, name := range names {
			if hash64.MatchString(name) {
				name = "*"
			}
			names[i] = strings.TrimPrefix(path+"."+name, ".")
			faults = append(faults, c.compare(names[i], values[i])...)
		}
		for want, f := range c.fields {
			parent, _ := cutLast(want)
			if parent == path && !f.maybe && !f.never && want != "." && !slices.Contains(names, want) {
				faults = append(faults, fmt.Sprintf("field %q is missing", want))
			}
		}
	}
	return faults
}

// cutLast splits a path at its last dot; the elements of an array are no field of an
// object.
func cutLast(path string) (parent, name string) {
	if strings.HasSuffix(path, "[]") {
		return "an array", ""
	}
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}

var coinsText = regexp.MustCompile(`^-?[0-9]+\.[0-9]{8}$`)

func fits(kind string, raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	got := kindOf(raw)
	switch kind {
	case "hex":
		_, err := hex.DecodeString(text(raw))
		return got == rpc.KindString && err == nil
	case "str":
		return got == rpc.KindString
	case "n":
		_, err := parseInt(raw)
		return got == rpc.KindNumber && err == nil
	case "x":
		return got == rpc.KindNumber
	case "coins":
		return coinsText.Match(raw)
	}
	return string(got) == kind
}
