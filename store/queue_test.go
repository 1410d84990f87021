package store

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/syndtr/goleveldb/leveldb/storage"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/crashdisk"
)

// slowDisk is a storage whose journal takes no write while its gate is shut.
type slowDisk struct {
	storage.Storage
	gate chan struct{} // open when closed
}

func (s *slowDisk) Create(fd storage.FileDesc) (storage.Writer, error) {
	w, err := s.Storage.Create(fd)
	if err == nil && fd.Type == storage.TypeJournal {
		w = &slowWriter{w, s}
	}
	return w, err
}

type slowWriter struct {
	storage.Writer
	s *slowDisk
}

func (w *slowWriter) Write(b []byte) (int, error) {
	<-w.s.gate
	return w.Writer.Write(b)
}

// While the disk is busy, the tree goes on checking: it sees the coins and undo data of
// the Commit on its way as if it had been written. Everything else that is asked waits,
// and then has all of it.
//
//	g ── b1 ── b2 ── b3 (pays) ── b4 (spends that)
//	                   └───────── again (spends what b3 spent)
func TestCheckingWhileWriting(t *testing.T) {
	p := quickParams()
	w := newWorld(t, p)
	s := &slowDisk{storage.NewMemStorage(), make(chan struct{})}
	close(s.gate)
	db, err := OpenStorage(s, p)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := db.Tree(unsigned, 1)
	if err != nil {
		t.Fatal(err)
	}
	b1 := w.mine(w.genesis, nil)
	b2 := w.mine(b1, nil)
	o := w.spendable(b2)[0]
	pay := w.pay(b2.coins, []block.Outpoint{o}, block.Output{Value: 10, Script: w.scripts[1]})
	b3 := w.mine(b2, nil, pay)
	next := w.pay(b3.coins, []block.Outpoint{{TxID: pay.ID()}}, block.Output{Value: 5, Script: w.scripts[2]})
	b4 := w.mine(b3, nil, next)
	again := w.mineTo(b3, w.scripts[0], pay)
	if err := errors.Join(tree.Flush(), tree.Sync()); err != nil {
		t.Fatal(err)
	}

	s.gate = make(chan struct{})
	free := time.AfterFunc(time.Minute, func() { close(s.gate) }) // a test that waits in vain must end
	for _, b := range []*vertex{b1, b2, b3} {
		if _, err := tree.AddBlock(b.block, now(b4)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	if undo, err := tree.Undo(b3.hash); err != nil || len(undo) != 1 || undo[0].Value != b3.spent[0].Value {
		t.Errorf("undo data on its way: %v, %v", undo, err)
	}
	into := make(consensus.Coins)
	made := block.Outpoint{TxID: pay.ID()}
	if err := db.Coins([]block.Outpoint{o, made}, into); err != nil || len(into) != 1 || into[made].Value != 10 {
		t.Errorf("coins on their way: %v, %v; want the made one and not the spent one", into, err)
	}
	if _, err := tree.AddBlock(again, now(b4)); !errors.Is(err, consensus.BadMissingOrSpent) {
		t.Errorf("a coin spent twice: %v", err)
	}
	if change, err := tree.AddBlock(b4.block, now(b4)); err != nil || !change.Moved() {
		t.Errorf("a block on top: %v", err)
	}
	waited := make(chan error)
	go func() {
		raw, err := db.BlockBytes(b3.hash)
		if err == nil && !bytes.Equal(raw, b3.block.Bytes()) {
			err = errors.New("other bytes")
		}
		waited <- err
	}()
	select {
	case err := <-waited:
		t.Errorf("a body that is not written yet was answered: %v", err)
	default:
	}
	if !free.Stop() {
		t.Fatal("something waited for the disk")
	}
	close(s.gate)
	if err := <-waited; err != nil {
		t.Errorf("a body on its way: %v", err)
	}
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	if stats, err := db.CoinStats(); err != nil || stats.Tip != b4.hash || stats.Coins != len(b4.coins) {
		t.Errorf("%+v (%v), want %d coins at %s", stats, err, len(b4.coins), b4.hash)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// A write that fails in the queue fails everything after it, of whatever kind.
func TestWriteInTheQueueFails(t *testing.T) {
	p := quickParams()
	w := newWorld(t, p)
	d := crashdisk.New()
	db, err := openDisk(d, p)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := db.Tree(unsigned, 1)
	if err != nil {
		t.Fatal(err)
	}
	b1 := w.mine(w.genesis, nil)
	b2 := w.mine(b1, nil)
	add := func(v *vertex) error { _, err := tree.AddBlock(v.block, now(v)); return err }
	if err := errors.Join(add(b1), tree.Flush(), tree.Sync()); err != nil {
		t.Fatal(err)
	}
	d.FailAt = d.Ops() + 1
	if err := add(b2); err != nil {
		t.Errorf("the block itself: %v, want it to be on its way", err)
	}
	for _, step := range []struct {
		name string
		call func() error
	}{{"Wait", tree.Wait}, {"Sync", tree.Sync}, {"Flush", tree.Flush}} { // Flush waits for nothing, so it comes last
		if err := step.call(); !errors.Is(err, crashdisk.ErrBroken) {
			t.Errorf("%s: %v, want %v", step.name, err, crashdisk.ErrBroken)
		}
	}
	_ = db.Close()
	after, err := openDisk(d.After(crashdisk.NothingUnsynced, rand.New(rand.NewPCG(1, 1))), p)
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close()
	if _, tip, err := after.Load(); err != nil || tip != b1.hash {
		t.Errorf("tip after the crash %s (%v), want %s", tip, err, b1.hash)
	}
}

// Bodies may wait for the disk, but not any number of them: Put waits then, too.
func TestMaxQueued(t *testing.T) {
	s := &slowDisk{storage.NewMemStorage(), make(chan struct{})}
	close(s.gate)
	db, err := OpenStorage(s, quickParams())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	gate := make(chan struct{}) // lets one write through for each value
	s.gate = gate
	const size, count = 1 << 20, 4 * maxQueued >> 20
	b := &block.Block{Txs: []*block.Tx{{Outputs: []block.Output{{Script: make([]byte, size)}}}}}
	done := make(chan error)
	go func() {
		var err error
		for range count {
			err = errors.Join(err, db.Put(nil, []consensus.Block{consensus.NewBlock(b)}))
		}
		done <- err
	}()
	for running := true; running; {
		select {
		case gate <- struct{}{}:
			if n := db.queue.bytes.Load(); n > maxQueued+size+1000 {
				t.Errorf("%d bytes wait, at most %d may", n, maxQueued)
			}
		case err = <-done:
			running = false
		}
	}
	close(gate)
	if err = errors.Join(err, db.Wait()); err != nil {
		t.Fatal(err)
	}
	if n := db.queue.bytes.Load(); n != 0 {
		t.Errorf("%d bytes wait when all is written", n)
	}
}
