package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"toychain/lab"
)

// wellFormed fails unless the text is XML to its end, and returns how many elements it has by name.
func wellFormed(t *testing.T, text []byte) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return seen
		}
		if err != nil {
			t.Fatalf("%v in %.200s", err, text)
		}
		if start, ok := token.(xml.StartElement); ok {
			seen[start.Name.Local]++
		}
	}
}

// TestDraw: both formats, with values that an axis cannot show, and the same bytes each time.
func TestDraw(t *testing.T) {
	f := &lab.Figure{Title: "a < b", X: "x", Y: "y", LogY: true, Series: []lab.Series{
		{Name: "theory", X: []float64{1, 2, 3, 4}, Y: []float64{.1, 0, .01, math.Inf(1)}},
		{Name: "measured", Measured: true, X: []float64{1, 3}, Y: []float64{.1, .01}, Low: []float64{.05, 0}, High: []float64{.2, .02}},
		{Name: "nothing", X: []float64{1}, Y: []float64{0}},
	}}
	svg, err := Draw(f, "svg")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := Draw(f, "svg")
	if n := wellFormed(t, svg); n["path"] < 5 || !bytes.Equal(svg, again) || !strings.Contains(string(svg), "measured") {
		t.Errorf("%v, the same again: %v", n, bytes.Equal(svg, again))
	}
	image, err := Draw(f, "png")
	if err != nil {
		t.Fatal(err)
	}
	if i, err := png.Decode(bytes.NewReader(image)); err != nil || i.Bounds().Dx() < 500 {
		t.Errorf("png: %v", err)
	}
	if _, err := Draw(f, "gif"); err == nil {
		t.Error("a gif was drawn")
	}
	for _, empty := range []*lab.Figure{{}, {LogY: true, Series: []lab.Series{{X: []float64{1, 2}, Y: []float64{1e-3, 1e-320}}}}, {LogX: true, LogY: true, Series: []lab.Series{{X: []float64{0}, Y: []float64{0}}}}, {Series: []lab.Series{{X: []float64{1}, Y: []float64{2}}}}} {
		if _, err := Draw(empty, "svg"); err != nil {
			t.Error(err)
		}
	}
}

// TestDiagram: each message is an arrow, each block a dot, and names are escaped.
func TestDiagram(t *testing.T) {
	events := []lab.Event{
		{At: 1, Kind: lab.Found, From: "miners", Block: "h1", Parent: "g"},
		{At: 1, Kind: lab.Sent, From: "miners", To: "<merchant>", Until: 3, Block: "h1"},
		{At: 2, Kind: lab.Found, From: "attacker", Block: "a1", Parent: "g"},
		{At: 2, Kind: lab.Sent, From: "attacker", To: "<merchant>", Until: 2, Block: "a1"},
		{At: 4, Kind: lab.Tip, From: "<merchant>", Block: "a1"},
	}
	text := Diagram(events)
	n := wellFormed(t, text)
	if n["line"] != 3+2 || n["circle"] != 3 || !strings.Contains(string(text), "&lt;merchant&gt;") || !strings.Contains(string(text), "h1 on g") {
		t.Errorf("%v in %s", n, text)
	}
	wellFormed(t, Diagram(nil))
}
