package consensus_test

import (
	"reflect"
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// A block's delta, rebuilt from the block and the coins that it spent, is the delta
// that it had; and back and forth leave the coins as they were.
func TestDeltaOf(t *testing.T) {
	s := newScene(nil)
	b := chaingen.Seal(s.goodBlock())
	hashed := consensus.NewBlock(b)
	_, want, err := consensus.ApplyBlock(s.tip.State, hashed, s.tip.Coins(consensus.Needs(s.tip.State, hashed)), s.tip.Verifier)
	if err != nil {
		t.Fatal(err)
	}
	got, err := consensus.DeltaOf(s.tip.State, hashed, want.Undo())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("rebuilt %+v, want %+v: %v", got, want, err)
	}
	set := s.tip.CoinSet()
	for _, d := range []consensus.Delta{want, want.Inverse()} {
		for _, c := range d.Created {
			set[c.Outpoint] = &c.Coin
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
		rule consensus.Rule
		fee  block.Amount
	}{
		{"all of it", miner.Pay([]consensus.UTXO{mature}, alice.To(50*coin)), 0, "", 0},
		{"with a fee", miner.Pay([]consensus.UTXO{mature}, alice.To(49*coin)), 0, "", coin},
		{"too much", miner.Pay([]consensus.UTXO{mature}, alice.To(50*coin+1)), 0, "bad-txns-in-belowout", 0},
		{"too young", miner.Pay([]consensus.UTXO{young}, alice.To(coin)), 0, "bad-txns-premature-spend-of-coinbase", 0},
		{"not there", alice.Pay([]consensus.UTXO{chaingen.Output(chaingen.Move(mature, alice), 0)}, alice.To(coin)), 0,
			"bad-txns-inputs-missingorspent", 0},
		{"locked until this height", miner.Pay([]consensus.UTXO{mature}, alice.To(50*coin)), 12, "", 0},
		{"locked until the next", miner.Pay([]consensus.UTXO{mature}, alice.To(50*coin)), 13, "bad-txns-nonfinal", 0},
		{"locked until before the median", miner.Pay([]consensus.UTXO{mature}, alice.To(50*coin)), median - 1, "", 0},
		{"locked until the median", miner.Pay([]consensus.UTXO{mature}, alice.To(50*coin)), median, "bad-txns-nonfinal", 0},
	} {
		if row.lock != 0 {
			row.pay.LockTime, row.pay.Inputs[0].Sequence = row.lock, finalSeq-1
			miner.SignAll(row.pay)
		}
		spent, fee, err := consensus.CheckTxInputs(s.tip.State, row.pay, s.tip.Coins([]block.Outpoint{row.pay.Inputs[0].Prev}))
		if consensus.RuleOf(err) != row.rule || fee != row.fee {
			t.Errorf("%s: fee %s, %v", row.what, fee, err)
			continue
		}
		inBlock := s.apply(chaingen.Seal(s.tip.Template(row.what, row.pay)))
		if consensus.RuleOf(inBlock) != row.rule {
			t.Errorf("%s: in a block %v", row.what, inBlock)
		}
		if err != nil {
			continue
		}
		if err := s.tip.Verifier.Verify([]consensus.Spender{{ID: row.pay.ID(), Tx: row.pay, Spent: spent}}); err != nil {
			t.Errorf("%s: %v", row.what, err)
		}
		row.pay.Inputs[0].Script = nil
		err = s.tip.Verifier.Verify([]consensus.Spender{{ID: row.pay.ID(), Tx: row.pay, Spent: spent}})
		if consensus.RuleOf(err) != "mandatory-script-verify-flag-failed" {
			t.Errorf("%s, not signed: %v", row.what, err)
		}
	}
}
