package scenario

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/topology"
)

var update = flag.Bool("update", false, "write what is documented again")

// examples has a line for each row of the table of verbs.
var examples = map[string]string{
	"restart NODE fails WORDS":  "restart n1 fails the database is damaged",
	"crashloop NODE N":          "crashloop n1 5",
	"wipe NODE…":                "wipe n1",
	"corrupt NODE…":             "corrupt n1 n2",
	"reindex NODE…":             "reindex n1",
	"lie invalid NODE [RULE]":   "lie invalid n1 bad-cb-amount",
	"lie withhold NODE N":       "lie withhold n1 3",
	"lie slander NODE NODE":     "lie slander n1 n2",
	"lie double-spend P NODE N": "lie double-spend p1 n1 3",
	"lie release NODE":          "lie release n1",
	"flood NODE WHAT N":         "flood n1 orphan-blocks 1000",
	"lie addresses NODE N":      "lie addresses n1 90",
	"crowd NODE N":              "crowd n1 64",
	"network toy|regtest or [window N] [spacing TIME] [maturity N] [halving N]":       "network window 4 spacing 10m maturity 2 halving 100",
	"connect mesh|line|ring|star or NODE-NODE…":                                       "connect n1-n2 n2-n3",
	"link NODE NODE [delay TIME] [jitter TIME] [loss N%] [bandwidth BYTES] [one-way]": "link n1 n2 delay 200ms jitter 50ms loss 30% bandwidth 50000 one-way",
	"link NODE NODE perfect":             "link n1 n2 perfect",
	"link NODE NODE cut":                 "link n1 n2 cut",
	"clock NODE… TIME":                   "clock n2 +2h",
	"hashrate NODE… N":                   "hashrate n1 20000",
	"expect NODE… refuses B REASON":      "expect n1 refuses b1 time-too-new",
	"nodes N [block-max-size BYTES]":     "", // comes first in each
	"partition NODE… | NODE… [| NODE…]…": "partition n1 | n2 n3 | n4",
	"heal":                    "heal",
	"mine NODE N [to PERSON]": "mine n1 3 to alice",
	"pay PAYER PAYEE AMOUNT on NODE [with P] [fee N] [outputs N] [refused REASON]": "pay alice bob 0.5 on n2 with p1 fee 50 outputs 100 refused txn-mempool-conflict",
	"seize NODE…": "seize n1 n2",
	"spend twice PAYER AMOUNT PAYEE on NODE PAYEE on NODE": "spend twice alice 20 bob on n1 carol on n3",
	"kill NODE…":           "kill n1 n2",
	"restart NODE…":        "restart n1",
	"pause NODE…":          "pause n1",
	"resume NODE…":         "resume n1",
	"settle [within TIME]": "settle within 20s",
	"expect NODE… height|peers|pool|reorgs|bans [>=|<=] N [within TIME]": "expect n1 n2 height >= 4 within 1m",
	"expect NODE… memory [>=|<=] N MB":                                   "expect n1 memory <= 256 MB",
	"expect NODE… rogues [>=|<=] N":                                      "expect n1 rogues <= 56",
	"expect NODE… dials [>=|<=] N":                                       "expect n1 n2 dials <= 28",
	"expect NODE… tip|has|lacks B":                                       "expect n1 lacks b1",
	"expect NODE… up|down|paused":                                        "expect n1 n2 down",
	"expect same tip [NODE…]":                                            "expect same tip n1 n2",
	"expect P confirmed|pending|conflicted|unknown on NODE…":             "expect p1 pending on n1",
	"expect PERSON AMOUNT on NODE…":                                      "expect n1 50 on n2 n3",
	"tips":                                                               "tips",
	"tree":                                                               "tree",
	"reorgs [NODE…]":                                                     "reorgs n1",
	"pool [NODE…]":                                                       "pool n1 n2",
	"balance PERSON… on NODE…":                                           "balance alice bob n1 on n1 n2",
	"invalidate NODE B":                                                  "invalidate n1 b0",
	"reconsider NODE B":                                                  "reconsider n1 b0",
	"lose NODE key|peers|pool":                                           "lose n1 key",
	"restore PERSON":                                                     "restore alice",
	"repeat N STEP":                                                      "repeat 3 pay alice bob 1 on n1",
}

// TestEveryVerb: the example of each row of the table is parsed, and each example is of a row.
func TestEveryVerb(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range verbs() {
		example, ok := examples[v.usage()]
		if !ok {
			t.Errorf("no example of %q", v.usage())
			continue
		}
		seen[v.usage()] = true
		text := "nodes 4\n" + example
		if v.name == "network" {
			text = example + "\nnodes 4"
		}
		s, err := Parse("x", text)
		if err != nil {
			t.Errorf("%s: %v", example, err)
		} else if last := s.Steps[min(1, len(s.Steps)-1)]; v.name != "network" && last.verb.name != v.name || last.verb.shows != v.shows {
			t.Errorf("%q was taken for %s", example, last.verb.usage())
		}
		if v.about == "" || !strings.HasSuffix(v.about, ".") {
			t.Errorf("%s: what it does is not said in a sentence", v.usage())
		}
	}
	for usage := range examples {
		if !seen[usage] {
			t.Errorf("an example of %q, which is no row of the table", usage)
		}
	}
}

// TestDocument: docs/scenarios.md has the table of verbs as it is, and lists all scripts.
func TestDocument(t *testing.T) {
	const file = "../../docs/scenarios.md"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := WriteVerbs(&table); err != nil {
		t.Fatal(err)
	}
	text := between(t, string(b), "verbs", "```\n"+table.String()+"```\n")
	text = between(t, text, "scripts", listScripts(t))
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if text != string(b) {
		t.Errorf("%s is not up to date; write it with: go test ./testnet/scenario -update", file)
	}
}

// between puts what into the place that text has for it.
func between(t *testing.T, text, place, what string) string {
	t.Helper()
	begin, end := "<!-- "+place+": made by go test ./testnet/scenario -update -->\n", "<!-- end of "+place+" -->"
	head, rest, ok := strings.Cut(text, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("no place for the %s", place)
	}
	return head + begin + what + end + tail
}

// listScripts lists the scripts with what each begins with: a sentence that says what it
// shows.
func listScripts(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("../scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("scripts: %v, %v", files, err)
	}
	out := "| script | what it shows |\n|---|---|\n"
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for line := range strings.Lines(string(b)) {
			comment, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
			if !ok {
				break
			}
			words = append(words, comment)
		}
		if len(words) == 0 {
			t.Errorf("%s does not begin with what it shows", name)
		}
		base := filepath.Base(name)
		out += "| [" + base + "](../testnet/scenarios/" + base + ") | " + strings.Join(words, " ") + " |\n"
	}
	return out
}

// TestMistakes: a script that cannot be parsed is an error with its line, before anything starts.
func TestMistakes(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"", `x:1: there is no step`},
		{"# only words\n", `begins with "nodes 4"`},
		{"mine n1 1", `x:1: mine: "nodes N" comes once, before`},
		{"nodes 2\nnodes 2", `x:2: nodes: "nodes N" comes once`},
		{"nodes 2 block-max-size 10", `x:1: nodes: "10": want the largest block's bytes, a number from 2000 to 1000000`},
		{"$ toychain testnet up 2 --block-max-size=10", `x:1: nodes: "10": want the largest block's bytes`},
		{"nodes 0", `"0": want how many nodes, a number from 1 to 50`},
		{"nodes 51", `from 1 to 50`},
		{"nodes 2 3", `"3" is too much`},
		{"network\nnodes 2", `what is different is missing`},
		{"network windows 4\nnodes 2", `"windows": want toy, regtest, or window`},
		{"network window 1\nnodes 2", `window 1: want 0, or 2 to 10,000`},
		{"network regtest\nnetwork toy\nnodes 2", `there is one already`},
		{"nodes 2\nnetwork regtest", `x:2: network: comes before "nodes N"`},
		{"nodes 1\nrepeat 3", `what is to be repeated is missing`},
		{"nodes 1\nrepeat 0 heal", `"0": want how often`},
		{"nodes 1\nrepeat 2 tips", `tips cannot be repeated`},
		{"nodes 1\nrepeat 2 repeat 2 heal", `repeat cannot be repeated`},
		{"nodes 1\nrepeat 2 mine n2 1", `there is no n2`},
		{"nodes 1\nlose n1 heart", `"heart": want one of key, peers, pool`},
		{"nodes 4\nconnect blob", `"blob": want mesh, line, ring, star, or pairs`},
		{"nodes 2\nconnect n1-n3", `no node "n3"`},
		{"nodes 2\nlink n1 n1 delay 1s", `n1 has no link to itself`},
		{"nodes 2\nlink n1 n2", `the faults of the link are missing`},
		{"nodes 2\nlink n1 n2 loss 3", `loss "3": want a part, like 30%`},
		{"nodes 2\nlink n1 n2 perfect loss 3%", `choose perfect or the other words`},
		{"nodes 2\nclock n1 1ms", `1ms: want whole seconds`},
		{"nodes 2\nexpect n1 refuses b1", `the reason is missing`},
		{"nodes 2\nrestart n1 fails", `the words are missing`},
		{"nodes 2\ncrashloop n1", `how many times is missing`},
		{"nodes 2\nlie invalid n1 bad-manners", `"bad-manners": want one of bad-cb-amount`},
		{"nodes 2\nlie about n1", `there is no verb "lie about"; did you mean lie invalid?`},
		{"nodes 2\nflood n1 water 1000", `"water": want one of calls`},
		{"nodes 2\n\nmien n1 1", `x:3: there is no verb "mien"; did you mean mine?`},
		{"nodes 2\nfrobnicate", `there is no verb "frobnicate"; all are listed by`},
		{"nodes 2\nspend alice", `did you mean spend twice?`},
		{"nodes 2\nmine n3 1", `x:2: mine: there is no n3: the script has 2 nodes; it is: mine NODE N [to PERSON]`},
		{"nodes 2\nmine n1", `how many blocks is missing`},
		{"nodes 2\nmine n1 x", `"x": want how many blocks`},
		{"nodes 2\nmine n1 1 to Alice!", `"Alice!": want a person`},
		{"nodes 2\nmine n1 1 to b1", `"b1": want a person`},
		{"nodes 2\nmine n1 1 to n3", `there is no n3`},
		{"nodes 4\npartition n1,n2", `want at least two groups`},
		{"nodes 4\npartition n1 n2", `in no group: n3 n4`},
		{"nodes 4\npartition n1 n2 | n3", `in no group: n4`},
		{"nodes 4\npartition n1 n2 | n2 n3 n4", `in more than one group: n2`},
		{"nodes 4\npartition n1 n2 |", `a group is empty`},
		{"nodes 2\npay alice bob 20", `"on" is missing`},
		{"nodes 2\npay alice bob lots on n1", `"lots": want an amount`},
		{"nodes 2\npay alice bob 1 on n1 refused", `the reason is missing`},
		{"nodes 2\nexpect n1 hight 4", `"hight": want height, peers`},
		{"nodes 2\nexpect p1 lost on n1", `"lost": want one of confirmed`},
		{"nodes 2\nexpect n1 tip p1", `"p1": want a block, like b1`},
		{"nodes 2\nexpect alice 20", `"on" is missing`},
		{"nodes 2\nsettle within soon", `"soon": want a time, like 20s`},
		{"nodes 2\nmine n1 1\n----\nb1", `x:3: mine has no output`},
		{"nodes 2\ntips\n\n----\nb1", `x:4: ---- is not under a step`},
	} {
		_, err := Parse("x", row.text)
		var m *Mistake
		if !errors.As(err, &m) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%q: %v, want %s", row.text, err, row.want)
		}
	}
}

// recorder is a world that writes down what is done to it.
type recorder struct {
	stillLife
	done []string
}

func (r *recorder) note(words ...any) error {
	r.done = append(r.done, fmt.Sprint(words...))
	return nil
}

func (r *recorder) Partition(_ context.Context, groups [][]string) error { return r.note(groups) }
func (r *recorder) Heal(context.Context) error                           { return r.note("heal") }
func (r *recorder) Link(_ context.Context, l topology.Link) error        { return r.note(l.A, l.B, l) }
func (r *recorder) Kill(_ context.Context, node string) error            { return r.note("kill", node) }
func (r *recorder) Clock(_ context.Context, node string, by time.Duration) error {
	return r.note(node, by)
}
func (r *recorder) Node(name string) (Node, error) { return recordedNode{r: r, name: name}, nil }

type recordedNode struct {
	stillNode
	r    *recorder
	name string
}

func (n recordedNode) Generate(_ context.Context, count int, _ string) ([]block.Hash, error) {
	return make([]block.Hash, count), n.r.note("mine", n.name, count)
}

func (n recordedNode) SetMining(_ context.Context, to string, rate float64) (rpc.MiningInfo, error) {
	return rpc.MiningInfo{}, n.r.note("rate", n.name, to != "", rate)
}

// played returns what a step does.
func played(t *testing.T, line string) string {
	t.Helper()
	s, err := Parse("x", "nodes 4\n"+line)
	if err != nil {
		t.Fatal(err)
	}
	w := &recorder{stillLife: stillLife{at: func(time.Duration) []NodeStatus { return heights(1, 1, 1, 1) }}}
	if _, err := Play(t.Context(), s, w, Options{Dir: t.TempDir()}); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return fmt.Sprint(w.done)
}

// TestDialect: what is written as on the command line is what the script's own words do.
func TestDialect(t *testing.T) {
	for typed, own := range map[string]string{
		"partition n1,n2 n3,n4":                             "partition n1 n2 | n3 n4",
		"partition n1,n2 | n3 n4":                           "partition n1 n2 | n3 n4",
		"partition n1,n2|n3 n4":                             "partition n1 n2 | n3 n4",
		"partition n4 n1,n2,n3":                             "partition n4 | n1 n2 n3",
		"partition n1 n2 n3 n4":                             "partition n1 | n2 | n3 | n4",
		"$ toychain testnet heal":                           "heal",
		"toychain testnet kill n1,n3":                       "kill n1 n3",
		"kill all":                                          "kill n1 n2 n3 n4",
		"link n1 n2 --delay 200ms --jitter=50ms --loss 30%": "link n1 n2 delay 200ms jitter 50ms loss 30%",
		"testnet link n1 n2 --one-way":                      "link n1 n2 one-way",
		"link n1 n2 --cut":                                  "link n1 n2 cut",
		"link n1 n2 --clear":                                "link n1 n2 perfect",
		"clock n2 --fast 3h":                                "clock n2 +3h",
		"clock n2 --slow=30m":                               "clock n2 -30m",
		"clock n2 --right":                                  "clock n2 0",
		"mine 3 --node n2":                                  "mine n2 3",
		"$ toychain mine 3 --node=n2 --wallet alice":        "mine n2 3 to alice",
		"hashrate n1,n2 20000":                              "hashrate n1 n2 20000",
	} {
		if got, want := played(t, typed), played(t, own); got != want || got == "[]" {
			t.Errorf("%s does %s, and %s does %s", typed, got, own, want)
		}
	}
	if got, want := played(t, "link n1 n2,n3 delay 1s"), "[n1n2delay 1s n1n3delay 1s]"; got != want {
		t.Errorf("several links: %s, want %s", got, want)
	}
	if got, want := played(t, "hashrate n3 max\nhashrate n3 0"), "[raten3true 0 raten3false 0]"; got != want {
		t.Errorf("without a limit, and off: %s, want %s", got, want)
	}
	s, err := Parse("x", "$ toychain testnet up 3\ntoychain testnet tree")
	if err != nil || s.Nodes != 3 || s.Steps[1].verb.name != "tree" {
		t.Errorf("a tour: %v", err)
	}
	for line, want := range map[string]string{
		"clock n2 --fast": "how fast or slow it is, like +2h is missing", "link n1 n2 --clear --cut": "nothing arrives",
		"mine 3 --on n2": `"--on": want "--node" there`, "partition n1, n2,n3,n4": "", "kill n1,n9": "there is no n9", "kill n1,": `"": want a node`,
		"partition all n1": `no node "all"`, "toychain": `there is no verb "toychain"`, "link n1 n1,n9 cut": `no node "n9"`,
	} {
		if _, err := Parse("x", "nodes 4\n"+line); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}

// TestWith: a script with its expected output put into it is the same script.
func TestWith(t *testing.T) {
	files, err := filepath.Glob("../scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("scripts: %v, %v", files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(name, string(text))
		if err != nil {
			t.Error(err)
			continue
		}
		var wants [][]string
		for _, step := range s.Steps {
			wants = append(wants, step.Want)
			if step.verb.shows && step.Open {
				t.Errorf("%s:%d: %s: no output under ----", name, step.Line, step.Text)
			}
		}
		if got := s.With(wants); got != string(text) {
			t.Errorf("%s became\n%s", name, got)
		}
	}
	s, err := Parse("x", "nodes 1\ntips # all\ntips\n----\nold\n\n# end")
	if err != nil {
		t.Fatal(err)
	}
	const want = "nodes 1\ntips # all\n----\nb1\n\ntips\n----\nb2\n\n# end\n"
	if got := s.With([][]string{nil, {"b1"}, {"b2"}}); got != want {
		t.Errorf("written:\n%s\nwant\n%s", got, want)
	}
}
