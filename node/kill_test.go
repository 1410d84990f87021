package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/chaingen"
)

// copyKilled copies a node's directory as a kill at this moment would leave it.
func copyKilled(t *testing.T, n *Node) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "regtest")
	if err := os.CopyFS(to, os.DirFS(n.cfg.Dir)); err != nil {
		t.Error(err)
	}
	return to
}

// A block that SubmitBlock has accepted is there after a kill, whether the node was
// catching up or not, and at the time at which it came. Indexes have it at once.
func TestAcceptedBlocksSurviveAKill(t *testing.T) {
	n := start(t, Config{})
	line := chaingen.Genesis(consensus.Regtest()).MineEmpty("", 60)
	young := line.Template("young")
	young.Header.Time = uint32(time.Now().Unix())
	for _, b := range append(line.Chain()[1:], line.Follow("young", chaingen.Seal(young))) {
		if err := n.SubmitBlock(t.Context(), b.Block); err != nil {
			t.Fatal(err)
		}
		if b.Height() < 58 {
			continue
		}
		if rows, err := n.Store().History(b.Txs[0].Outputs[0].Script); err != nil || len(rows) != int(b.Height()) {
			t.Errorf("height %d: %d transactions in its miner's history: %v", b.Height(), len(rows), err)
		}
		after := start(t, Config{Dir: copyKilled(t, n)})
		if got := after.tip(t); got.Hash != b.Hash {
			t.Errorf("tip after a kill: height %d, want %d", got.Height, b.Height())
		}
		received := func(n *Node) (at time.Time) {
			err := n.Look(t.Context(), func(e *engine.Engine) { info, _ := e.Tree().Info(b.Hash); at = info.Received })
			if err != nil {
				t.Error(err)
			}
			return at
		}
		if got, want := received(after), received(n); !got.Equal(want) {
			t.Errorf("after a kill block %d was received at %s, want %s", b.Height(), got, want)
		}
	}
}

// watched calls a function before each signature check.
type watched struct {
	consensus.P2PKH
	before func()
}

func (w *watched) Check(tx *block.Tx, i int, output block.Output) error {
	w.before()
	return w.P2PKH.Check(tx, i, output)
}

// A block is stored while its signatures are checked. If the process dies then, the next
// one connects the block, or refuses it as this one does.
func TestStoredWhileChecking(t *testing.T) {
	spending := &watched{before: func() {}}
	n := start(t, Config{Verifier: chain.NewVerifier(spending)})
	tip := chaingen.Genesis(consensus.Regtest()).MineEmpty("", 101)
	var old []*block.Block
	for _, b := range tip.Chain()[1:] {
		old = append(old, b.Block)
	}
	if _, err := n.SubmitBlocks(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	coin := tip.Chain()[1].Reward()
	pay := func(from chaingen.Key) *block.Tx {
		return from.Pay([]consensus.UTXO{coin}, chaingen.Miner.To(coin.Coin.Value-10_000))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, step := range []struct {
		name string
		pay  *block.Tx
		good bool
	}{{"wrong", pay(chaingen.NewKey("thief")), false}, {"right", pay(chaingen.Miner), true}} {
		b := tip.Follow(step.name, chaingen.Seal(tip.Template(step.name, step.pay)))
		left := ""
		spending.before = func() { // here the engine is in the middle of the block
			for left == "" && ctx.Err() == nil {
				if raw, err := n.db.BlockBytes(b.Hash); err == nil && len(raw) > 0 {
					left = copyKilled(t, n)
				}
				runtime.Gosched()
			}
		}
		if err := n.SubmitBlock(ctx, b.Block); (err == nil) != step.good || !step.good && !errors.Is(err, consensus.BadScript) {
			t.Fatalf("%s: %v", step.name, err)
		}
		if left == "" {
			t.Fatalf("%s: the block was not stored while its signatures were checked", step.name)
		}
		spending.before = func() {}
		want := tip
		if step.good {
			want = b
		}
		if got := start(t, Config{Dir: left}).tip(t); got.Hash != want.Hash {
			t.Errorf("%s: tip after a kill at height %d, want %d", step.name, got.Height, want.Height())
		}
	}
}
