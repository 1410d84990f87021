package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/chaingen"
	"toychain/mempool"
)

// live runs a node on a folder while f looks at it.
func live(t *testing.T, dir string, f func(*Node)) {
	t.Helper()
	n, err := Open(Config{Params: consensus.Regtest(), Pool: mempool.DefaultPolicy(), Dir: dir, Name: "p", Version: "0", Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	f(n)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// pending returns what a node's pool holds.
func pending(t *testing.T, n *Node) (out []*mempool.Entry) {
	t.Helper()
	if err := n.Look(t.Context(), func(e *engine.Engine) { out = e.Pool().Entries() }); err != nil {
		t.Fatal(err)
	}
	return out
}

// added returns what the user added to fees.
func added(t *testing.T, n *Node) (out []mempool.Delta) {
	t.Helper()
	if err := n.Look(t.Context(), func(e *engine.Engine) { out = e.Pool().Deltas() }); err != nil {
		t.Fatal(err)
	}
	return out
}

// payment spends the first block's coin of a chain that chaingen.Miner mined.
func payment(t *testing.T, n *Node) (first, second *block.Tx) {
	t.Helper()
	hashes, err := n.Generate(t.Context(), 101, chaingen.Miner.Script(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var coin consensus.UTXO
	if err := n.Look(t.Context(), func(e *engine.Engine) {
		b, _ := e.Tree().Block(hashes[0])
		coin = chaingen.Output(b.Txs[0], 0)
	}); err != nil {
		t.Fatal(err)
	}
	first = chaingen.Miner.Pay([]consensus.UTXO{coin}, chaingen.Miner.To(coin.Value-10_000))
	second = chaingen.Miner.Pay([]consensus.UTXO{chaingen.Output(first, 0)}, chaingen.Miner.To(coin.Value-20_000))
	return first, second
}

// What was pending is pending again after a restart, child after parent and since
// the same moment, and so is what the user added to fees; what was mined meanwhile is not.
func TestPoolOutlivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "regtest")
	var before []*mempool.Entry
	var deltas []mempool.Delta
	live(t, dir, func(n *Node) {
		first, second := payment(t, n)
		for _, tx := range []*block.Tx{first, second} {
			if err := n.SubmitTx(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
		}
		free := chaingen.Miner.Pay([]consensus.UTXO{chaingen.Output(second, 0)}, second.Outputs[0])
		for id, delta := range map[block.Hash]block.Amount{second.ID(): -5000, free.ID(): 5000, {1}: 7} {
			if err := n.Prioritise(t.Context(), id, delta); err != nil {
				t.Fatal(err)
			}
		}
		if err := n.SubmitTx(t.Context(), free); err != nil { // by virtue of what was added
			t.Fatal(err)
		}
		before, deltas = pending(t, n), added(t, n)
	})
	live(t, dir, func(n *Node) {
		await(t, "the payments", []*Node{n}, func() bool { return len(pending(t, n)) == 3 })
		for i, e := range pending(t, n) {
			if e.ID != before[i].ID || !e.Time.Equal(before[i].Time) || e.Modified() != before[i].Modified() {
				t.Errorf("payment %d: %s since %v, counts %d, was %s since %v, %d", i, e.ID, e.Time, e.Modified(), before[i].ID, before[i].Time, before[i].Modified())
			}
		}
		if got := added(t, n); len(got) != 3 || !slices.Equal(got, deltas) {
			t.Errorf("added %+v, was %+v", got, deltas)
		}
		generate(t, n, 1)
	})
	live(t, dir, func(n *Node) {
		if got := pending(t, n); len(got) != 0 {
			t.Errorf("%d payments wait again after their block", len(got))
		}
	})
	if text, err := os.ReadFile(filepath.Join(dir, mempoolFile)); err != nil || string(text) != "fee_delta "+(block.Hash{1}).String()+" 7\n" {
		t.Errorf("the file of an empty pool: %q, %v", text, err)
	}
}

// While the mempool is restored, others are answered, savemempool is refused, and a kill loses
// nothing: the file stays until all of it is back.
func TestKilledWhileRestoring(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "regtest")
	live(t, dir, func(n *Node) {
		first, second := payment(t, n)
		for _, tx := range []*block.Tx{first, second} {
			if err := n.SubmitTx(t.Context(), tx); err != nil {
				t.Fatal(err)
			}
		}
	})
	saved, err := os.ReadFile(filepath.Join(dir, mempoolFile))
	if err != nil {
		t.Fatal(err)
	}
	checking, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	spending := &watched{before: func() { once.Do(func() { close(checking); <-goOn }) }}
	n := start(t, Config{Dir: dir, Verifier: chain.NewVerifier(spending)})
	<-checking
	if n.MempoolLoaded() || len(pending(t, n)) != 0 {
		t.Error("the mempool counts as loaded before its signatures are checked")
	}
	if _, err := n.SaveMempool(t.Context()); !errors.Is(err, ErrRestoring) {
		t.Errorf("saving meanwhile: %v", err)
	}
	left := copyKilled(t, n)
	close(goOn)
	for _, n := range []*Node{n, start(t, Config{Dir: left})} {
		await(t, "the payments", []*Node{n}, func() bool { return len(pending(t, n)) == 2 })
	}
	if got, err := os.ReadFile(filepath.Join(left, mempoolFile)); err != nil || !bytes.Equal(got, saved) {
		t.Errorf("the file after a kill differs from the saved one: %v", err)
	}
}

// A file that was cut off or filled with something else is set aside; what could be
// read of it is taken.
func TestPoolFileDamaged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "regtest")
	live(t, dir, func(n *Node) {
		first, _ := payment(t, n)
		if err := n.SubmitTx(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	})
	path := filepath.Join(dir, mempoolFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(raw, "nonsense\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	live(t, dir, func(n *Node) {
		await(t, "the payment before the damage", []*Node{n}, func() bool { return len(pending(t, n)) == 1 })
	})
	if kept, err := os.ReadFile(path + ".damaged"); err != nil || !bytes.HasSuffix(kept, []byte("nonsense\n")) {
		t.Errorf("the damaged file is not set aside: %v", err)
	}
}

// Whatever a file holds, reading it ends with payments or an error; what is read
// and written again is the same.
func FuzzPoolFile(f *testing.F) {
	tx := chaingen.Genesis(consensus.Regtest()).Txs[0]
	f.Add(fmt.Appendf(nil, "2026-01-03T18:15:05.25Z %x\n", tx.Bytes()))
	f.Add([]byte("2026-01-03T18:15:05Z 00\n"))
	f.Add([]byte("fee_delta " + strings.Repeat("5d", 32) + " -1000\n"))
	f.Add([]byte("nonsense"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var again bytes.Buffer
		err := readMempool(bytes.NewReader(raw), func(d mempool.Delta) error {
			fmt.Fprintf(&again, "%s%s %d\n", deltaLine, d.ID, d.Fee)
			return nil
		}, func(tx *block.Tx, since time.Time) error {
			fmt.Fprintf(&again, "%s %x\n", since.Format(time.RFC3339Nano), tx.Bytes())
			return nil
		})
		if err == nil && strings.Count(again.String(), "\n") != len(strings.FieldsFunc(string(raw), func(r rune) bool { return r == '\n' })) {
			t.Errorf("%q is read as %q", raw, again.String())
		}
	})
}
