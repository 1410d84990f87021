package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/opt"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/crashdisk"
)

// openDisk opens a database on a disk, with so small a write buffer that tables are
// written and merged all the time.
func openDisk(d *crashdisk.Disk, p *consensus.Params) (*DB, error) {
	o := options()
	o.WriteBuffer, o.CompactionTableSize = 4*opt.KiB, 4*opt.KiB
	return open(d, place{"", p}, o)
}

// fault is how a disk breaks.
type fault struct {
	name string
	once bool // only at the one operation, and not at all that follow
}

// The disk breaks at every single operation in turn, while a chain grows, forks and
// reorganises. Whatever the crash leaves of what was not synced, the database then
// holds to the byte what it held before the Commit that failed, or all of what it
// was to hold after it, and goes on from there.
func TestCrashAtEveryWrite(t *testing.T) {
	if raceDetector {
		t.Skip("LevelDB races with itself when its disk fails")
	}
	const seed = 20261125
	t.Logf("seed %d", seed)
	p := quickParams()
	w := newWorld(t, p)
	r := rand.New(rand.NewPCG(seed, 0))
	for len(w.all) < 16 {
		w.randomBlock(r, w.all[len(w.all)-1-r.IntN(min(len(w.all), 3))])
	}
	h := newHistory(w)
	for _, f := range []fault{{"from then on", false}, {"once", true}} {
		inReorg, inConnect, broke := 0, 0, true
		for n := 1; broke; n++ {
			d := crashdisk.New()
			d.FailAt, d.Once = n, f.once
			done := live(t, w, d)
			broke = d.Broke()
			for mode := range crashdisk.Crashes {
				h.reopen(t, d.After(mode, r), r, done, fmt.Sprintf("operation %d breaks %s, crash %d", n, f.name, mode))
			}
			switch {
			case done == len(w.all): // nothing the node noticed
			case h.reorgs[done]:
				inReorg++
			default:
				inConnect++
			}
			if !broke && n < 60 {
				t.Fatalf("only %d operations: the test shows little", n)
			}
		}
		t.Logf("breaking %s: %d times in a reorganisation, %d times otherwise", f.name, inReorg, inConnect)
		if inReorg < 5 || inConnect < 5 {
			t.Error("that shows little")
		}
	}
}

// history is what a database holds after each of a world's blocks, on a sound disk.
type history struct {
	*world
	holds  []block.Hash // of everything in it: 0 when it is new, i after i blocks
	reorgs []bool       // block i, from 0, makes the best chain another
}

func newHistory(w *world) *history {
	w.Helper()
	h := &history{world: w}
	db, err := openDisk(crashdisk.New(), w.params)
	if err != nil {
		w.Fatal(err)
	}
	note := func() {
		sum, err := contents(w, db)
		if err != nil {
			w.Fatal(err)
		}
		h.holds = append(h.holds, sum)
	}
	note()
	n := &node{world: w, db: db, tree: loadTree(w, db, w.params), arrived: map[block.Hash]*vertex{}}
	for _, v := range w.all {
		before := len(n.reorgs)
		if v != w.genesis {
			n.take(v)
		}
		n.flush()
		note()
		h.reorgs = append(h.reorgs, len(n.reorgs) > before)
	}
	if err := db.Close(); err != nil {
		w.Fatal(err)
	}
	return h
}

// reopen looks at what a crash left after so many blocks, and lets it go on.
func (h *history) reopen(t *testing.T, d *crashdisk.Disk, r *rand.Rand, done int, when string) {
	t.Helper()
	if r.IntN(2) == 0 { // and again, while it is being opened
		d.FailAt = 1 + r.IntN(12)
		if db, err := openDisk(d, h.params); err == nil {
			db.Close()
		}
		d = d.After(crashdisk.Crash(r.IntN(int(crashdisk.Crashes))), r)
	}
	db, err := openDisk(d, h.params)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	got, err := contents(t, db)
	if err != nil || got != h.holds[done] && (done == len(h.all) || got != h.holds[done+1]) {
		t.Fatalf("%s: after %d blocks it holds neither what it did nor what it was to hold: %v", when, done, err)
	}
	n := &node{world: h.world, db: db, tree: loadTree(t, db, h.params), arrived: map[block.Hash]*vertex{}}
	for _, v := range h.all {
		if info, known := n.tree.Info(v.hash); known && info.Entry.Status&chain.HasBody != 0 {
			n.arrived[v.hash] = v
		}
	}
	for _, v := range h.all[1:] {
		if n.arrived[v.hash] == nil {
			n.take(v)
		}
		n.flush()
	}
	n.arrived[h.genesis.hash] = h.genesis
	check(t, n)
	if got, err := contents(t, db); err != nil || got != h.holds[len(h.all)] {
		t.Fatalf("%s: going on, it ends with other contents: %v", when, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// check holds a database against the world, and against itself.
func check(t *testing.T, n *node) {
	t.Helper()
	tip := n.arrived[n.tree.Tip().Hash]
	compareCoins(t, n.db, tip)
	compareBlocks(t, n.db, n.arrived, tip)
	if findings, err := n.db.Verify(unsigned, 0, nil); err != nil || findings != nil {
		t.Fatal(findings, err)
	}
}

// live feeds a node on this disk block by block until something fails, and returns
// after how many blocks Flush had succeeded.
func live(t *testing.T, w *world, d *crashdisk.Disk) (done int) {
	db, err := openDisk(d, w.params)
	if err != nil {
		return 0
	}
	defer db.Close()
	entries, tip, err := db.Load()
	if err != nil {
		return 0
	}
	tree, err := chain.NewTree(w.params, unsigned, db, entries, tip)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range w.all {
		if v != w.genesis {
			if _, err := tree.AddBlock(v.block, now(v)); err != nil {
				if !errors.Is(err, crashdisk.ErrBroken) {
					t.Fatal(err)
				}
				return done
			}
		}
		if err := tree.Flush(); err != nil {
			if !errors.Is(err, crashdisk.ErrBroken) && db.failed == nil {
				t.Fatal(err)
			}
			if err := db.Commit(&chain.Commit{Tip: w.genesis.hash}); err == nil {
				t.Fatal("a Commit after one that failed")
			}
			return done
		}
		done++
	}
	return done
}
