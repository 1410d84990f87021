package server

import (
	"testing"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// BenchmarkWalletBalance measures what a balance of 200 addresses costs while 20,000
// transactions are pending: in one call for all of them, and in one for each. One
// call for each copied the whole mempool each time, and took 3.5 s.
func BenchmarkWalletBalance(b *testing.B) {
	const chains, chainLen, addresses = 800, 25, 200
	w := start(b)
	var outs []block.Output
	coin := w.coin(w.mine(5, chaingen.Miner)[0], 0)
	for range chains {
		outs = append(outs, chaingen.Miner.To(6_240_000))
	}
	fan := chaingen.Miner.Pay([]consensus.UTXO{coin}, outs...)
	w.send(fan)
	w.mine(1, chaingen.Miner)
	for i := range chains {
		last := chaingen.Output(fan, i)
		for range chainLen {
			tx := chaingen.Miner.Pay([]consensus.UTXO{last}, chaingen.Miner.To(last.Value-1000))
			w.send(tx)
			last = chaingen.Output(tx, 0)
		}
	}
	var texts []string
	for i := range addresses {
		texts = append(texts, w.address(chaingen.NewKey(string(rune(i)))))
	}
	b.Run("one call", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.AddressUTXOs(w.ctx, texts, true); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("a call for each", func(b *testing.B) {
		for b.Loop() {
			for i := range texts {
				if _, err := w.AddressUTXOs(w.ctx, texts[i:i+1], true); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
