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

// slowDisk is a storage whose journal is not synced while its gate is shut.
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

func (w *slowWriter) Sync() error {
	<-w.s.gate
	return w.Writer.Sync()
}

// While the disk is busy with one batch, the tree goes on checking: it sees the coins,
// blocks and undo data of the batch as if it had been written. When the disk is done,
// everything is there.
func TestCheckingWhileWriting(t *testing.T) {
	p := quickParams()
	w := newWorld(t, p)
	s := &slowDisk{storage.NewMemStorage(), make(chan struct{})}
	opened := make(chan struct{})
	close(opened)
	shut := s.gate
	s.gate = opened
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
	again := w.mineTo(b3, w.scripts[0], pay) // spends the coin a second time
	for _, b := range []*vertex{b1, b2, b3} {
		if _, err := tree.AddBlock(b.block, now(b4)); err != nil {
			t.Fatal(err)
		}
	}

	s.gate = shut
	free := time.AfterFunc(time.Minute, func() { close(shut) }) // a test that waits in vain must end
	if err := tree.FlushLater(); err != nil {
		t.Fatal(err)
	}
	if b, err := tree.Block(b3.hash); err != nil || b.Hash() != b3.hash {
		t.Errorf("block on its way: %v", err)
	}
	if raw, err := db.BlockBytes(b3.hash); err != nil || !bytes.Equal(raw, b3.block.Bytes()) {
		t.Errorf("bytes of a block on its way: %v", err)
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
	if !free.Stop() {
		t.Fatal("something waited for the disk")
	}
	close(shut)
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

// A batch that fails on its way fails the next one, and Close waits for what is on
// its way.
func TestWritingBehindFails(t *testing.T) {
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
	if _, err := tree.AddBlock(b1.block, now(b2)); err != nil {
		t.Fatal(err)
	}
	if err := tree.FlushLater(); err != nil {
		t.Fatal(err)
	}
	db.catchUp()
	d.FailAt = d.Ops() + 1
	if _, err := tree.AddBlock(b2.block, now(b2)); err != nil {
		t.Fatal(err)
	}
	if err := tree.FlushLater(); err != nil {
		t.Errorf("before anybody knows: %v", err)
	}
	if err := tree.Flush(); !errors.Is(err, crashdisk.ErrBroken) {
		t.Errorf("the next one: %v, want %v", err, crashdisk.ErrBroken)
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
