package chain_test

import (
	"errors"
	"reflect"
	"testing"

	"toychain/block"
	"toychain/chain"
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
			if !errors.Is(err, chaingen.ErrDisk) || chain.RuleOf(err) != "" {
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
	for what, damage := range map[string]func([]chain.Coin) []chain.Coin{
		"one coin less": func(undo []chain.Coin) []chain.Coin { return undo[:0] },
		"one coin more": func(undo []chain.Coin) []chain.Coin { return append(undo, undo[0]) },
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
		if _, err := tree.Invalidate(paid.Hash, now); err == nil || chain.RuleOf(err) != "" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A block's delta, rebuilt from the block and the coins that it spent, is the delta
// that it had; and back and forth leave the coins as they were.
func TestDeltaOf(t *testing.T) {
	s := newScene(nil)
	b := chaingen.Seal(s.goodBlock())
	ids := b.TxIDs()
	_, want, err := chain.ApplyBlock(s.tip.State, b, s.tip.Coins(chain.Needs(s.tip.State, b, ids)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := chain.DeltaOf(s.tip.State, b, ids, want.Undo())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("rebuilt %+v, want %+v: %v", got, want, err)
	}
	set := s.tip.CoinSet()
	for _, d := range []chain.Delta{want, want.Inverse()} {
		for _, c := range d.Created {
			set[c.Outpoint] = c.Coin
		}
		for _, c := range d.Spent {
			delete(set, c.Outpoint)
		}
	}
	if !reflect.DeepEqual(set, s.tip.CoinSet()) {
		t.Error("forth and back made other coins")
	}
}

// The pool asks about one payment what a block would be asked: every reason but the
// signatures, which have a function of their own.
func TestCheckPayment(t *testing.T) {
	s := newScene(nil)
	mature, young := s.reward(10), s.reward(11)
	median := s.tip.Chain()[7].Header.Time
	for _, row := range []struct {
		what string
		pay  *block.Tx
		lock uint32
		rule chain.Rule
		fee  block.Amount
	}{
		{"all of it", miner.Pay([]chain.Spend{mature}, alice.To(50*coin)), 0, "", 0},
		{"with a fee", miner.Pay([]chain.Spend{mature}, alice.To(49*coin)), 0, "", coin},
		{"too much", miner.Pay([]chain.Spend{mature}, alice.To(50*coin+1)), 0, "bad-txns-in-belowout", 0},
		{"too young", miner.Pay([]chain.Spend{young}, alice.To(coin)), 0, "bad-txns-premature-spend-of-coinbase", 0},
		{"not there", alice.Pay([]chain.Spend{chaingen.Output(chaingen.Move(mature, alice), 0)}, alice.To(coin)), 0,
			"bad-txns-inputs-missingorspent", 0},
		{"locked until this height", miner.Pay([]chain.Spend{mature}, alice.To(50*coin)), 12, "", 0},
		{"locked until the next", miner.Pay([]chain.Spend{mature}, alice.To(50*coin)), 13, "bad-txns-nonfinal", 0},
		{"locked until before the median", miner.Pay([]chain.Spend{mature}, alice.To(50*coin)), median - 1, "", 0},
		{"locked until the median", miner.Pay([]chain.Spend{mature}, alice.To(50*coin)), median, "bad-txns-nonfinal", 0},
	} {
		if row.lock != 0 {
			row.pay.LockTime, row.pay.Inputs[0].Sequence = row.lock, finalSeq-1
			miner.SignAll(row.pay)
		}
		fee, spent, err := chain.CheckPayment(s.tip.State, row.pay, s.tip.Coins([]block.Outpoint{row.pay.Inputs[0].Prev}))
		if chain.RuleOf(err) != row.rule || fee != row.fee {
			t.Errorf("%s: fee %s, %v", row.what, fee, err)
			continue
		}
		inBlock := s.apply(chaingen.Seal(s.tip.Template(row.what, row.pay)))
		if chain.RuleOf(inBlock) != row.rule {
			t.Errorf("%s: in a block %v", row.what, inBlock)
		}
		if err != nil {
			continue
		}
		if err := chain.CheckSignatures(s.tip.State.Params, row.pay, row.pay.ID(), spent); err != nil {
			t.Errorf("%s: %v", row.what, err)
		}
		row.pay.Inputs[0].Script = nil
		err = chain.CheckSignatures(s.tip.State.Params, row.pay, row.pay.ID(), spent)
		if chain.RuleOf(err) != "mandatory-script-verify-flag-failed" {
			t.Errorf("%s, not signed: %v", row.what, err)
		}
	}
}
