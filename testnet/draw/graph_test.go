package draw

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"toychain/block"
)

// forked is a tree with a fork, a fold, and a message that is markup.
const forked = `g
a*10 g
b a10 msg=<b>&"x
c a10 txs=2
d c
node n1 b
node n2 d
node n3 d
`

// TestDot: blocks, folded or not, and each with its parent.
func TestDot(t *testing.T) {
	in, style := plantTree(t, forked+"style names")
	var out bytes.Buffer
	if err := Dot(&out, in, style.Call); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	for _, h := range in.Blocks {
		got = strings.ReplaceAll(got, h.Hash.String(), style.Call(h.Hash))
	}
	const want = `digraph toychain {
  node [shape=box, style=filled, fontname=monospace]
  edge [dir=back]
  "g" [label="0  g\n1 tx  genesis", fillcolor="#d8f0d8"]
  "a1" [label="7 blocks", fillcolor="#d8f0d8"]
  "g" -> "a1"
  "a8" [label="8  a8\n1 tx", fillcolor="#d8f0d8"]
  "a1" -> "a8"
  "a9" [label="9  a9\n1 tx", fillcolor="#d8f0d8"]
  "a8" -> "a9"
  "a10" [label="10  a10\n1 tx", fillcolor="#d8f0d8"]
  "a9" -> "a10"
  "b" [label="11  b\n1 tx  <b>&\"x\n▲ n1", fillcolor="#d8f0d8"]
  "a10" -> "b"
  "c" [label="11  c\n2 txs", fillcolor="#d8f0d8"]
  "a10" -> "c"
  "d" [label="12  d\n1 tx\n▲ n2 n3", fillcolor="#d8f0d8"]
  "c" -> "d"
}
`
	if got != want {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
}

// TestSVG: an XML document with a box for each block or fold, and its texts.
func TestSVG(t *testing.T) {
	in, style := plantTree(t, forked+"style names")
	var out bytes.Buffer
	if err := SVG(&out, in, style.Call); err != nil {
		t.Fatal(err)
	}
	count, text := map[string]int{}, ""
	d := xml.NewDecoder(&out)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			count[e.Name.Local]++
		case xml.CharData:
			text += string(e) + "|"
		}
	}
	const boxes = 8
	if count["svg"] != 1 || count["rect"] != boxes+1 || count["path"] != boxes-1 {
		t.Errorf("elements %v", count)
	}
	for _, want := range []string{"|7 blocks|", `|1 tx  <b>&"x|`, "|▲ n2 n3|", "|12  d|"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	var none bytes.Buffer
	if err := errors.Join(SVG(&none, Tree{}, nil), Dot(&none, Tree{}, func(block.Hash) string { return "" })); err != nil {
		t.Errorf("no blocks: %v", err)
	}
}
