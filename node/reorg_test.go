package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/chaingen"
)

// trusting lets anyone spend anything: the blocks below are made without checking signatures
// that the node will check.
type trusting struct{ consensus.P2PKH }

func (trusting) Check(*block.Tx, int, block.Output) error { return nil }

// branches returns the blocks of a chain up to a fork, and two branches after it: one of depth
// blocks, with so many payments in each, and a longer one of other payments.
func branches(depth, payments int) (base, left, right []*block.Block) {
	tip := chaingen.Genesis(consensus.Regtest())
	tip.Verifier = consensus.InOrder(trusting{})
	tip = tip.MineEmpty("", 101)
	coin := tip.Chain()[1].Reward()
	n := depth * payments
	each := coin.Coin.Value / block.Amount(n+1)
	var coins []consensus.UTXO
	for from := 0; from < n; from += 10_000 {
		outs := []block.Output{}
		for range min(10_000, n-from) {
			outs = append(outs, chaingen.Miner.To(each))
		}
		outs = append(outs, chaingen.Miner.To(coin.Coin.Value-block.Amount(len(outs))*each))
		fan := chaingen.Miner.Pay([]consensus.UTXO{coin}, outs...)
		tip = tip.Mine("fan", fan)
		for i := range len(outs) - 1 {
			coins = append(coins, chaingen.Output(fan, i))
		}
		coin = chaingen.Output(fan, len(outs)-1)
	}
	branch := func(name string, blocks int, to chaingen.Key) (out []*block.Block) {
		at := tip
		for i := range blocks {
			var txs []*block.Tx
			if i < depth {
				for _, c := range coins[i*payments : (i+1)*payments] {
					txs = append(txs, chaingen.Miner.Pay([]consensus.UTXO{c}, to.To(each-300)))
				}
			}
			at = at.Mine(name, txs...)
			out = append(out, at.Block)
		}
		return out
	}
	for _, b := range tip.Chain()[1:] {
		base = append(base, b.Block)
	}
	return base, branch("left", depth, chaingen.NewKey("bob")), branch("right", depth+1, chaingen.NewKey("carol"))
}

// give submits blocks as an import does.
func give(t testing.TB, n *Node, blocks []*block.Block) {
	t.Helper()
	for some := range slices.Chunk(blocks, 100) {
		if _, err := n.SubmitBlocks(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
}

// While a long reorganisation is worked out, those who only read are answered from the state
// before it; the move itself is one step.
func TestReadersDuringAReorganisation(t *testing.T) {
	const depth = 40
	base, left, right := branches(depth, 1)
	spending := &watched{before: func() {}}
	n := start(t, Config{Verifier: chain.NewVerifier(spending)})
	give(t, n, base)
	give(t, n, left)
	give(t, n, right[:depth])

	var asked, answered atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(map[block.Hash]int) // tips, by how often
	reader := make(chan error, 1)
	go func() {
		for {
			asked.Add(1)
			err := n.Look(ctx, func(e *engine.Engine) { seen[e.Tree().Tip().Hash]++ })
			answered.Add(1)
			if err != nil {
				reader <- err
				return
			}
		}
	}()
	var checked int
	spending.before = func() { // on the engine's goroutine: a block has one signature
		checked++
		for asked.Load() == answered.Load() {
			runtime.Gosched()
		}
		for range 10 {
			runtime.Gosched() // the reader is at the node's door
		}
		if checked == depth { // from here on the tip may move
			cancel()
		}
	}
	if _, err := n.SubmitBlocks(t.Context(), right[depth:]); err != nil {
		t.Fatal(err)
	}
	if err := <-reader; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	old, now := left[depth-1].Hash(), right[depth].Hash()
	if checked != depth || seen[old] < 2 || len(seen) != 1 {
		t.Errorf("%d blocks were checked; tips seen meanwhile: %v, want %s only", checked, seen, old)
	}
	if got := n.tip(t).Hash; got != now {
		t.Errorf("tip %s, want %s", got, now)
	}
	if reorgs, err := n.Store().Reorgs(0); err != nil || len(reorgs) != 1 || len(reorgs[0].Left) != depth || len(reorgs[0].Joined) != depth+1 {
		t.Errorf("journal: %d entries, %v", len(reorgs), err)
	}
}

// Looks are answered between two blocks of a move and, if it is long, while the disk is
// awaited; after a short move they wait for the disk.
func TestLooksInTheMiddle(t *testing.T) {
	var log bytes.Buffer // of the engine's goroutine only
	n := start(t, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	looked := make(chan error, 1)
	look := func() { looked <- n.Look(t.Context(), func(*engine.Engine) {}) }
	task := func(f func()) {
		t.Helper()
		if err := n.do(t.Context(), n.mailbox, func(context.Context) { f() }); err != nil {
			t.Fatal(err)
		}
	}
	task(func() {
		go look()
		for len(looked) == 0 {
			n.between(1, deepMove)
		}
		if err := <-looked; err != nil {
			t.Error(err)
		}
		done := make(chan struct{})
		go func() { look(); close(done) }()
		n.waitForDisk(done)
		if len(looked) != 1 {
			t.Error("after a long move a look was not answered while the disk was awaited")
		}
		<-looked

		log.Reset()
		n.moving = time.Now()
		n.between(2, 3)
		n.moving = time.Now().Add(-tellMoveEvery)
		n.between(3, 4)
		if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "done=3 of=4") {
			t.Errorf("log: %s", got)
		}

		n.between(1, deepMove-1)
		done = make(chan struct{})
		go look()
		go close(done)
		n.waitForDisk(done)
		if len(looked) != 0 {
			t.Error("a look was answered before a short move was on the disk")
		}
	})
	if err := <-looked; err != nil {
		t.Error(err)
	}
}

// A reorganisation, by how many blocks leave: "worst-look-ms" is how long a reader waited at
// most meanwhile. Both branches have 20 payments a block, none of them checked before.
func BenchmarkReorganisation(b *testing.B) {
	for _, depth := range []int{50, 200, 800} {
		b.Run(fmt.Sprintf("blocks=%d", depth), func(b *testing.B) {
			base, left, right := branches(depth, 20)
			var worst time.Duration
			for b.Loop() {
				b.StopTimer()
				n := start(b, Config{})
				give(b, n, base)
				give(b, n, left)
				give(b, n, right[:depth])
				ctx, cancel := context.WithCancel(b.Context())
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					for ctx.Err() == nil {
						begun := time.Now()
						_ = n.Look(ctx, func(*engine.Engine) {})
						worst = max(worst, time.Since(begun))
					}
				}()
				b.StartTimer()
				give(b, n, right[depth:])
				b.StopTimer()
				cancel()
				<-ended
				b.StartTimer()
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-look-ms")
		})
	}
}

// TestCommandsAreSafeBeforeTheyShow: a move that a command of the user makes is on the disk before
// a reader can look at it, however long it is: a start would not make it again.
func TestCommandsAreSafeBeforeTheyShow(t *testing.T) {
	n := start(t, Config{})
	hashes, err := n.Generate(t.Context(), deepMove+5, []byte{0x6a}, 0)
	if err != nil {
		t.Fatal(err)
	}
	waits, shown := 0, 0 // of the engine's goroutine only
	task := func(f func()) {
		t.Helper()
		if err := n.do(t.Context(), n.mailbox, func(context.Context) { f() }); err != nil {
			t.Fatal(err)
		}
	}
	task(func() {
		n.db.Waiting = func(done <-chan struct{}) {
			if waits++; n.deep {
				shown++
			}
			n.waitForDisk(done)
		}
	})
	if err := n.Overrule(t.Context(), hashes[1], engine.Invalidate); err != nil {
		t.Fatal(err)
	}
	task(func() {
		if height := n.engine.Tree().Tip().Height; height != 1 || waits == 0 || shown != 0 {
			t.Errorf("at height %d, after %d waits for the disk, %d of which let others look", height, waits, shown)
		}
	})
}
