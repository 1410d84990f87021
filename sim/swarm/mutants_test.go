package swarm

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"toychain/internal/longtest"
)

// mutant is a planted bug: edits of the source that are never in the tree.
type mutant struct {
	name  string
	short bool // it is tried in the short mode, too
	most  int  // seeds until it must be found
	edits []edit
}

type edit struct{ file, old, new string }

// mutants are the bugs that the search must find.
var mutants = []mutant{
	{"fork choice by height", false, 400, []edit{
		{"chain/tree.go", "if c := n.Work.Cmp(m.Work); c != 0 {\n\t\treturn c > 0", "if c := n.Height - m.Height; c != 0 {\n\t\treturn c > 0"}}},
	{"on a tie the last seen wins", true, 20, []edit{
		{"chain/tree.go", "return n.seq < m.seq", "return n.seq > m.seq"}}},
	{"undo forgets a coin", true, 100, []edit{
		{"chain/reorg.go", "return Step{false, n.Hash, n.Height, b.Block, b.IDs, delta.Inverse()}, nil",
			"d := delta.Inverse()\n\td.Created = d.Created[min(1, len(d.Created)):]\n\treturn Step{false, n.Hash, n.Height, b.Block, b.IDs, d}, nil"}}},
	{"an orphan is not tried again", false, 20, []edit{
		{"engine/orphans.go", "if !e.tree.Has(o.prev) {\n\t\t\tcontinue", "if e.now.Year() > 0 {\n\t\t\tcontinue"}}},
	{"the mempool is not refilled", false, 50, []edit{
		{"mempool/update.go", "for _, e := range u.returning {", "for _, e := range u.returning[:0] {"}}},
	{"maturity off by one in a reorganisation", false, 1000, []edit{
		{"mempool/update.go", "spent, fee, err := consensus.CheckTxInputs(u.tip, e.Tx, coins)",
			"later := u.tip\n\tlater.Height++\n\tspent, fee, err := consensus.CheckTxInputs(later, e.Tx, coins)"}}},
	{"retarget over N intervals", false, 20, []edit{
		{"consensus/state.go", "wanted := uint32(p.Window) * uint32(p.Spacing.Seconds())", "wanted := uint32(p.Window-1) * uint32(p.Spacing.Seconds())"}}},
	{"median time not checked", false, 200, []edit{
		{"consensus/state.go", "if median := s.MedianTime(); h.Time <= median {", "if median := s.MedianTime(); h.Time <= median-median {"}}},
	{"a bad block is ignored", false, 100, []edit{
		{"engine/verdict.go", "case consensus.TimeTooNew:\n\t\treturn NotNow", "case consensus.TimeTooNew, consensus.BadVersion, consensus.BadCoinbaseMissing, consensus.BadMerkleRoot:\n\t\treturn NotNow"}}},
	{"the batch before the journal", false, 100, []edit{
		{"chain/write.go", "c.Tip, c.Entries = t.tip().Hash, entries(t.pending.statuses)\n",
			"c.Tip, c.Entries = t.tip().Hash, entries(t.pending.statuses)\n\tc.Reorgs, t.late = t.late, c.Reorgs\n"},
		{"chain/tree.go", "\tpending  pending ", "\tlate []Reorg\n\tpending  pending "}}},
	{"locator off by one", true, 20, []edit{
		{"chain/query.go", "range t.active[from.Height+1:] {", "range t.active[min(int(from.Height)+2, len(t.active)):] {"}}},
	{"the order of a map in a loop over peers", false, 400, []edit{
		{"engine/bodies.go", "for _, p := range e.order {\n\t\tif p.inFlight <=", "for _, p := range e.peers {\n\t\tif p.inFlight <="}}},
}

// TestMutants: the search finds each planted bug, within a stated number of seeds.
func TestMutants(t *testing.T) {
	for _, m := range mutants {
		t.Run(strings.ReplaceAll(m.name, " ", "-"), func(t *testing.T) {
			if !m.short {
				longtest.Only(t)
			}
			out := m.hunt(t)
			var seed, before, after int
			var property string
			if _, err := fmt.Sscan(out, &seed, &property, &before, &after); err != nil {
				t.Fatalf("%q: %v", out, err)
			}
			t.Logf("%s violated after %d seeds, at most %d; %d actions of %d are enough: %s", property, seed, m.most, after, before, strings.TrimSpace(out))
			switch {
			case seed == 0:
				t.Errorf("not found within %d seeds", m.most)
			case property != "bytes" && after > before/2:
				t.Errorf("%d of %d actions are left", after, before)
			}
		})
	}
}

// hunt builds the search with the bug, and returns what it finds.
func (m *mutant) hunt(t *testing.T) string {
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	replaced := map[string]string{}
	for i, e := range m.edits {
		file := filepath.Join(root, e.file)
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(source), e.old); n != 1 {
			t.Fatalf("%s has %q %d times: the bug needs another edit", e.file, e.old, n)
		}
		replaced[file] = filepath.Join(dir, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(replaced[file], []byte(strings.Replace(string(source), e.old, e.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "hunt")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./testdata/hunt").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), program, fmt.Sprint(m.most)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}
