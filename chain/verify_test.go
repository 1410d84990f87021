package chain_test

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
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/internal/curve"
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

// apply validates a block of these transactions after tip, with this verifier.
func apply(tip *chaingen.Block, v consensus.Verifier, txs ...*block.Tx) error {
	b := consensus.NewBlock(chaingen.Seal(tip.Template("applied", txs...)))
	_, _, err := consensus.ApplyBlock(tip.State, b, tip.Coins(consensus.Needs(tip.State, b)), v)
	return err
}

// A transaction that the mempool has checked is not checked again in its block, nor
// when the block is connected a second time.
func TestVerifierChecksOnce(t *testing.T) {
	count := &counted{}
	v := chain.NewVerifier(count)
	tip, txs := manyPayments(t, 4)
	spent, _, err := consensus.CheckTxInputs(tip.State, txs[3], tip.Coins([]block.Outpoint{txs[3].Inputs[0].Prev}))
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"the first time", "the second time"} {
		err := v.Verify([]consensus.Spender{{ID: txs[3].ID(), Tx: txs[3], Spent: spent}})
		if err != nil || count.checks.Load() != 1 {
			t.Errorf("%s: %v, %d checks", what, err, count.checks.Load())
		}
	}
	for _, what := range []string{"the block", "the block again"} {
		if err := apply(tip, v, txs...); err != nil || count.checks.Load() != 4 {
			t.Errorf("%s: %v, %d checks, want 4", what, err, count.checks.Load())
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
	tip, txs := manyPayments(t, 4*cores)
	if err := apply(tip, chain.NewVerifier(&crowd{enough: cores, full: make(chan struct{})}), txs...); err != nil {
		t.Error(err)
	}
}

// Nothing is learnt from a transaction that fails, nor from its block: it fails as
// often as it is asked about, and a good transaction is not refused for its company.
func TestVerifierLearnsNothingFalse(t *testing.T) {
	v := chain.NewVerifier(&counted{})
	tip, txs := manyPayments(t, 3)
	bad := txs[2].Clone()
	bad.Inputs[0].Script = txs[1].Inputs[0].Script
	refused := func(when string) {
		t.Helper()
		if err := apply(tip, v, txs[0], txs[1], bad); !errors.Is(err, consensus.BadScript) {
			t.Fatalf("the bad block %s: %v", when, err)
		}
	}
	refused("the first time")
	refused("the second time")
	if err := apply(tip, v, txs...); err != nil {
		t.Fatalf("the good block: %v", err)
	}
	refused("after the good one")
}

// The memory is bounded: after 60,000 others a transaction is forgotten, after 59,999
// it is not, and what is asked about stays.
func TestVerifierForgets(t *testing.T) {
	count := &counted{}
	v := chain.NewVerifier(count)
	tip, txs := manyPayments(t, 1)
	spent := tip.Coins([]block.Outpoint{txs[0].Inputs[0].Prev})[txs[0].Inputs[0].Prev]
	others := uint64(0)
	ask := func(after uint64, want int64) {
		t.Helper()
		for range after {
			var id block.Hash
			others++
			binary.LittleEndian.PutUint64(id[:], others)
			if err := v.Verify([]consensus.Spender{{ID: id, Tx: &block.Tx{}}}); err != nil {
				t.Fatal(err)
			}
		}
		err := v.Verify([]consensus.Spender{{ID: txs[0].ID(), Tx: txs[0], Spent: []consensus.Coin{*spent}}})
		if err != nil || count.checks.Load() != want {
			t.Errorf("after %d others: %v, %d checks, want %d", after, err, count.checks.Load(), want)
		}
	}
	ask(0, 1)
	ask(59_999, 1)
	ask(59_999, 1)
	ask(60_000, 2)
}

// A P2PKH with a cache of keys answers as one without: good signatures and bad ones,
// of keys in every form that come again and again.
func TestCachedKeysGiveTheSameAnswer(t *testing.T) {
	fresh, remembers := consensus.P2PKH{}, curve.P2PKH()
	coin := chaingen.Genesis(chaingen.Network()).Mine("1").Reward()
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

// Several goroutines share a Verifier: run with -race.
func TestVerifierIsShared(t *testing.T) {
	tip, txs := manyPayments(t, 3)
	v := chain.NewVerifier(consensus.P2PKH{})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := apply(tip, v, txs...); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// The answer about many signatures does not depend on how many cores share the work:
// of several faults the first is named, whichever core finds it.
func TestFirstFaultIsNamed(t *testing.T) {
	tip, txs := manyPayments(t, 60)
	for _, bad := range []int{17, 18, 41} { // transactions 18, 19 and 42 of the block
		txs[bad].Inputs[0].Script = txs[0].Inputs[0].Script
	}
	want := fmt.Sprint(apply(tip, consensus.InOrder(consensus.P2PKH{}), txs...))
	if !strings.HasPrefix(want, "tx 18: input 0: mandatory-script-verify-flag-failed") {
		t.Fatalf("in order: %s", want)
	}
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, cores := range []int{1, 2, 3, 8} {
		runtime.GOMAXPROCS(cores)
		for range 3 {
			if err := apply(tip, chain.NewVerifier(consensus.P2PKH{}), txs...); fmt.Sprint(err) != want {
				t.Fatalf("%d cores: %v, want %s", cores, err, want)
			}
		}
	}
}

// The same with a rule whose first fault takes much longer than the later ones.
func TestSlowFaultIsNamed(t *testing.T) {
	tip, txs := manyPayments(t, 40)
	for i := range txs {
		txs[i].Version = int32(i)
	}
	if err := apply(tip, chain.NewVerifier(slowest{}), txs...); !strings.HasPrefix(fmt.Sprint(err), "tx 11: input 0: ") {
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
