package mempool_test

import (
	"reflect"
	"testing"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/mempool"
)

// What the pool tells of its entries: sums over the family, links, when it came.
//
//	a ──┬── b ──┬── d
//	    └── c ──┘
func TestEntry(t *testing.T) {
	w := newWorld(t, freely)
	a := spend(1000, 2, w.reward(1))
	b := signal(spend(2000, 1, out(a, 0)))
	c := spend(3000, 1, out(a, 1))
	d := spend(4000, 1, out(b, 0), out(c, 0))
	w.add(a, b)
	w.now = noon.Add(time.Minute)
	w.connect(w.tip.Mine("13"))
	w.add(c, d)

	A, B, C, D := a.ID(), b.ID(), c.ID(), d.ID()
	want := []*mempool.Entry{
		{Tx: a, ID: A, Fee: 1000, Size: 119, SigOps: 2, Time: noon, Height: 12, SpentBy: []block.Hash{B, C},
			Ancestors: mempool.Sum{Count: 1, Size: 119, Fee: 1000}, Descendants: mempool.Sum{Count: 4, Size: 415, Fee: 10_000}},
		{Tx: b, ID: B, Fee: 2000, Size: 85, SigOps: 1, Time: noon, Height: 12, Depends: []block.Hash{A}, SpentBy: []block.Hash{D},
			Ancestors: mempool.Sum{Count: 2, Size: 204, Fee: 3000}, Descendants: mempool.Sum{Count: 2, Size: 211, Fee: 6000}, Replaceable: true},
		{Tx: c, ID: C, Fee: 3000, Size: 85, SigOps: 1, Time: w.now, Height: 13, Depends: []block.Hash{A}, SpentBy: []block.Hash{D},
			Ancestors: mempool.Sum{Count: 2, Size: 204, Fee: 4000}, Descendants: mempool.Sum{Count: 2, Size: 211, Fee: 7000}},
		{Tx: d, ID: D, Fee: 4000, Size: 126, SigOps: 1, Time: w.now, Height: 13, Depends: []block.Hash{B, C},
			Ancestors: mempool.Sum{Count: 4, Size: 415, Fee: 10_000}, Descendants: mempool.Sum{Count: 1, Size: 126, Fee: 4000}, Replaceable: true},
	}
	got := w.pool.Entries()
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("entry %d:\n%+v\nwant\n%+v", i, got[i], want[i])
		}
	}
	if w.pool.Len() != 4 || w.pool.Bytes() != 415 || w.pool.Fees() != 10_000 {
		t.Errorf("%d transactions, %d bytes, fees %d", w.pool.Len(), w.pool.Bytes(), w.pool.Fees())
	}
	// An entry is a copy: what happens later does not show in it.
	w.pool.Remove(D)
	if len(got[1].SpentBy) != 1 || got[0].Descendants.Count != 4 {
		t.Error("an entry changed behind its reader's back")
	}
	if _, ok := w.pool.Get(D); ok || w.pool.Has(D) {
		t.Error("d is still here")
	}
}

// Coins sees the chain and the pool as one.
func TestCoins(t *testing.T) {
	w := newWorld(t, freely)
	note := block.Output{Script: []byte{0x6a, 1, 7}}
	a := spend(1000, 2, w.reward(1))
	a.Outputs = append(a.Outputs, note)
	b := spend(1000, 1, out(a, 1))
	w.add(a, b)
	nowhere := block.Outpoint{Index: 7}
	coins, err := w.pool.Coins(w.tree, []block.Outpoint{w.reward(1).Outpoint, w.reward(2).Outpoint,
		out(a, 0).Outpoint, out(a, 1).Outpoint, out(a, 2).Outpoint, {TxID: a.ID(), Index: 3}, out(b, 0).Outpoint, nowhere})
	if err != nil {
		t.Fatal(err)
	}
	tip := w.tree.Tip()
	fresh := func(o block.Output) *consensus.Coin {
		return &consensus.Coin{Output: o, Height: 13, MedianTime: tip.MedianTime()}
	}
	reward := w.reward(2)
	want := consensus.Coins{
		reward.Outpoint:    &reward.Coin,
		out(a, 0).Outpoint: fresh(a.Outputs[0]),
		out(b, 0).Outpoint: fresh(b.Outputs[0]),
	}
	if !reflect.DeepEqual(coins, want) {
		t.Errorf("%v\nwant %v", coins, want)
	}
}

func TestDefaultPolicy(t *testing.T) {
	p := mempool.New(mempool.DefaultPolicy()).Policy()
	if p.DustLimit(bob.Script()) != 546 || p.DustLimit([]byte{0x6a}) != 0 || p.MinRelay != 1000 {
		t.Errorf("dust %d, %d; least fee rate %d", p.DustLimit(bob.Script()), p.DustLimit([]byte{0x6a}), p.MinRelay)
	}
	if got := mempool.New(p).MinFee(); got != 1000 {
		t.Errorf("an empty pool wants %d per 1000 bytes", got)
	}
}
