package server

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"toychain/block"
	"toychain/consensus"
)

// coinbaseMessage returns what a miner wrote into a coinbase: after height and extra
// nonce, the last push, if it is text.
func coinbaseMessage(tx *block.Tx) string {
	script := tx.Inputs[0].Script
	var last []byte
	pushes := 0
	for len(script) > 0 {
		if script[0] > opPushData4 {
			last, script = nil, script[1:]
		} else {
			var ok bool
			if last, script, ok = push(script); !ok {
				return ""
			}
		}
		pushes++
	}
	text := string(last)
	if pushes < 3 || !utf8.ValidString(text) {
		return ""
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return ""
		}
	}
	return text
}

// facts remembers what getblocktree tells of a block's coinbase, so that it need not
// read every body again.
type coinbaseCache struct {
	mu sync.Mutex
	of map[block.Hash]coinbaseText
}

type coinbaseText struct{ message, address string }

func coinbaseTextOf(b *block.Block, p *consensus.Params) (f coinbaseText) {
	f.message = coinbaseMessage(b.Txs[0])
	if len(b.Txs[0].Outputs) > 0 {
		f.address = addressIn(p, b.Txs[0].Outputs[0].Script)
	}
	return f
}

// maxFacts is how many blocks are remembered: about 20 MB.
const maxCoinbases = 100_000

func newCoinbaseCache() *coinbaseCache { return &coinbaseCache{of: make(map[block.Hash]coinbaseText)} }

func (f *coinbaseCache) get(h block.Hash) (coinbaseText, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, ok := f.of[h]
	return v, ok
}

func (f *coinbaseCache) put(h block.Hash, v coinbaseText) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.of) >= maxCoinbases {
		clear(f.of)
	}
	f.of[h] = v
}
