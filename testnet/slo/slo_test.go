package slo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/rpc"
)

func TestParse(t *testing.T) {
	_, err := Parse(`
		[availability]
		ratio = 0.999
		[propagation]     # a comment
		p99 = "2s"
		p99.9 = "1m"
		p50 = "10ms"
		[stale]
		ratio = 0.05`)
	if err == nil {
		t.Fatal("p99.9 without quotes is a table of TOML's")
	}
	targets, err := Parse(`
		[availability]
		ratio = 0.999
		[propagation]     # a comment
		p99 = "2s"
		"p99.9" = "1m"
		p50 = "10ms"
		[stale]
		ratio = 0.05`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range targets {
		got = append(got, fmt.Sprintf("%s: %s (%.3f)", x.Name(), x, x.Share))
	}
	want := "propagation p50: 10ms at most (0.500); propagation p99: 2s at most (0.990); propagation p99.9: 1m0s at most (0.999); " +
		"stale: 5% at most (0.950); availability: 99.9% at least (0.999)"
	if text := strings.Join(got, "; "); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "targets: none",
		"p95 = 1":                        "targets: ",
		"[speed]\np95 = \"1s\"":          `no level "speed"; there are [propagation`,
		"[stale]\np95 = \"1s\"":          "[stale] p95",
		"[stale]\nratio = 0.0":           "between 0 and 1",
		"[availability]\nratio = 1.0":    "between 0 and 1",
		"[availability]\nratio = \"1\"":  "between 0 and 1",
		"[propagation]\np100 = \"1s\"":   "a percentile such as",
		"[propagation]\np0 = \"1s\"":     "a percentile such as",
		"[propagation]\nratio = 0.5":     "a percentile such as",
		"[propagation]\np99.9 = \"1s\"":  "wants quotes",
		"[stale]\nrate = 0.1":            "ratio = 0.1",
		"[propagation]\np95 = 1":         "in quotes",
		"[propagation]\np95 = \"1\"":     "missing unit",
		"[propagation]\np95 = \"-1s\"":   "above zero",
		"[agreement]\np95 = \"1s\"\np95": "targets: ",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// spans are events of so many milliseconds; a negative one is open.
func spans(took ...int) (out []Event) {
	for _, m := range took {
		if m < 0 {
			out = append(out, Event{time.Duration(-m) * time.Millisecond, true})
		} else {
			out = append(out, Event{time.Duration(m) * time.Millisecond, false})
		}
	}
	return out
}

// show writes a level on one line.
func show(l Level) string {
	num := func(f *float64) string {
		if f == nil {
			return "-"
		}
		return fmt.Sprintf("%.4g", *f)
	}
	met := "-"
	if l.Met != nil {
		met = fmt.Sprint(*l.Met)
	}
	return fmt.Sprintf("%d events, %d bad, measured %s, more than %s, ratio %s, met %s, budget %s %s",
		l.Events, l.Bad, num(l.MeasuredMS), num(l.MoreThanMS), num(l.Ratio), met, num(l.Budget), l.Worst)
}

func TestJudgeTimes(t *testing.T) {
	target := Target{Kind: Propagation, Share: 0.8, Within: 100 * time.Millisecond, Key: "p80"}
	for _, row := range []struct {
		events []Event
		want   string
	}{
		{nil, "0 events, 0 bad, measured -, more than -, ratio -, met -, budget - "},
		{spans(1), "1 events, 0 bad, measured 1, more than -, ratio -, met true, budget 1 "},
		{spans(5, 4, 3, 2, 1), "5 events, 0 bad, measured 4, more than -, ratio -, met true, budget 1 "},
		{spans(5, 100, 3, 2, 900), "5 events, 1 bad, measured 100, more than -, ratio -, met true, budget 0 "},
		{spans(5, 101, 3, 2, 900), "5 events, 2 bad, measured 101, more than -, ratio -, met false, budget -1 "},
		{spans(200), "1 events, 1 bad, measured 200, more than -, ratio -, met false, budget -4 "},
		// What is not over counts only once it has taken too long.
		{spans(1, 2, -50), "2 events, 0 bad, measured 2, more than -, ratio -, met true, budget 1 "},
		{spans(1, 2, -101, 3, 400), "5 events, 2 bad, measured 400, more than -, ratio -, met false, budget -1 "},
		{spans(-101, -300), "2 events, 2 bad, measured -, more than 300, ratio -, met false, budget -4 "},
	} {
		got := Judge([]Target{target}, Observations{Timed: map[Kind][]Event{Propagation: row.events}})
		if text := show(got[0]); text != row.want {
			t.Errorf("%v:\ngot  %s\nwant %s", row.events, text, row.want)
		}
	}
}

// TestPercentileIsBudget: a percentile is within the target exactly when the budget is
// not overspent, whatever was seen.
func TestPercentileIsBudget(t *testing.T) {
	for n := 1; n <= 60; n++ {
		for bad := 0; bad <= n; bad++ {
			for _, share := range []float64{0.5, 0.8, 0.9, 0.95, 0.99} {
				var events []Event
				for i := range n {
					events = append(events, spans(10+100*btoi(i < bad))...)
				}
				l := Judge([]Target{{Kind: Agreement, Share: share, Within: 50 * time.Millisecond}},
					Observations{Timed: map[Kind][]Event{Agreement: events}})[0]
				if within := *l.MeasuredMS <= 50; within != *l.Met || *l.Met != (*l.Budget >= 0) {
					t.Fatalf("%d of %d bad, %v: measured %v, met %v, budget %v", bad, n, share, *l.MeasuredMS, *l.Met, *l.Budget)
				}
			}
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestJudgeRatios(t *testing.T) {
	stale := Target{Kind: Stale, Share: 0.9, Key: "ratio"}
	up := Target{Kind: Availability, Share: 0.75, Key: "ratio"}
	for _, row := range []struct {
		o    Observations
		want string
	}{
		{Observations{}, "0 events, 0 bad, measured -, more than -, ratio -, met -, budget -  | " +
			"0 events, 0 bad, measured -, more than -, ratio -, met -, budget - "},
		{Observations{Blocks: 20, Stale: 1, Asked: map[string]Answers{"n1": {8, 7}, "n2": {8, 8}, "n3": {0, 0}}},
			"20 events, 1 bad, measured -, more than -, ratio 0.05, met true, budget 0.5  | " +
				"8 events, 1 bad, measured -, more than -, ratio 0.875, met true, budget 0.5 n1"},
		{Observations{Blocks: 10, Stale: 2, Asked: map[string]Answers{"n1": {8, 7}, "n2": {4, 0}}},
			"10 events, 2 bad, measured -, more than -, ratio 0.2, met false, budget -1  | " +
				"4 events, 4 bad, measured -, more than -, ratio 0, met false, budget -3 n2"},
	} {
		got := Judge([]Target{stale, up}, row.o)
		if text := show(got[0]) + " | " + show(got[1]); text != row.want {
			t.Errorf("%+v:\ngot  %s\nwant %s", row.o, text, row.want)
		}
	}
}

// at is a moment of the tests' histories, in milliseconds.
func at(ms int64) time.Time { return time.UnixMilli(1_000_000 + ms) }

// saw makes a node's tree: "a 1 50 active" is block a at height 1, received at 50.
func saw(node string, blocks ...string) NodeHistory {
	c := NodeHistory{Node: node}
	for _, text := range blocks {
		var name, status string
		var height, received int64
		fmt.Sscan(text, &name, &height, &received, &status)
		c.Tree.Blocks = append(c.Tree.Blocks, rpc.TreeBlock{Hash: block.Sum([]byte(name)), Height: block.Height(height),
			ReceivedMS: at(received).UnixMilli(), Status: status, Txs: btoi(status != "headers-only")})
	}
	return c
}

func ref(name string, height block.Height) rpc.BlockRef {
	return rpc.BlockRef{Hash: block.Sum([]byte(name)), Height: height}
}

// took writes events: milliseconds, with a + if they are not over.
func took(events []Event) string {
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprint(e.Took.Milliseconds())+strings.Repeat("+", btoi(e.Open)))
	}
	return strings.Join(out, " ")
}

func TestPropagation(t *testing.T) {
	base := History{From: at(0), Until: at(1000), Intervals: []Interval{{From: at(0)}}}
	for _, row := range []struct {
		name string
		eras []Interval
		n    []NodeHistory
		want string
	}{
		{"born at n2", nil, []NodeHistory{saw("n1", "a 1 53 active"), saw("n2", "a 1 50 active"), saw("n3", "a 1 57 active")}, "3 7"},
		{"never came", nil, []NodeHistory{saw("n1", "a 1 100 active"), saw("n2")}, "900+"},
		{"only its header came", nil, []NodeHistory{saw("n1", "a 1 100 active"), saw("n2", "a 1 101 headers-only")}, "900+"},
		{"a stale one that never came", nil, []NodeHistory{saw("n1", "a 1 100 valid-fork"), saw("n2")}, ""},
		{"an invalid one", nil, []NodeHistory{saw("n1", "a 1 100 invalid"), saw("n2", "a 1 105 invalid")}, ""},
		{"genesis", nil, []NodeHistory{saw("n1", "g 0 1 active"), saw("n2", "g 0 5 active")}, ""},
		{"before we looked", nil, []NodeHistory{saw("n1", "a 1 -5 active"), saw("n2", "a 1 5 active")}, ""},
		{"cut off", []Interval{{From: at(0)}, {From: at(40), Groups: [][]string{{"n1"}, {"n2", "n3"}}}, {From: at(300)}},
			[]NodeHistory{saw("n1", "a 1 50 active"), saw("n2", "a 1 350 active"), saw("n3", "b 1 60 valid-fork", "a 1 351 active")}, ""},
		{"the same side", []Interval{{From: at(0), Groups: [][]string{{"n1"}, {"n2", "n3"}}}, {From: at(300)}},
			[]NodeHistory{saw("n1", "a 1 350 active"), saw("n2", "a 1 50 active"), saw("n3", "a 1 52 active")}, "2"},
		{"cut on the way", []Interval{{From: at(0)}, {From: at(60), Groups: [][]string{{"n1"}, {"n2"}}}, {From: at(70)}},
			[]NodeHistory{saw("n1", "a 1 50 active"), saw("n2", "a 1 80 active")}, ""},
		{"away", []Interval{{From: at(0), Away: map[string]bool{"n2": true}}, {From: at(70)}},
			[]NodeHistory{saw("n1", "a 1 50 active"), saw("n2", "a 1 80 active"), saw("n3", "a 1 51 active")}, "1"},
		{"back before", []Interval{{From: at(0), Away: map[string]bool{"n2": true}}, {From: at(50)}},
			[]NodeHistory{saw("n1", "a 1 50 active"), saw("n2", "a 1 80 active")}, "30"},
		{"gone, and had it", nil, []NodeHistory{saw("n1", "a 1 50 active"), gone(saw("n2", "a 1 53 active"))}, "3"},
		{"gone since nobody knows when", nil, []NodeHistory{saw("n1", "a 1 50 active"), gone(saw("n2"))}, ""},
		{"never reachable", []Interval{{From: at(0), Groups: [][]string{{"n1", "n3"}, {"n2"}}}},
			[]NodeHistory{saw("n1", "a 1 50 active"), saw("n2"), saw("n3", "a 1 51 active")}, "1"},
		{"whose times say nothing", nil, []NodeHistory{unsure(saw("n1", "a 1 10 active")), saw("n2", "a 1 50 active"), saw("n3", "a 1 52 active")}, "2"},
	} {
		h := base
		h.Nodes = row.n
		if row.eras != nil {
			h.Intervals = row.eras
		}
		o := h.Observe()
		if got := took(o.Timed[Propagation]); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func gone(c NodeHistory) NodeHistory   { c.Gone = true; return c }
func unsure(c NodeHistory) NodeHistory { c.Unsure = true; return c }

func TestStale(t *testing.T) {
	h := History{From: at(0), Until: at(1000), Intervals: []Interval{{From: at(0)}}, Nodes: []NodeHistory{
		saw("n1", "g 0 0 active", "old 1 -1 active", "a 2 10 valid-fork", "b 2 12 active", "c 3 20 active", "x 3 21 invalid"),
		saw("n2", "g 0 0 active", "old 1 -1 active", "a 2 11 valid-fork", "b 2 12 active", "c 3 21 valid-headers", "d 3 19 active"),
	}}
	// a is stale; c and d are each somebody's history: who loses is not decided.
	if o := h.Observe(); o.Blocks != 4 || o.Stale != 1 {
		t.Errorf("%d of %d blocks are stale, want 1 of 4", o.Stale, o.Blocks)
	}
	// What a node has counts that is gone; where it stood does not.
	h.Nodes = []NodeHistory{saw("n1", "g 0 0 active", "a 1 10 active"), gone(saw("n2", "b 1 11 active", "c 2 12 active"))}
	if o := h.Observe(); o.Blocks != 3 || o.Stale != 2 {
		t.Errorf("with a node that is gone: %d of %d blocks are stale, want 2 of 3", o.Stale, o.Blocks)
	}
	// What a node has counts even if its times do not: without it a would be stale.
	h.Nodes = []NodeHistory{saw("n1", "g 0 0 active", "a 1 10 valid-fork", "b 1 12 active"), unsure(saw("n2", "a 1 5000 active", "z 2 5000 active"))}
	if o := h.Observe(); o.Blocks != 2 || o.Stale != 0 || len(o.Timed[Propagation]) != 0 {
		t.Errorf("with a node whose times say nothing: %d of %d blocks are stale, events %v", o.Stale, o.Blocks, o.Timed)
	}
}

// n1 stood on a, n2 and n3 on b ── c. The heal at 100 brings n1 over at 130; n3 is away.
//
//	g ── a          n1 until 130
//	└── b ── c      n2, n3
func TestAgreement(t *testing.T) {
	n1 := saw("n1", "a 1 20 valid-fork", "b 1 120 active", "c 2 121 active")
	n1.Reorgs = []rpc.Reorg{{TimeMS: at(130).UnixMilli(), Left: []rpc.BlockRef{ref("a", 1)},
		Joined: []rpc.BlockRef{ref("b", 1), ref("c", 2)}, From: ref("a", 1), To: ref("c", 2)}}
	n2 := saw("n2", "b 1 30 active", "c 2 50 active", "a 1 122 valid-headers")
	for _, row := range []struct {
		name  string
		heals []Heal
		eras  []Interval
		n3    NodeHistory
		want  string
	}{
		{"at the reorganisation", []Heal{{At: at(100)}}, nil, saw("n3", "b 1 31 active", "c 2 51 active"), "30"},
		{"they had never parted", []Heal{{At: at(10)}}, nil, saw("n3"), "0"},
		{"n3 is behind", []Heal{{At: at(100)}}, nil, saw("n3", "b 1 31 active"), "900+"},
		{"n3 catches up", []Heal{{At: at(100)}}, nil, saw("n3", "b 1 31 active", "c 2 160 active"), "60"},
		{"n3 is away", []Heal{{At: at(100)}}, []Interval{{From: at(0), Away: map[string]bool{"n3": true}}}, saw("n3", "b 1 31 active"), "30"},
		{"n3 goes away", []Heal{{At: at(100)}}, []Interval{{From: at(0)}, {From: at(150), Away: map[string]bool{"n3": true}}}, saw("n3", "b 1 31 active"), "50"},
		{"cut again", []Heal{{at(100), at(125)}, {At: at(128)}}, nil, saw("n3", "b 1 31 active", "c 2 51 active"), "25+ 2"},
		{"before we looked", []Heal{{At: at(-5)}}, nil, saw("n3"), ""},
	} {
		h := History{From: at(0), Until: at(1000), Intervals: []Interval{{From: at(0)}}, Heals: row.heals, Nodes: []NodeHistory{n1, n2, row.n3}}
		if row.eras != nil {
			h.Intervals = row.eras
		}
		if got := took(h.Observe().Timed[Agreement]); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// TestMoves: a block that was the tip, left, and came back was the tip twice.
func TestMoves(t *testing.T) {
	c := saw("n1", "a 1 10 active", "b 2 40 active", "x 1 20 valid-fork", "y 2 25 valid-fork", "side 1 26 valid-headers", "h 3 50 headers-only")
	c.Reorgs = []rpc.Reorg{
		{TimeMS: at(30).UnixMilli(), Left: []rpc.BlockRef{ref("a", 1)}, Joined: []rpc.BlockRef{ref("x", 1), ref("y", 2)}, To: ref("y", 2)},
		{TimeMS: at(45).UnixMilli(), Left: []rpc.BlockRef{ref("x", 1), ref("y", 2)}, Joined: []rpc.BlockRef{ref("a", 1), ref("b", 2)}, To: ref("b", 2)},
	}
	h := History{Nodes: []NodeHistory{c}}
	names := map[block.Hash]string{}
	for _, n := range []string{"a", "b", "x", "y"} {
		names[block.Sum([]byte(n))] = n
	}
	var got []string
	for _, m := range h.moves() {
		got = append(got, fmt.Sprintf("%s@%d", names[m.tip], m.at.Sub(at(0)).Milliseconds()))
	}
	if want := "a@10 y@30 b@45"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestConfirmation(t *testing.T) {
	id := func(s string) block.Hash { return block.Sum([]byte(s)) }
	h := History{From: at(0), Until: at(1000), Intervals: []Interval{{From: at(0)}}, Nodes: []NodeHistory{saw("n1", "a 1 70 active"), saw("n2", "a 1 75 active")},
		Payments: map[block.Hash]Payment{
			id("confirmed"): {Entered: at(20), Block: id("a")},
			id("waits"):     {Entered: at(400)},
			id("gone"):      {Entered: at(20), Gone: true},
			id("unheard"):   {Entered: at(72), Block: id("a")}, // its block was there before any pool told of it
		}}
	got := strings.Fields(took(h.Observe().Timed[Confirmation]))
	counts := map[string]int{}
	for _, g := range got {
		counts[g]++
	}
	if len(got) != 3 || counts["50"] != 1 || counts["600+"] != 1 || counts["0"] != 1 {
		t.Errorf("confirmations %v, want 50, 0 and 600+", got)
	}
}
