package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/syndtr/goleveldb/leveldb/opt"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/crashdisk"
	"toychain/internal/longtest"
)

// openDisk opens a database on a disk, with so small a write buffer that tables are
// written and merged all the time.
func openDisk(d *crashdisk.Disk, p *consensus.Params) (*DB, error) {
	o := options()
	o.WriteBuffer, o.CompactionTableSize = 4*opt.KiB, 4*opt.KiB
	return open(d, location{"", p}, o)
}

// fault is how a disk breaks.
type fault struct {
	name string
	once bool // only at the one operation, and not at all that follow
}

// The disk breaks at one operation after the other, while a chain grows, forks and
// reorganises. Whatever the crash leaves of what was not synced, the database then holds
// to the byte what it held after one of the writes: none older than what was synced, none
// older than what was written if only the process died, and none newer than the write that
// failed. It goes on from there, and connects what it had stored. Every operation has its
// turn in the long tests, every third in the others.
func TestCrashAtEveryWrite(t *testing.T) {
	if longtest.Race { // .ci/run's step without the detector runs it
		t.Skip("LevelDB races with itself when its disk fails: a waiter for a compaction closes a channel on which that still reports")
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
		inReorg, inConnect, unconnected, broke := 0, 0, 0, true
		for n := 1; broke; n += longtest.Pick(3, 1) {
			d := crashdisk.New()
			d.FailAt, d.Once = n, f.once
			last := live(t, w, d)
			broke = d.Broke()
			for how := range crashdisk.Crashes {
				when := fmt.Sprintf("operation %d breaks %s, crash %d", n, f.name, how)
				from := last.synced
				if how == crashdisk.ProcessDied {
					from = last.written
				}
				if got := h.reopen(t, d.After(how, r), r, from, last.written+1, when); got > 1 && got%2 == 0 {
					unconnected++
				}
			}
			switch {
			case last.written == len(h.holds)-1: // nothing the node noticed
			case h.reorgs[last.written+1]:
				inReorg++
			default:
				inConnect++
			}
			if !broke && n < 60 {
				t.Fatalf("only %d operations: the test shows little", n)
			}
		}
		t.Logf("breaking %s: %d times in a reorganisation, %d times otherwise; %d times a block was stored and not connected",
			f.name, inReorg, inConnect, unconnected)
		if inReorg < 5 || inConnect < 5 || unconnected < 20 {
			t.Error("that shows little")
		}
	}
}

// history is what a database holds after each of the writes of a world's blocks, on a
// sound disk: 0 when it is new, 1 with genesis, 2i when block i is stored, 2i+1 when the
// best chain has moved.
type history struct {
	*world
	holds  []block.Hash // of everything in it
	reorgs []bool       // that write makes the best chain another
}

func newHistory(w *world) *history {
	w.Helper()
	h := &history{world: w}
	db, err := openDisk(crashdisk.New(), w.params)
	if err != nil {
		w.Fatal(err)
	}
	n := &node{world: w, db: db, tree: loadTree(w, db, w.params), arrived: map[block.Hash]*vertex{}}
	reorgs := 0
	note := func(flushed bool) {
		sum, err := contents(w, db)
		if err != nil {
			w.Fatal(err)
		}
		h.holds = append(h.holds, sum)
		h.reorgs = append(h.reorgs, flushed && len(n.reorgs) > reorgs)
		if flushed {
			reorgs = len(n.reorgs)
		}
	}
	note(true)
	n.flush()
	note(true)
	for _, v := range w.all[1:] {
		n.take(v)
		note(false)
		n.flush()
		note(true)
	}
	if err := db.Close(); err != nil {
		w.Fatal(err)
	}
	return h
}

// reopen looks at what a crash left, which is what there was after one of the writes from
// first to last, lets it go on, and returns which write that was.
func (h *history) reopen(t *testing.T, d *crashdisk.Disk, r *rand.Rand, first, last int, when string) (got int) {
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
	sum, err := contents(t, db)
	got = slices.Index(h.holds, sum)
	for slices.Contains(h.holds[got+1:], sum) { // a block that moves nothing: two writes, one state
		got += 1 + slices.Index(h.holds[got+1:], sum)
	}
	if err != nil || got < first || slices.Index(h.holds, sum) > last {
		t.Fatalf("%s: it holds what it did after write %d, want %d to %d: %v", when, got, first, last, err)
	}
	n := &node{world: h.world, db: db, tree: loadTree(t, db, h.params), arrived: map[block.Hash]*vertex{}}
	for _, v := range h.all {
		if info, known := n.tree.Info(v.hash); known && info.Entry.Status&chain.HasBody != 0 {
			n.arrived[v.hash] = v
		}
	}
	if _, err := n.tree.ConnectStored(now(h.all[max(0, got/2)])); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	n.flush()
	for _, v := range h.all[1:] {
		if n.arrived[v.hash] == nil {
			n.take(v)
		}
		n.flush()
	}
	n.arrived[h.genesis.hash] = h.genesis
	check(t, n)
	if sum, err := contents(t, db); err != nil || sum != h.holds[len(h.holds)-1] {
		t.Fatalf("%s: going on, it ends with other contents: %v", when, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return got
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

// progress is how far a node came until its disk failed: the last write that returned, and
// the last that was synced. See history for their numbers.
type progress struct{ written, synced int }

// live feeds a node on this disk block by block until something fails.
func live(t *testing.T, w *world, d *crashdisk.Disk) (last progress) {
	db, err := openDisk(d, w.params)
	if err != nil {
		return last
	}
	defer db.Close()
	entries, tip, err := db.Load()
	if err != nil {
		return last
	}
	tree, err := chain.NewTree(w.params, unsigned, db, entries, tip)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range w.all {
		stages := []func() error{tree.Flush, tree.Sync}
		if v != w.genesis {
			stages = append([]func() error{
				func() error { _, err := tree.AddBlock(v.block, now(v)); return err },
				tree.Wait,
				func() error { last.written = 2 * i; return nil },
			}, stages...)
		}
		for _, stage := range stages {
			if err := stage(); err != nil {
				if !errors.Is(err, crashdisk.ErrBroken) {
					t.Fatal(err)
				}
				if db.queue.failure() != nil && db.Commit(&chain.Commit{Tip: w.genesis.hash}) == nil {
					t.Fatal("a Commit after a write that failed")
				}
				return last
			}
		}
		last = progress{2*i + 1, 2*i + 1}
	}
	return last
}
