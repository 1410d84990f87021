package server

import (
	"fmt"
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/rpc"
)

// BenchmarkWalletBalance measures what a balance and the history of 10, 100 and 1,000 addresses cost
// while 200, 2,000 and 20,000 transactions are pending, one of which pays each tenth address. One call
// for each address copied the whole mempool each time, and took more than 11 s at the largest size.
func BenchmarkWalletBalance(b *testing.B) {
	for _, size := range []struct{ addresses, pending int }{{10, 200}, {100, 2000}, {1000, 20_000}} {
		w := start(b)
		texts := w.busy(size.addresses, size.pending)
		name := fmt.Sprintf("addresses=%d/pending=%d/", size.addresses, size.pending)
		b.Run(name+"balance", func(b *testing.B) {
			for b.Loop() {
				if coins, err := w.AddressUTXOs(w.ctx, texts, true); err != nil || len(coins) != size.addresses/10 {
					b.Fatal(len(coins), err)
				}
			}
		})
		b.Run(name+"history", func(b *testing.B) {
			for b.Loop() {
				if rows, err := rpc.GetAddressHistory.Call(w.ctx, w.Client, rpc.GetAddressHistoryArgs{Addresses: texts}); err != nil || len(rows) != size.addresses/10 {
					b.Fatal(len(rows), err)
				}
			}
		})
	}
}

// busy fills the mempool with chains of 25 payments and returns addresses, of which it pays each tenth.
func (w *world) busy(addresses, pending int) (texts []string) {
	const chainLen = 25
	var outs []block.Output
	coin := w.coin(w.mine(5, chaingen.Miner)[0], 0)
	for range pending / chainLen {
		outs = append(outs, chaingen.Miner.To(coin.Value/block.Amount(pending/chainLen)-1000))
	}
	fan := chaingen.Miner.Pay([]consensus.UTXO{coin}, outs...)
	w.send(fan)
	w.mine(1, chaingen.Miner)
	for i := range addresses {
		texts = append(texts, w.address(chaingen.NewKey(fmt.Sprint("watched", i))))
	}
	for i := range pending {
		if i%chainLen == 0 {
			coin = chaingen.Output(fan, i/chainLen)
		}
		outs := []block.Output{chaingen.Miner.To(coin.Value - 2000)}
		if i < addresses && i%10 == 0 {
			outs = append(outs, chaingen.NewKey(fmt.Sprint("watched", i)).To(1000))
		}
		tx := chaingen.Miner.Pay([]consensus.UTXO{coin}, outs...)
		w.send(tx)
		coin = chaingen.Output(tx, 0)
	}
	return texts
}
