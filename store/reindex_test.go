package store

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// rebuilt returns a node on the folder as Reindex left it.
func rebuilt(t testing.TB, n *node) *node {
	t.Helper()
	m := *n
	m.TB, m.db = t, nil
	m.reopen()
	t.Cleanup(func() { m.db.Close() })
	return &m
}

// Nothing is damaged: what is rebuilt is what was there, to the last status, time
// and entry of the journal.
func TestReindexChangesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		n := lived(t, 100+seed, 40)
		before := n.tree.Tip()
		last := 0
		got, err := Reindex(n.dir, n.params, unsigned, func(done, total int) { last = done })
		if err != nil {
			t.Fatal(err)
		}
		if got.Tip.Hash != before.Hash || got.Blocks != len(n.arrived) || got.Headers != len(n.arrived) ||
			len(got.Lost) > 0 || got.Reorgs != len(n.reorgs) || got.Kept != "" || last != len(n.arrived) {
			t.Fatalf("%+v", got)
		}
		m := rebuilt(t, n)
		m.compare()
		if findings, err := m.db.Verify(unsigned, 0, nil); err != nil || findings != nil {
			t.Fatal(findings, err)
		}
		entries, _, err := m.db.Load()
		if err != nil {
			t.Fatal(err)
		}
		compareEntries(t, entries, n.tree.Entries())
		if names := filesOf(t, filepath.Dir(n.dir)); len(names) != 1 {
			t.Fatalf("left over: %v", names)
		}
	}
}

// Of two branches with the same work the one that was first, or that somebody
// called precious, stays the best chain.
func TestReindexKeepsTheFirstSeen(t *testing.T) {
	for _, precious := range []bool{false, true} {
		n := newNode(newWorld(t, quickParams()))
		b1 := n.mine(n.genesis, nil)
		a2, b2, c2 := n.mine(b1, nil), n.mine(b1, nil), n.mine(b1, nil)
		n.take(b1, b2, c2, a2)
		want := b2
		if precious {
			for _, v := range []*vertex{a2, c2} {
				change, err := n.tree.Precious(v.hash, now(a2))
				if err != nil {
					t.Fatal(err)
				}
				n.reorgs = append(n.reorgs, *change.Reorg)
			}
			want = c2
		}
		n.flush()
		n.db.Close()
		got, err := Reindex(n.dir, n.params, unsigned, nil)
		if err != nil || got.Tip.Hash != want.hash {
			t.Fatalf("precious %v: tip %s, want %s: %v", precious, got.Tip.Hash, want.hash, err)
		}
		rebuilt(t, n).compare()
	}
}

// Whatever one file has suffered, Reindex makes a sound database of the rest, and
// says what is lost. Fed the lost blocks again, the node is where it was.
func TestReindexAfterDamage(t *testing.T) {
	t.Parallel()
	whole := lived(t, 200, 24)
	// From here on no two files hold the same, as a table that was not yet merged and
	// the one that it went into do. What comes later is in the log too.
	var err error
	if whole.db, err = openSmall(whole.dir, whole.params); err != nil {
		t.Fatal(err)
	}
	if err := whole.db.level.CompactRange(util.Range{}); err != nil {
		t.Fatal(err)
	}
	whole.tree = loadTree(t, whole.db, whole.params)
	whole.live(rand.New(rand.NewPCG(201, 0)), 36)
	if err := whole.db.Close(); err != nil {
		t.Fatal(err)
	}
	// LevelDB removes tables that were merged some time later, or when it opens.
	never := func(o *opt.Options) {
		o.CompactionL0Trigger, o.WriteL0SlowdownTrigger, o.WriteL0PauseTrigger = 1000, 1000, 1000
	}
	if whole.db, err = openSmall(whole.dir, whole.params, never); err != nil {
		t.Fatal(err)
	}
	whole.tree = loadTree(t, whole.db, whole.params)
	whole.live(rand.New(rand.NewPCG(202, 0)), 42)
	if err := whole.db.Close(); err != nil {
		t.Fatal(err)
	}
	best := whole.tree.Tip().Hash
	r := rand.New(rand.NewPCG(5, 5))
	fed := 0 // blocks that were lost and came again
	for _, name := range filesOf(t, whole.dir) {
		if name == "LOCK" || name == "LOG" {
			continue
		}
		for what, damage := range []func(path string) error{os.Remove, func(path string) error {
			b, err := os.ReadFile(path)
			for range min(3, len(b)) {
				b[r.IntN(len(b))] ^= 0x55
			}
			return errors.Join(err, os.WriteFile(path, b, 0o600))
		}} {
			what := []string{"removed", "flipped"}[what]
			n := *whole
			n.dir = filepath.Join(t.TempDir(), "chain")
			copyFolder(t, whole.dir, n.dir)
			if err := damage(filepath.Join(n.dir, name)); err != nil {
				t.Fatal(err)
			}
			got, err := Reindex(n.dir, n.params, unsigned, nil)
			if err != nil {
				t.Fatalf("%s %s: %v", name, what, err)
			}
			if (len(got.Lost) > 0) != (got.Kept != "") {
				t.Fatalf("%s %s: lost %d, kept %q", name, what, len(got.Lost), got.Kept)
			}
			m := rebuilt(t, &n)
			if findings, err := m.db.Verify(unsigned, 0, nil); err != nil || findings != nil {
				t.Fatal(findings, err)
			}
			for _, v := range n.all { // parents first
				if _, err := m.tree.AddBlock(v.block, now(v)); err == nil {
					fed++
				} else if !errors.Is(err, chain.ErrKnown) {
					t.Fatal(err)
				}
			}
			m.flush()
			tip := m.tree.Tip()
			if old, _ := n.tree.Info(best); tip.Work != old.Work {
				t.Fatalf("%s %s: best chain has work %s, had %s", name, what, tip.Work, old.Work)
			}
			compareCoins(t, m.db, n.arrived[tip.Hash])
		}
	}
	if fed == 0 {
		t.Fatal("nothing was ever lost: the test shows little")
	}
}

// The journal stays, so far as it can be read.
func TestReindexKeepsTheJournal(t *testing.T) {
	n := lived(t, 201, 60)
	if len(n.reorgs) < 3 {
		t.Fatalf("only %d reorganisations", len(n.reorgs))
	}
	db, err := openSmall(n.dir, n.params)
	if err != nil {
		t.Fatal(err)
	}
	db.level.Put(appendReorgKey(nil, 2), []byte("nonsense"), nil)
	db.Close()
	got, err := Reindex(n.dir, n.params, unsigned, nil)
	if err != nil || got.Reorgs != len(n.reorgs) { // the older value of entry 2 may still be read: then that is kept
		n.reorgs = slices.Delete(n.reorgs, 1, 2)
	}
	m := rebuilt(t, n)
	reorgs, err := m.db.Reorgs(0)
	if err != nil || len(reorgs) != len(n.reorgs) {
		t.Fatalf("%d entries, want %d: %v", len(reorgs), len(n.reorgs), err)
	}
	for i := range reorgs {
		if !reflect.DeepEqual(reorgs[i], inUTC(n.reorgs[i])) {
			t.Fatalf("entry %d: %+v, want %+v", i, reorgs[i], n.reorgs[i])
		}
	}
}

// However far a swap came, the next Open finds a whole database: the old one, or
// the new one.
func TestInterruptedReindex(t *testing.T) {
	t.Parallel()
	n := lived(t, 202, 20)
	want := n.tree.Tip().Hash
	for _, left := range [][]string{
		{"", ".reindex-new"},               // while it was built
		{"", ".reindex-ready"},             // just whole
		{".reindex-old", ".reindex-ready"}, // the old one is out of the way
		{".damaged", ".reindex-ready"},     // likewise, and will be kept
		{"", ".reindex-old"},               // all but cleared away
		{"", ".reindex-old", ".reindex-new", ".reindex-ready"},
	} {
		dir := filepath.Join(t.TempDir(), "chain")
		for _, suffix := range left {
			copyFolder(t, n.dir, dir+suffix)
		}
		db, err := Open(dir, n.params)
		if err != nil {
			t.Fatalf("%q: %v", left, err)
		}
		_, tip, err := db.Load()
		db.Close()
		if err != nil || tip != want {
			t.Fatalf("%q: tip %s, want %s: %v", left, tip, want, err)
		}
		got, err := Reindex(dir, n.params, unsigned, nil)
		if err != nil || got.Tip.Hash != want {
			t.Fatalf("%q: %+v, %v", left, got, err)
		}
		for _, name := range filesOf(t, filepath.Dir(dir)) {
			if name != "chain" && name != "chain"+".damaged" {
				t.Fatalf("%q: left over: %s", left, name)
			}
		}
	}
}

func TestReindexRefuses(t *testing.T) {
	n := lived(t, 203, 8)
	db, err := Open(n.dir, n.params)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Reindex(n.dir, n.params, unsigned, nil); !errors.Is(err, ErrInUse) {
		t.Fatalf("a node runs on it: %v", err)
	}
	db.Close()
	if _, err := Reindex(n.dir, consensus.Toy(), unsigned, nil); !errors.Is(err, ErrOtherNetwork) {
		t.Fatalf("another network's: %v", err)
	}
	if _, err := Reindex(filepath.Join(t.TempDir(), "none"), n.params, unsigned, nil); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("no folder: %v", err)
	}
	empty := t.TempDir()
	if _, err := Reindex(empty, n.params, unsigned, nil); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), empty) {
		t.Fatalf("a folder with nothing: %v", err)
	}
	if names := filesOf(t, empty); !slices.Contains(names, "LOCK") {
		t.Fatalf("the folder was not left alone: %v", names)
	}
}

// A block on top of one that breaks a rule was stored because it came first. Judged
// in order it is refused, as any node would, and the database fits together.
func TestReindexRefusesOnTopOfInvalid(t *testing.T) {
	n := newNode(newWorld(t, quickParams()))
	good := n.mine(n.genesis, nil)
	greedy := n.mineTo(good, n.scripts[0])
	greedy.Txs[0].Outputs[0].Value++
	bad := n.add(good, n.remine(greedy))
	top := n.mine(bad, nil)
	n.take(good)
	for _, v := range []*vertex{bad, top} {
		if err := n.tree.AddHeader(&v.block.Header, now(v)); err != nil {
			t.Fatal(err)
		}
	}
	n.take(top)
	if _, err := n.tree.AddBlock(bad.block, now(bad)); consensus.RuleOf(err) != consensus.BadCoinbaseAmount {
		t.Fatal(err)
	}
	n.flush()
	if findings, err := n.db.Verify(unsigned, 0, nil); err != nil || findings != nil {
		t.Fatal(findings, err)
	}
	n.db.Close()
	got, err := Reindex(n.dir, n.params, unsigned, nil)
	if err != nil || got.Refused != 1 || len(got.Lost) != 0 || got.Tip.Hash != good.hash {
		t.Fatalf("%+v, %v", got, err)
	}
	m := rebuilt(t, n)
	if findings, err := m.db.Verify(unsigned, 0, nil); err != nil || findings != nil {
		t.Fatal(findings, err)
	}
	if info, _ := m.tree.Info(bad.hash); info.Entry.Status&chain.Failed == 0 {
		t.Fatal("the greedy block is forgiven")
	}
}

// A body whose ancestors are lost has no place in a tree; it is reported, and goes.
func TestReindexWithoutAncestors(t *testing.T) {
	n := newNode(newWorld(t, quickParams()))
	tip := n.genesis
	var path []*vertex
	for range 6 {
		tip = n.mine(tip, nil)
		path = append(path, tip)
	}
	n.take(path...)
	n.flush()
	n.db.level.CompactRange(util.Range{}) // so that no older values lie about
	for _, key := range [][]byte{
		appendBodyKey(nil, chain.Point{Hash: path[2].hash, Height: 3}), appendEntryKey(nil, path[2].hash),
		appendBodyKey(nil, chain.Point{Hash: path[1].hash, Height: 2}),
	} {
		n.db.level.Delete(key, nil)
	}
	n.db.level.CompactRange(util.Range{})
	n.db.Close()
	swept, err := leveldb.OpenFile(n.dir, nil) // which removes tables that Close was too quick for
	if err != nil {
		t.Fatal(err)
	}
	swept.Close()
	got, err := Reindex(n.dir, n.params, unsigned, nil)
	if err != nil {
		t.Fatal(err)
	}
	var lost []block.Height
	for _, p := range got.Lost {
		lost = append(lost, p.Height)
	}
	slices.Sort(lost)
	if got.Tip.Height != 1 || !slices.Equal(lost, []block.Height{2, 4, 5, 6}) || got.Kept != n.dir+".damaged" {
		t.Fatalf("%+v", got)
	}
	m := rebuilt(t, n)
	if findings, err := m.db.Verify(unsigned, 0, nil); err != nil || findings != nil {
		t.Fatal(findings, err)
	}
	m.take(path[1:]...)
	m.flush()
	m.compare()
}
