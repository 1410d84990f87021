package rogue_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/chaingen"
	"toychain/internal/longtest"
	"toychain/node"
	"toychain/peer"
)

// unchecked builds blocks without checking signatures: the nodes do.
type unchecked struct{ consensus.P2PKH }

func (unchecked) Verify([]consensus.Spender) error { return nil }

// payments is how many payments each block of the next test has.
const payments = 500

// fanOut returns two blocks on b: one whose coinbase can be spent later, then, after its maturity,
// one that makes a coin for each payment of it.
func fanOut(b *chaingen.Block, to chaingen.Key) (*chaingen.Block, []consensus.UTXO) {
	reward := b.Reward()
	b = b.MineEmpty("ripen", 3)
	var outs []block.Output
	for range payments {
		outs = append(outs, to.To(reward.Value/payments))
	}
	b = b.Mine("fan out", chaingen.Miner.Pay([]consensus.UTXO{reward}, outs...))
	var coins []consensus.UTXO
	for i := range payments {
		coins = append(coins, b.Coin(1, i))
	}
	return b, coins
}

// busy returns n blocks on b, with times from now on; each has every coin move once.
func busy(b *chaingen.Block, n int, coins []consensus.UTXO, k chaingen.Key) (out []*block.Block) {
	for i := range n {
		var txs []*block.Tx
		for j, c := range coins {
			tx := k.Pay([]consensus.UTXO{c}, k.To(c.Value-1000))
			txs, coins[j] = append(txs, tx), chaingen.Output(tx, 0)
		}
		raw := b.Template(fmt.Sprintf("busy %d", i), txs...)
		raw.Header.Time = max(uint32(time.Now().Unix()), uint32(b.State.MedianTime())+1)
		if b = b.Follow("busy", chaingen.Seal(raw)); b.Err != nil {
			panic(b.Err)
		}
		out = append(out, raw)
	}
	return out
}

// After a cut a branch full of payments, and the next node behind, come over to another one. All
// of it comes from one peer, within seconds: no message is ignored, and no peer is penalized or
// disconnected.
//
//	left ─── cut ─── right ─── behind
func TestCatchUpIsNotBulk(t *testing.T) {
	w := newNet(t)
	var end context.CancelFunc
	w.ctx, end = context.WithTimeout(context.Background(), longtest.Pick(2*time.Minute, 15*time.Minute))
	defer end()
	left := w.node()
	right := w.node(left)
	behind := w.node(right)
	nodes := []*node.Node{left, right, behind}
	w.until("they are connected", func() bool { return joined(left, right) && joined(right, left) && joined(behind, right) })
	kl, kr := chaingen.NewKey("left"), chaingen.NewKey("right")
	base := chaingen.Genesis(w.params)
	base.Verifier = unchecked{}
	base, ofLeft := fanOut(base.Mine("reward"), kl)
	base, ofRight := fanOut(base, kr)
	w.submit(left, blocksOf(base.Chain()[1:]))
	w.at(base.Hash, nodes...)

	w.cut(left, right)
	w.cut(left, behind)
	n := longtest.Pick(4, 100) // 9 MB: more than the budgets for side blocks
	ours, theirs := busy(base, n+1, ofLeft, kl), busy(base, n, ofRight, kr)
	w.submit(left, ours)
	w.submit(right, theirs)
	w.at(theirs[n-1].Hash(), behind)
	troubles := make(chan engine.Event, 100)
	for _, n := range nodes {
		events := n.Watch(w.ctx)
		go func() {
			for e := range events {
				if e.Kind == engine.PeerPenalized || e.Kind == engine.PeerDown {
					troubles <- e
				}
			}
		}()
	}
	begun := time.Now()
	for _, n := range nodes {
		if err := n.Net().SetBlocklist(nil); err != nil {
			t.Fatal(err)
		}
	}
	tip := ours[n].Hash()
	w.at(tip, nodes...)
	t.Logf("%d blocks of %d payments, %d KB each, replaced %d others at two nodes in %v", n+1, payments, ours[n].Size()>>10, n,
		time.Since(begun).Round(time.Millisecond))
	w.at(w.mine(left, 1)[0], nodes...)
	for i, n := range nodes {
		if ignored := n.Net().Ignored(); ignored != 0 || len(n.Net().Banned()) != 0 {
			t.Errorf("node %d ignored %d messages, bans %v", i, ignored, n.Net().Banned())
		}
	}
	if !joined(left, right) || !joined(right, left) || !joined(behind, right) {
		t.Error("a peer was disconnected")
	}
	select {
	case e := <-troubles:
		t.Errorf("%s: %s: %s", e.Peer, e.Kind, e.Reason)
	default:
	}
}

func blocksOf(chain []*chaingen.Block) (out []*block.Block) {
	for _, b := range chain {
		out = append(out, b.Block)
	}
	return out
}

// submit hands a node blocks of its own user.
func (w *net) submit(n *node.Node, blocks []*block.Block) {
	w.t.Helper()
	results, err := n.SubmitBlocks(w.ctx, blocks)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, err := range results {
		if err != nil {
			w.t.Fatalf("block %d: %v", i, err)
		}
	}
}

// cut has two nodes refuse each other, besides those that they refuse already.
func (w *net) cut(a, b *node.Node) {
	w.t.Helper()
	for _, side := range [][2]*node.Node{{a, b}, {b, a}} {
		if err := side[0].Net().SetBlocklist(append(side[0].Net().Blocklist(), peer.ID(side[1].Net().ID()))); err != nil {
			w.t.Fatal(err)
		}
	}
	w.until("they are cut", func() bool { return !joined(a, b) && !joined(b, a) })
}
