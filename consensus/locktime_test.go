package consensus_test

import (
	"errors"
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// Lock times are either heights or times. A transaction is final in a block if its
// lock lies before the block, or if no input cares.
func TestIsFinal(t *testing.T) {
	for _, c := range []struct {
		lock, sequence uint32
		height         block.Height
		time           uint32
		want           bool
	}{
		{0, 0, 0, 0, true},
		{100, 0, 100, 0, false},
		{100, 0, 101, 0, true},
		{100, finalSeq, 100, 0, true},
		{100, finalSeq - 1, 100, 0, false},
		{499_999_999, 0, 500_000_000, 0, true}, // the last height
		{500_000_000, 0, 500_000_001, 500_000_000, false},
		{500_000_000, 0, 0, 500_000_001, true}, // the first time
		{0xffffffff, 0, 0x7fffffff, 0xffffffff, false},
	} {
		tx := &block.Tx{LockTime: c.lock, Inputs: []block.Input{{Sequence: finalSeq}, {Sequence: c.sequence}}}
		if got := consensus.IsFinal(tx, c.height, c.time); got != c.want {
			t.Errorf("lock %d, sequence %x, height %d, time %d: %t", c.lock, c.sequence, c.height, c.time, got)
		}
	}
}

// Until CSV holds, lock times are held against the block's own time, which its
// miner may choose; from then on against the median before it (BIP113).
func TestMedianLockTime(t *testing.T) {
	for _, c := range []struct {
		csv  block.Height
		lock func(s *scene, b *block.Block) uint32
		rule consensus.Rule
	}{
		{1000, func(_ *scene, b *block.Block) uint32 { return b.Header.Time - 1 }, ""},
		{1000, func(_ *scene, b *block.Block) uint32 { return b.Header.Time }, "bad-txns-nonfinal"},
		{14, func(_ *scene, b *block.Block) uint32 { return b.Header.Time - 1 }, ""},
		{13, func(_ *scene, b *block.Block) uint32 { return b.Header.Time - 1 }, "bad-txns-nonfinal"},
		{13, func(s *scene, _ *block.Block) uint32 { return s.tip.Chain()[7].Header.Time }, "bad-txns-nonfinal"},
		{13, func(s *scene, _ *block.Block) uint32 { return s.tip.Chain()[7].Header.Time - 1 }, ""},
	} {
		s := newScene(func(p *consensus.Params) { p.CSV = c.csv })
		b, _ := s.build(&row{edit: func(s *scene, b *block.Block) { lockTime(c.lock(s, b))(s, b) }})
		if err := s.apply(b); consensus.RuleOf(err) != c.rule {
			t.Errorf("CSV from %d, lock time %d: %v", c.csv, b.Txs[3].LockTime, err)
		}
	}
}

// Relative lock times (BIP68). The coin was made in block 2; the spending block has
// height 13. Blocks are ten minutes apart, so a coin's clock starts at the median
// before block 2, which is the time of block 1 (the upper of two), and has run to
// the time of block 7: six times 600 = 3600 seconds, seven units of 512 and a bit.
func TestRelativeLock(t *testing.T) {
	const (
		units = 1 << 22
		off   = 1 << 31
	)
	for _, c := range []struct {
		what     string
		csv      block.Height
		version  int32
		sequence uint32
		ok       bool
	}{
		{"no blocks", 1, 2, 0, true},
		{"11 blocks: just", 1, 2, 11, true},
		{"12 blocks: not yet", 1, 2, 12, false},
		{"the most blocks", 1, 2, 0xffff, false},
		{"the bits between do not count", 1, 2, 11 | 0x3f<<16, true},
		{"nor do they help", 1, 2, 12 | 0x3f<<16, false},
		{"version 1 does not ask", 1, 1, 12, true},
		{"version 0 does not ask", 1, 0, 12, true},
		{"version 3 asks", 1, 3, 12, false},
		{"a negative version is a large one", 1, -1, 12, false},
		{"switched off", 1, 2, 12 | off, true},
		{"switched off, in time", 1, 2, 0xffff | units | off, true},
		{"final", 1, 2, 0xffffffff, true},
		{"7 units of 512 s: just", 1, 2, 7 | units, true},
		{"8 units: not yet", 1, 2, 8 | units, false},
		{"the most units", 1, 2, 0xffff | units, false},
		{"no units", 1, 2, units, true},
		{"before CSV", 14, 2, 12, true},
		{"with CSV", 13, 2, 12, false},
	} {
		s := newScene(func(p *consensus.Params) { p.CSV = c.csv })
		b, _ := s.build(&row{edit: func(s *scene, b *block.Block) {
			b.Txs[3].Version = c.version
			sequence(c.sequence)(s, b)
		}})
		err := s.apply(b)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, consensus.BadNonFinal) {
			t.Errorf("%s: %v", c.what, err)
		}
		coins := s.tip.Coins([]block.Outpoint{b.Txs[3].Inputs[0].Prev, b.Txs[3].Inputs[1].Prev})
		if c.csv == 1 { // the pool asks the same
			if _, _, err := consensus.CheckTxInputs(s.tip.State, b.Txs[3], coins); (err == nil) != c.ok {
				t.Errorf("%s: CheckPayment says %v", c.what, err)
			}
		}
	}
}

// The exact second: a coin whose clock has run that long, and a lock of two units.
func TestRelativeLockToTheSecond(t *testing.T) {
	s := newScene(nil)
	spend := s.reward(1)
	tx := miner.Pay([]consensus.UTXO{spend}, bob.To(1))
	tx.Inputs[0].Sequence = 2 | 1<<22
	for age, ok := range map[uint32]bool{0: false, 1023: false, 1024: true, 1025: true} {
		spend.MedianTime = s.tip.State.MedianTime() - age
		_, _, err := consensus.CheckTxInputs(s.tip.State, tx, consensus.Coins{spend.Outpoint: &spend.Coin})
		if (err == nil) != ok || err != nil && !errors.Is(err, consensus.BadNonFinal) {
			t.Errorf("after %d s: %v", age, err)
		}
	}
}

// A coin may be spent in the block that makes it, unless it must wait for one block
// or one unit of time.
func TestRelativeLockWithinABlock(t *testing.T) {
	for sequence, ok := range map[uint32]bool{0: true, 1: false, 1 << 22: true, 1<<22 | 1: false, finalSeq: true} {
		s := newScene(nil)
		b, _ := s.build(&row{edit: func(_ *scene, b *block.Block) { b.Txs[2].Inputs[0].Sequence = sequence }})
		if err := s.apply(b); (err == nil) != ok || err != nil && !errors.Is(err, consensus.BadNonFinal) {
			t.Errorf("sequence %x: %v", sequence, err)
		}
	}
}

// Bitcoin's blocks 91,842 and 91,880 repeated a coinbase before anybody had thought
// of it. On main, and nowhere else, they may.
func TestBIP30Exceptions(t *testing.T) {
	other := consensus.Main()
	other.Name = "other"
	for _, c := range []struct {
		p      *consensus.Params
		height block.Height
		rule   consensus.Rule
	}{
		{consensus.Main(), 91_841, "bad-txns-BIP30"}, {consensus.Main(), 91_842, ""}, {consensus.Main(), 91_843, "bad-txns-BIP30"},
		{consensus.Main(), 91_879, "bad-txns-BIP30"}, {consensus.Main(), 91_880, ""}, {consensus.Main(), 91_881, "bad-txns-BIP30"},
		{other, 91_842, "bad-txns-BIP30"}, {consensus.Main(), 227_930, "bad-txns-BIP30"}, {consensus.Main(), 227_931, ""},
	} {
		s := at(c.height - 1)
		s.Params = c.p
		b := (&chaingen.Block{Block: &block.Block{Header: s.Header}, Hash: s.Hash, State: s}).Template("again")
		id := b.Txs[0].ID()
		b.Header.MerkleRoot = id
		unspent := consensus.Coins{{TxID: id}: {Output: b.Txs[0].Outputs[0], Height: 7, Coinbase: true}}
		needs := consensus.Needs(s, consensus.NewBlock(b))
		if asked := len(needs) == 1; asked != (c.rule != "") {
			t.Errorf("%s, height %d: asks for %v", c.p.Name, c.height, needs)
		}
		if _, _, err := consensus.ApplyUnmined(s, consensus.NewBlock(b), unspent, consensus.InOrder(consensus.P2PKH{})); consensus.RuleOf(err) != c.rule {
			t.Errorf("%s, height %d: %v", c.p.Name, c.height, err)
		}
	}
}
