package interop

import (
	"math/rand/v2"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/internal/chaingen"
)

// fault breaks one rule in a good block that follows parent. It returns false if
// this block has nothing to break.
type fault struct {
	name string
	make func(dice *rand.Rand, parent *chaingen.Block, b *block.Block) bool
}

// pay changes a payment of the block's, by a copy.
func pay(change func(tx *block.Tx)) func(*rand.Rand, *chaingen.Block, *block.Block) bool {
	return func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		if len(b.Txs) < 2 {
			return false
		}
		b.Txs[len(b.Txs)-1] = b.Txs[len(b.Txs)-1].Clone()
		change(b.Txs[len(b.Txs)-1])
		return true
	}
}

// coinbase changes the block's coinbase.
func coinbase(change func(tx *block.Tx)) func(*rand.Rand, *chaingen.Block, *block.Block) bool {
	return func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		change(b.Txs[0])
		return true
	}
}

// header changes what is sealed afterwards.
func header(change func(parent *chaingen.Block, h *block.Header)) func(*rand.Rand, *chaingen.Block, *block.Block) bool {
	return func(_ *rand.Rand, parent *chaingen.Block, b *block.Block) bool {
		change(parent, &b.Header)
		return true
	}
}

var faults = []fault{
	{"high hash", func(_ *rand.Rand, p *chaingen.Block, b *block.Block) bool {
		chaingen.Seal(b)
		for b.Header.Nonce++; chain.CheckWork(p.State.Params, &b.Header) == nil; b.Header.Nonce++ {
		}
		return true
	}},
	{"bits", header(func(_ *chaingen.Block, h *block.Header) { h.Bits = 0x207ffffe })},
	{"time too old", header(func(p *chaingen.Block, h *block.Header) { h.Time = p.State.MedianTime() })},
	{"time too new", header(func(_ *chaingen.Block, h *block.Header) { h.Time = uint32(time.Now().Unix()) + 3*60*60 })},
	{"version", header(func(_ *chaingen.Block, h *block.Header) { h.Version = 3 })},
	{"merkle root", func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		chaingen.Seal(b)
		b.Header.MerkleRoot[7] ^= 1
		chaingen.Search(&b.Header)
		return true
	}},
	{"duplicated tail", func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		chaingen.Seal(b)
		if len(b.Txs)%2 == 0 {
			return false
		}
		b.Txs = append(b.Txs, b.Txs[len(b.Txs)-1])
		return len(b.Txs) > 2
	}},
	{"no transactions", func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool { b.Txs = nil; return true }},
	{"no coinbase", func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool { b.Txs = b.Txs[1:]; return len(b.Txs) > 0 }},
	{"two coinbases", func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		second := b.Txs[0].Clone()
		second.LockTime = 1
		b.Txs = append(b.Txs, second)
		return true
	}},
	{"coinbase too short", coinbase(func(tx *block.Tx) { tx.Inputs[0].Script = tx.Inputs[0].Script[:1] })},
	{"coinbase too long", coinbase(func(tx *block.Tx) { tx.Inputs[0].Script = append(tx.Inputs[0].Script, make([]byte, 100)...) })},
	{"coinbase height", func(_ *rand.Rand, p *chaingen.Block, b *block.Block) bool {
		b.Txs[0].Inputs[0].Script = block.CoinbaseScript(p.Height()+2, 0, "wrong")
		return true
	}},
	{"coinbase amount", coinbase(func(tx *block.Tx) { tx.Outputs[0].Value++ })},
	{"signature operations", coinbase(func(tx *block.Tx) {
		script := make([]byte, 20_001)
		for i := range script {
			script[i] = 0xac
		}
		tx.Outputs = append(tx.Outputs, block.Output{Script: script})
	})},
	{"size", coinbase(func(tx *block.Tx) {
		tx.Outputs = append(tx.Outputs, block.Output{Script: make([]byte, 1_000_000)})
	})},
	{"lock time", pay(func(tx *block.Tx) { tx.LockTime, tx.Inputs[0].Sequence = 1<<20, 0 })},
	{"no such coin", pay(func(tx *block.Tx) { tx.Inputs[0].Prev.TxID[3] ^= 1 })},
	{"spent twice", func(_ *rand.Rand, _ *chaingen.Block, b *block.Block) bool {
		if len(b.Txs) < 2 {
			return false
		}
		again := b.Txs[1].Clone()
		again.LockTime = 1
		b.Txs = append(b.Txs, again)
		return true
	}},
	{"immature", func(_ *rand.Rand, p *chaingen.Block, b *block.Block) bool {
		if p.Height() < 1 {
			return false
		}
		b.Txs = append(b.Txs, chaingen.Miner.Pay([]chain.Spend{p.Reward()}, chaingen.Miner.To(p.Reward().Value)))
		return true
	}},
	{"more out than in", pay(func(tx *block.Tx) { tx.Outputs[0].Value += 60 * block.Coin })},
	{"no outputs", pay(func(tx *block.Tx) { tx.Outputs = nil })},
	{"negative output", pay(func(tx *block.Tx) { tx.Outputs[0].Value = -1 })},
	{"output too large", pay(func(tx *block.Tx) { tx.Outputs[0].Value = block.MaxMoney + 1 })},
	{"sum too large", pay(func(tx *block.Tx) {
		out := block.Output{Value: block.MaxMoney, Script: tx.Outputs[0].Script}
		tx.Outputs = append(tx.Outputs, out, out)
	})},
	{"same input twice", pay(func(tx *block.Tx) { tx.Inputs = append(tx.Inputs, tx.Inputs[0]) })},
	{"null input", pay(func(tx *block.Tx) {
		tx.Inputs = append(tx.Inputs, block.Input{Prev: block.Outpoint{Index: block.NoOutput}, Sequence: block.Final})
	})},
	{"signature", pay(func(tx *block.Tx) {
		tx.Inputs[0].Script[10] ^= 1
	})},
	{"wrong key", pay(func(tx *block.Tx) {
		sig, _, _, err := block.ParsePubKeyHashInput(tx.Inputs[0].Script)
		if err != nil {
			panic(err)
		}
		tx.Inputs[0].Script = block.PubKeyHashInput(sig, chaingen.NewKey("thief").Public())
	})},
	{"not strict DER", pay(func(tx *block.Tx) {
		sig, key, _, err := block.ParsePubKeyHashInput(tx.Inputs[0].Script)
		if err != nil {
			panic(err)
		}
		loose := append([]byte{}, sig[:3]...)
		loose = append(append(loose, sig[3]+1, 0), sig[4:]...) // a zero too many before r
		loose[1]++
		tx.Inputs[0].Script = block.PubKeyHashInput(loose, key)
	})},
	{"relative lock", pay(func(tx *block.Tx) { tx.Version, tx.Inputs[0].Sequence = 2, 0xffff })},
}
