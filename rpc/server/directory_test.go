package server

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/chaingen"
	"toychain/rpc"
	"toychain/store"
)

// readsAs demands that the directory reads as its node last answered.
func readsAs(t *testing.T, dir string, p *consensus.Params, tree rpc.Tree, journal []rpc.Reorg) {
	t.Helper()
	gotTree, gotJournal, err := ReadDirectory(dir, p)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]any{{gotTree.Blocks, tree.Blocks}, {gotTree.Tip, tree.Tip}, {gotTree.Height, tree.Height}, {gotJournal, journal}} {
		got, want := string(marshal(pair[0])), string(marshal(pair[1])) // as a client sees it: with rounded numbers
		if got != want {
			t.Errorf("read\n%s\nthe node said\n%s", got, want)
		}
	}
}

// TestReadDirectoryAfterKill: a node that is killed leaves blocks that it had stored and
// not yet connected, and they are read too. The directory is copied while the node runs,
// as a kill would leave it.
func TestReadDirectoryAfterKill(t *testing.T) {
	w := start(t)
	s := &scene{world: w, blocks: []block.Hash{w.params.Genesis.Hash()}}
	old := chaingen.Genesis(s.params).MineEmpty("", 101)
	for _, b := range old.Chain()[1:] {
		is(s, "submitted", s.submit(b.Block), "")
	}
	coin := old.Chain()[1].Reward()
	toBob := chaingen.Miner.Pay([]consensus.UTXO{coin}, bob.To(coin.Coin.Value))
	left, joins := old.Mine("left", toBob), old.Mine("joins").Mine("more")
	s.submit(left.Block)
	s.submit(joins.Parent.Block)
	is(s, "submitted", s.submit(joins.Block), "")
	// What a node has stored is soon connected, so perhaps more than one try.
	for on, add := joins, []*block.Tx{toBob}; ; add = nil {
		on = on.Mine("", add...)
		is(s, "submitted", s.submit(on.Block), "")
		dir := t.TempDir()
		var copied error
		err := s.node.Look(s.ctx, func(*engine.Engine) { copied = os.CopyFS(dir, os.DirFS(s.dir)) })
		if err != nil || copied != nil {
			t.Fatal(err, copied)
		}
		tree, err := s.Tree(s.ctx, 0)
		if err != nil {
			t.Fatal(err)
		}
		journal, err := s.Reorgs(s.ctx, 0)
		if err != nil || len(journal) != 1 || len(journal[0].Since) != 1 {
			t.Fatal(journal, err)
		}
		readsAs(t, dir, s.params, tree, journal)
		db, err := store.OpenReadOnly(filepath.Join(dir, "chain"), s.params)
		if err != nil {
			t.Fatal(err)
		}
		_, tip, err := db.Load()
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if tip != tree.Tip {
			return
		}
	}
}

// TestReadDirectory: the directory of a stopped node reads as the node answered.
func TestReadDirectory(t *testing.T) {
	s := play(t)
	steal := pay(chaingen.Miner, s.coin(s.blocks[1], 0), chaingen.Miner)
	rival := s.branch(5).Mine("r6", s.toBob, steal).Mine("r7")
	s.submit(rival.Parent.Block)
	s.submit(rival.Block)
	s.mine(1, chaingen.Miner) // toBob's rival is confirmed; what came back may be too
	late := s.branch(6).Mine("late")
	s.must("submitheader", blockHex(late.Block)[:160])
	tree, err := s.Tree(s.ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	journal, err := s.Reorgs(s.ctx, 0)
	if err != nil || len(journal) != 1 {
		t.Fatal(journal, err)
	}
	if _, _, err := ReadDirectory(s.dir, s.params); !errors.Is(err, store.ErrInUse) {
		t.Fatalf("while it runs: %v", err)
	}
	s.end()
	readsAs(t, s.dir, s.params, tree, journal)
	for _, b := range tree.Blocks {
		if whole := b.Txs > 0; whole != (b.Order > 0) || whole != (b.CompleteMS >= b.ReceivedMS && b.CompleteMS > 0) {
			t.Errorf("block %d %s: %d transactions, order %d, received %d, complete %d", b.Height, b.Hash, b.Txs, b.Order, b.ReceivedMS, b.CompleteMS)
		}
	}
	if _, _, err := ReadDirectory(filepath.Join(s.dir, "nowhere"), s.params); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
}
