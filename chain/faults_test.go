package chain_test

import (
	"errors"
	"reflect"
	"testing"

	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// A reorganisation on a disk that fails at its first call, at its second, and so on
// until it no longer fails. Each time the tree says so, and the disk holds the old
// tip with its coins, or the new one with its own.
//
//	          ┌─ 7a ─ 8a
//	g ─ … ─ 6 ┤
//	          └─ 7b ─ 8b ─ 9b
func TestEveryDiskCallFails(t *testing.T) {
	p := chaingen.Network()
	base := chaingen.Genesis(p).MineEmpty("", 6)
	one, two := base.Chain()[1].Reward(), base.Chain()[2].Reward()
	left := base.Mine("7a", chaingen.Move(one, alice)).Mine("8a", chaingen.Move(two, alice))
	right := base.Mine("7b", chaingen.Move(one, bob)).Mine("8b").Mine("9b")
	before := chaingen.NewDisk()
	tree := before.MustOpen(p)
	for _, b := range append(left.Chain()[1:], right.Chain()[7:9]...) {
		if _, err := tree.AddBlock(b.Block, now); err != nil {
			t.Fatal(err)
		}
	}
	if err := tree.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, write := range []bool{false, true} {
		for n := 0; ; n++ {
			disk := before.Clone()
			tree := disk.MustOpen(p)
			disk.FailAfter(n, write)
			change, err := tree.AddBlock(right.Block, now)
			if err == nil {
				err = tree.Flush()
			} else if change.Moved() || tree.Tip().Hash != left.Hash {
				t.Errorf("call %d failed, yet the tip moved", n)
			}
			if err == nil {
				if n < 7 {
					t.Errorf("only %d calls, so this test shows little", n)
				}
				break
			}
			if !errors.Is(err, chaingen.ErrDisk) || consensus.RuleOf(err) != "" {
				t.Errorf("call %d: %v", n, err)
			}
			disk.Repair()
			want := left
			if disk.Commits > before.Commits {
				want = right
			}
			if disk.Tip != want.Hash || !reflect.DeepEqual(disk.Set, want.CoinSet()) {
				t.Errorf("call %d: on the disk is tip %s, want %s", n, disk.Tip, want.Name)
			}
			again := disk.MustOpen(p)
			if _, err := again.ConnectStored(now); err != nil {
				t.Errorf("call %d: opened again: %v", n, err)
			}
			if _, err := again.AddBlock(right.Block, now); err != nil && !errors.Is(err, chain.ErrKnown) {
				t.Errorf("call %d: opened again: %v", n, err)
			}
			if again.Tip().Hash != right.Hash {
				t.Errorf("call %d: opened again it ends in %s", n, again.Tip().Hash)
			}
		}
	}
}

// Undo data that do not fit their block are trouble with the disk, and no block's
// fault.
func TestDamagedUndo(t *testing.T) {
	p := chaingen.Network()
	base := chaingen.Genesis(p).MineEmpty("", 6)
	paid := base.Mine("paid", chaingen.Move(base.Chain()[1].Reward(), alice))
	for what, damage := range map[string]func([]consensus.Coin) []consensus.Coin{
		"one coin less": func(undo []consensus.Coin) []consensus.Coin { return undo[:0] },
		"one coin more": func(undo []consensus.Coin) []consensus.Coin { return append(undo, undo[0]) },
	} {
		disk := chaingen.NewDisk()
		tree := disk.MustOpen(p)
		for _, b := range paid.Chain()[1:] {
			if _, err := tree.AddBlock(b.Block, now); err != nil {
				t.Fatal(err)
			}
		}
		if err := tree.Flush(); err != nil {
			t.Fatal(err)
		}
		disk.Undos[paid.Hash] = damage(disk.Undos[paid.Hash])
		if _, err := tree.Invalidate(paid.Hash, now); err == nil || consensus.RuleOf(err) != "" {
			t.Errorf("%s: %v", what, err)
		}
	}
}
