package consensus_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// counted is P2PKH that counts how often it is asked.
type counted struct {
	consensus.P2PKH
	checks atomic.Int64
}

func (c *counted) Check(tx *block.Tx, i int, output block.Output) error {
	c.checks.Add(1)
	return c.P2PKH.Check(tx, i, output)
}

// A payment that the pool has checked is not checked again in its block, nor when
// the block is connected a second time. The verdict is the same with and without.
func TestMemoChecksOnce(t *testing.T) {
	count := &counted{}
	memo := consensus.NewMemo(count)
	s := newScene(func(p *consensus.Params) { p.Spending = memo })
	b := chaingen.Seal(s.goodBlock()) // three payments, four inputs
	p := s.tip.State.Params
	pay := b.Txs[3]
	spent, _, err := consensus.CheckPayment(s.tip.State, pay, s.tip.Coins([]block.Outpoint{pay.Inputs[0].Prev, pay.Inputs[1].Prev}))
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]int64{"the first time": 2, "the second time": 2} {
		if err := consensus.CheckSignatures(p, pay, pay.ID(), spent); err != nil || count.checks.Load() != want {
			t.Errorf("%s: %v, %d checks", what, err, count.checks.Load())
		}
	}
	for what, want := range map[string]int64{"the block": 4, "the block again": 4} {
		if err := s.apply(b); err != nil || count.checks.Load() != want {
			t.Errorf("%s: %v, %d checks, want %d", what, err, count.checks.Load(), want)
		}
	}
}

// crowd is a Spending whose checks wait for each other until enough are inside.
type crowd struct {
	consensus.P2PKH
	enough int64
	inside atomic.Int64
	full   chan struct{}
}

func (c *crowd) Check(*block.Tx, int, block.Output) error {
	if c.inside.Add(1) == c.enough {
		close(c.full)
	}
	select {
	case <-c.full:
		return nil
	case <-time.After(time.Minute):
		return errors.New("too few are checked at once")
	}
}

// A block's signatures are checked on all cores at once.
func TestSignaturesOnAllCores(t *testing.T) {
	const cores = 4
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
	tip, txs := manyPayments(t, consensus.P2PKH{}, 4*cores)
	next := tip.Mine("next", txs...)
	p := *tip.State.Params
	p.Spending = &crowd{enough: cores, full: make(chan struct{})}
	s := tip.State
	s.Params = &p
	coins := tip.Coins(consensus.Needs(tip.State, consensus.NewBlock(next.Block)))
	if _, _, err := consensus.ApplyBlock(s, consensus.NewBlock(next.Block), coins); err != nil {
		t.Error(err)
	}
}

// Nothing is learnt from a payment that fails, nor from its block: it fails as
// often as it is asked about, and a good payment is not blamed for its company.
func TestMemoLearnsNothingFalse(t *testing.T) {
	count := &counted{}
	s := newScene(func(p *consensus.Params) { p.Spending = consensus.NewMemo(count) })
	good := s.goodBlock()
	bad := s.goodBlock()
	bad.Txs[3].Inputs[1].Script = bad.Txs[3].Inputs[0].Script
	chaingen.Seal(good)
	chaingen.Seal(bad)
	for range 3 {
		if err := s.apply(bad); !errors.Is(err, consensus.BadScript) {
			t.Fatalf("the bad block: %v", err)
		}
	}
	if err := s.apply(good); err != nil {
		t.Fatalf("the good block: %v", err)
	}
	if err := s.apply(bad); !errors.Is(err, consensus.BadScript) {
		t.Fatalf("the bad block after the good one: %v", err)
	}
}

// The memory is bounded: after 80,000 others a payment is forgotten, after 39,000
// it is not, and whoever is asked about stays.
func TestMemoForgets(t *testing.T) {
	count := &counted{}
	s := newScene(func(p *consensus.Params) { p.Spending = consensus.NewMemo(count) })
	tx := chaingen.Move(s.reward(1), alice)
	spent := []consensus.Coin{s.reward(1).Coin}
	others := uint64(0)
	ask := func(after uint64, want int64) {
		t.Helper()
		for ; others < after; others++ {
			var id block.Hash
			binary.LittleEndian.PutUint64(id[:], others)
			if err := consensus.CheckSignatures(s.tip.State.Params, &block.Tx{}, id, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := consensus.CheckSignatures(s.tip.State.Params, tx, tx.ID(), spent); err != nil || count.checks.Load() != want {
			t.Errorf("after %d others: %v, %d checks, want %d", after, err, count.checks.Load(), want)
		}
	}
	ask(0, 1)
	ask(39_000, 1)
	ask(81_000, 2)
	ask(120_000, 2)
	ask(159_000, 2)
	ask(198_000, 2)
	ask(280_000, 3)
}

// A P2PKH that remembers keys judges as one that does not: good signatures and bad ones,
// of keys in every form that come again and again.
func TestRememberedKeysJudgeTheSame(t *testing.T) {
	fresh, remembers := consensus.P2PKH{}, consensus.NewP2PKH()
	s := newScene(nil)
	coin := s.reward(1)
	good := chaingen.Move(coin, alice)
	sig, key := chaingen.Miner.Signature(good, 0, coin.Script, block.SigAll), chaingen.Miner.Public()
	point := chaingen.Miner.Private.PubKey()
	offCurve := append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...)
	for _, c := range []struct {
		what     string
		sig, key []byte
		hashed   []byte // whose hash the output names
		good     bool
	}{
		{"good", sig, key, key, true},
		{"another signature", alice.Signature(good, 0, coin.Script, block.SigAll), key, key, false},
		{"another key", sig, alice.Public(), key, false},
		{"uncompressed", nil, point.SerializeUncompressed(), point.SerializeUncompressed(), true},
		{"no point", sig, offCurve, offCurve, false},
	} {
		out := coin.Coin.Output
		out.Script = block.PubKeyHashScript(block.Hash160(c.hashed))
		if c.sig == nil {
			c.sig = chaingen.Miner.Signature(good, 0, out.Script, block.SigAll)
		}
		good.Inputs[0].Script = block.PubKeyHashInput(c.sig, c.key)
		for range 3 {
			want, got := fresh.Check(good, 0, out), remembers.Check(good, 0, out)
			if fmt.Sprint(want) != fmt.Sprint(got) || (got == nil) != c.good {
				t.Errorf("%s: %v, without memory %v", c.what, got, want)
			}
		}
	}
}

// Several goroutines share a Memo: run with -race.
func TestMemoIsShared(t *testing.T) {
	s := newScene(func(p *consensus.Params) { p.Spending = consensus.NewMemo(consensus.P2PKH{}) })
	b := chaingen.Seal(s.goodBlock())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := s.apply(b); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// The verdict on many signatures does not depend on how many cores share the work:
// of several faults the first is named, whoever finds it.
func TestFirstFaultIsNamed(t *testing.T) {
	tip, txs := manyPayments(t, nil, 60)
	for _, bad := range []int{17, 18, 41} { // transactions 18, 19 and 42 of the block
		txs[bad].Inputs[0].Script = txs[0].Inputs[0].Script
	}
	b := chaingen.Seal(tip.Template("bad", txs...))
	coins := tip.Coins(consensus.Needs(tip.State, consensus.NewBlock(b)))
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, cores := range []int{1, 2, 3, 8} {
		runtime.GOMAXPROCS(cores)
		for range 3 {
			_, _, err := consensus.ApplyBlock(tip.State, consensus.NewBlock(b), coins)
			if !errors.Is(err, consensus.BadScript) || !strings.HasPrefix(fmt.Sprint(err), "tx 18: input 0: ") {
				t.Fatalf("%d cores: %v", cores, err)
			}
		}
	}
}

// The same with a Spending whose first fault takes much longer than the later ones.
func TestSlowFaultIsNamed(t *testing.T) {
	tip, txs := manyPayments(t, nil, 40)
	p := *tip.State.Params
	p.Spending = slowest{}
	tip.State.Params = &p
	for i := range txs {
		txs[i].Version = int32(i)
	}
	b := chaingen.Seal(tip.Template("bad", txs...))
	_, _, err := consensus.ApplyBlock(tip.State, consensus.NewBlock(b), tip.Coins(consensus.Needs(tip.State, consensus.NewBlock(b))))
	if !strings.HasPrefix(fmt.Sprint(err), "tx 11: input 0: ") {
		t.Errorf("got %v", err)
	}
}

// slowest refuses transactions of version 10 and more, and thinks long about 10.
type slowest struct{ consensus.P2PKH }

func (slowest) Check(tx *block.Tx, _ int, _ block.Output) error {
	if tx.Version == 10 {
		for range 1000 {
			runtime.Gosched()
		}
	}
	if tx.Version >= 10 {
		return fmt.Errorf("version %d", tx.Version)
	}
	return nil
}

// manyPayments returns a tip and n signed payments, of one input and two outputs
// each, that may follow it.
func manyPayments(t testing.TB, spending consensus.Spending, n int) (*chaingen.Block, []*block.Tx) {
	t.Helper()
	p := chaingen.Network()
	p.Spending = spending
	tip := chaingen.Genesis(p).MineEmpty("", 4)
	each := block.Amount(50 * coin / n)
	var outs []block.Output
	for range n {
		outs = append(outs, miner.To(each))
	}
	fan := miner.Pay([]consensus.UTXO{tip.Chain()[1].Reward()}, outs...)
	tip = tip.Mine("fan", fan)
	txs := make([]*block.Tx, n)
	for i := range txs {
		txs[i] = miner.Pay([]consensus.UTXO{chaingen.Output(fan, i)}, alice.To(each/2), miner.To(each/2-1000))
	}
	return tip, txs
}
