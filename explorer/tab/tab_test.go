package tab

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"toychain/explorer"
	"toychain/testnet/scenario"
)

// page follows a Tab as the browser's page does.
type page struct {
	t     *testing.T
	tab   *Tab
	seq   int64
	nodes map[string]explorer.Node
	texts []string
}

func open(t *testing.T, seed uint64, nodes int) *page {
	t.Helper()
	tab, err := New(t.Context(), seed, nodes)
	if err != nil {
		t.Fatal(err)
	}
	p := &page{t: t, tab: tab, nodes: map[string]explorer.Node{}}
	if a := p.order(Order{}); a.Snapshot == nil || len(a.Controls) == 0 {
		t.Fatalf("the first answer is %+v", a)
	}
	return p
}

func (p *page) order(o Order) Answer {
	p.t.Helper()
	a, err := p.tab.Answer(p.t.Context(), o)
	if err != nil {
		p.t.Fatal(err)
	}
	if a.Snapshot != nil {
		var s explorer.Snapshot
		if err := json.Unmarshal(a.Snapshot, &s); err != nil {
			p.t.Fatal(err)
		}
		p.seq = s.Seq
		for _, n := range s.Base.Nodes {
			p.nodes[n.Name] = n
		}
	}
	for _, text := range a.Events {
		var e explorer.Event
		if err := json.Unmarshal(text, &e); err != nil {
			p.t.Fatal(err)
		}
		if p.seq++; e.Seq != p.seq {
			p.t.Fatalf("event %d comes after %d", e.Seq, p.seq-1)
		}
		for _, n := range e.Nodes {
			p.nodes[n.Name] = n
		}
		p.texts = append(p.texts, fmt.Sprintf("%d %s %s", e.TimeMS, e.Node, e.Text))
	}
	return a
}

func (p *page) do(verb string, values ...string) {
	p.t.Helper()
	v := map[string]string{}
	for i := 0; i < len(values); i += 2 {
		v[values[i]] = values[i+1]
	}
	if a := p.order(Order{Verb: verb, Values: v}); a.Error != "" {
		p.t.Fatalf("%s %v: %s", verb, v, a.Error)
	}
}

func (p *page) tips() int {
	tips := map[string]bool{}
	for _, n := range p.nodes {
		tips[n.Tip.String()] = true
	}
	return len(tips)
}

// TestStory: a network in a tab is cut, grows two tips, heals, and one node is killed and restarted; the
// same seed and orders give the same events.
func TestStory(t *testing.T) {
	story := func(seed uint64) string {
		p := open(t, seed, 4)
		p.do("mine", "node", "n1", "blocks", "1")
		p.order(Order{StepMS: 500})
		if p.tips() != 1 || p.nodes["n4"].Height != 1 {
			t.Fatalf("the first block did not reach all: %+v", p.nodes)
		}
		p.do("cut", "groups", "n1,n2 n3,n4")
		p.do("mine", "node", "n1", "blocks", "1")
		p.do("mine", "node", "n3", "blocks", "2")
		p.order(Order{StepMS: 500})
		if p.tips() != 2 {
			t.Fatalf("%d tips, want 2", p.tips())
		}
		p.do("kill", "node", "n4")
		if p.nodes["n4"].State != "down" {
			t.Errorf("n4 is %s", p.nodes["n4"].State)
		}
		p.do("heal")
		p.do("restart", "node", "n4")
		p.order(Order{StepMS: 1000})
		if p.tips() != 1 || p.nodes["n4"].State != "up" {
			t.Fatalf("after the heal: %+v", p.nodes)
		}
		return strings.Join(p.texts, "\n")
	}
	first := story(7)
	for _, want := range []string{" the network is cut: n1,n2 | n3,n4", "n1 reorganisation: 2 ", "1 left, 2 joined", " the network is healed", "n4 is killed"} {
		if !strings.Contains(first, want) {
			t.Errorf("no event says %q:\n%s", want, first)
		}
	}
	if story(7) != first {
		t.Error("the same seed went another way")
	}
	if story(8) == first {
		t.Error("another seed went the same way")
	}
}

// TestMining: a node mines by itself as virtual time passes, and stops.
func TestMining(t *testing.T) {
	p := open(t, 1, 3)
	p.do("start", "node", "n2", "rate", "65536")
	for range 30 {
		p.order(Order{StepMS: 1000})
	}
	if h := p.nodes["n1"].Height; h < 5 || h > 100 {
		t.Errorf("%d blocks in 30 s at one a second", h)
	}
	if a := p.order(Order{StepMS: 1}); !a.Facts["n2"].Mining || a.Facts["n1"].Mining || len(a.Facts["n1"].Peers) != 2 {
		t.Errorf("the figures are %+v", a.Facts)
	}
	p.do("stop", "node", "n2")
	before := p.nodes["n2"].Height
	for range 10 {
		p.order(Order{StepMS: 1000})
	}
	if after := p.nodes["n2"].Height; after != before {
		t.Errorf("%d blocks after it stopped", after-before)
	}
}

// TestBadOrders: what cannot be done is said in words, and nothing else happens.
func TestBadOrders(t *testing.T) {
	p := open(t, 1, 2)
	for _, o := range []Order{
		{Verb: "fly"}, {Verb: "mine", Values: map[string]string{"node": "n9", "blocks": "1"}}, {Verb: "mine", Values: map[string]string{"node": "n1", "blocks": "1e9"}},
		{Verb: "start", Values: map[string]string{"node": "n1", "rate": "NaN"}}, {Verb: "cut", Values: map[string]string{"groups": "n1 n1"}},
		{Verb: "link", Values: map[string]string{"node": "n1", "other": "n2", "delay": "-1s", "loss": "2"}}, {Verb: "kill", Values: map[string]string{}},
	} {
		if a := p.order(o); a.Error == "" || len(a.Events) != 0 {
			t.Errorf("%+v: %+v", o, a)
		}
	}
	if _, err := New(t.Context(), 1, maxNodes+1); err == nil {
		t.Error("there are too many nodes")
	}
}

// TestScript: a script's past is in the log, also that of one that fails.
func TestScript(t *testing.T) {
	text, err := os.ReadFile("../../testnet/scenarios/partition.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text string
		ok   bool
	}{{string(text), true}, {"nodes 2\nmine n1 1\nsettle\npartition n1 | n2\nmine n1 1\nexpect n2 height 9 within 1s\n", false}} {
		s, err := scenario.Parse("script", c.text)
		if err != nil {
			t.Fatal(err)
		}
		log := explorer.NewLog("script", false)
		if err := Play(t.Context(), s, 1, log); (err == nil) != c.ok {
			t.Errorf("the script: %v", err)
		}
		snapshot, _ := log.Snapshot()
		for _, want := range []string{`"kind":"partition"`, `"kind":"block"`, `"kind":"tip"`} {
			if !strings.Contains(string(snapshot), want) {
				t.Errorf("no event has %s", want)
			}
		}
	}
}
