package swarm

import (
	"flag"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"toychain/sim"
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

// TestUnreached: a mark that none of many seeds reached is reported.
func TestUnreached(t *testing.T) {
	for _, row := range []struct {
		seeds int
		want  []Mark
	}{{199, nil}, {200, []Mark{ReorgOf6}}, {1999, []Mark{ReorgOf6}}, {2000, []Mark{ReorgOf6, DroppedEarly}}} {
		r := &Report{Seeds: row.seeds, Marks: map[Mark]int{}}
		for _, m := range AllMarks {
			if m != ReorgOf6 && m != DroppedEarly {
				r.Marks[m] = 1
			}
		}
		if r.missMarks(); !slices.Equal(r.Unreached, row.want) {
			t.Errorf("after %d seeds %q were not reached, want %q", row.seeds, r.Unreached, row.want)
		}
	}
}

// TestSameSeedSameBytes: a plan and its play follow from the seed.
func TestSameSeedSameBytes(t *testing.T) {
	if !reflect.DeepEqual(Draw(5).Actions, Draw(5).Actions) || reflect.DeepEqual(Draw(5).Actions, Draw(6).Actions) {
		t.Error("the same seed has another plan, or another seed the same")
	}
	var traces []string
	for _, seed := range []uint64{5, 5, 6} {
		var text strings.Builder
		out, err := Play(t.Context(), Draw(seed), func(rec *sim.Record) {
			fmt.Fprintln(&text, rec.At, rec.Kind, rec.ID, rec.From, rec.Sent, rec.Fault, rec.Args)
		})
		if err != nil {
			t.Fatal(err)
		}
		traces = append(traces, text.String()+out.LogHash)
	}
	if traces[0] != traces[1] || traces[0] == traces[2] {
		t.Error("the same seed has another trace, or another seed the same")
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
