package swarm

import (
	"bytes"
	"encoding/json"
	"flag"
	"reflect"
	"slices"
	"strings"
	"testing"

	"toychain/engine"
	"toychain/rpc"
)

var (
	seeds = flag.Int("seeds", 40, "how many seeds TestSearch plays")
	from  = flag.Uint64("from", 1, "the first of them")
)

// TestSearch: no seed violates a property.
func TestSearch(t *testing.T) {
	r, err := Search(t.Context(), Config{Seeds: *seeds, From: *from})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d seeds, %d events, %d blocks", r.Seeds, r.Events, r.Blocks)
	for _, m := range AllMarks {
		t.Logf("%5d  %s", r.Marks[m], m)
	}
	if r.Found != nil {
		t.Errorf("seed %d: %v\nshrunk: %v\n%s\n%s", r.Seed, r.Found, r.Shrunk, r.Network, strings.Join(r.Actions, "\n"))
	}
	if r.Marks[ReorgOf2] == 0 || r.Marks[ConflictEvicted] == 0 {
		t.Errorf("no reorganisation, or no conflict: %v", r.Marks)
	}
	if len(r.Unreached) > 0 {
		t.Errorf("never reached: %v", r.Unreached)
	}
}

// TestSameSeedSameBytes: a plan and its play follow from the seed.
func TestSameSeedSameBytes(t *testing.T) {
	if !reflect.DeepEqual(Draw(5).Actions, Draw(5).Actions) || reflect.DeepEqual(Draw(5).Actions, Draw(6).Actions) {
		t.Error("the same seed has another plan, or another seed the same")
	}
	var traces []string
	for _, seed := range []uint64{5, 5, 6} {
		var text bytes.Buffer
		w := NewWriter(&text)
		if _, err := Play(t.Context(), Draw(seed), w.Line); err != nil || w.Err() != nil {
			t.Fatal(err, w.Err())
		}
		traces = append(traces, text.String())
	}
	if traces[0] != traces[1] || traces[0] == traces[2] {
		t.Error("the same seed has another trace, or another seed the same")
	}
}

// TestTrace: each line is a JSON object, and an event has the fields that /events of a node has.
func TestTrace(t *testing.T) {
	var text bytes.Buffer
	w := NewWriter(&text)
	if _, err := Play(t.Context(), Draw(3), w.Line); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for line := range strings.Lines(text.String()) {
		var l struct {
			AtMS *int64 `json:"at_ms"`
			Node string
			Kind string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.AtMS == nil || l.Kind == "" || l.Node == "" && l.Kind != "action" {
			t.Fatalf("line %s: %v", line, err)
		}
		kinds[l.Kind]++
	}
	for _, k := range []engine.EventKind{engine.BlockAdded, engine.TipChanged, engine.Reorganised, engine.TxAdded, engine.PeerUp, "message", "action"} {
		if kinds[string(k)] == 0 {
			t.Errorf("no line of kind %s: %v", k, kinds)
		}
	}
	names := func(of any) (out []string) {
		for f := range reflect.TypeOf(of).Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			out = append(out, name)
		}
		return out
	}
	for _, name := range names(rpc.Event{}) {
		if name != "event" && name != "duration_ms" && !slices.Contains(names(Line{}), name) {
			t.Errorf("a line has no %q, which an event of rpc has", name)
		}
	}
}

// TestLeftOut: whatever part of a plan is left out, the rest can be played, and violates nothing.
func TestLeftOut(t *testing.T) {
	for seed := uint64(1); seed <= 6; seed++ {
		p := Draw(seed)
		for i := len(p.Actions) - 1; i >= 0; i -= 1 + int(seed) {
			p.Actions = slices.Delete(p.Actions, i, i+1)
		}
		out, err := Play(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if out.Violation != nil {
			t.Errorf("seed %d: %v", seed, out.Violation)
		}
	}
}
