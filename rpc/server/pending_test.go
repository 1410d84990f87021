package server

import (
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/rpc"
)

// More transactions than are read at once are all there, with their coins.
func TestPendingInParts(t *testing.T) {
	w := start(t)
	coin := w.coin(w.mine(5, chaingen.Miner)[0], 0)
	const n = pendingAtOnce + 50
	outputs := make([]block.Output, n)
	for i := range outputs {
		outputs[i] = alice.To(coin.Value / (n + 1))
	}
	many := chaingen.Miner.Pay([]consensus.UTXO{coin}, outputs...)
	w.send(many)
	w.mine(1, chaingen.Miner)
	for i := range n {
		w.send(pay(alice, chaingen.Output(many, i), bob))
	}
	rows := get[[]rpc.PendingTx](w, "getpending")
	if len(rows) != n {
		t.Fatalf("%d rows, want %d", len(rows), n)
	}
	for i, r := range rows {
		if from := r.From[0]; *from.Vout != uint32(i) || from.Value != coin.Value/(n+1) || from.Address != w.address(alice) || r.To[0].Address != w.address(bob) {
			t.Fatalf("row %d: %+v", i, r)
		}
	}
}
