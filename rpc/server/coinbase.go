package server

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"toychain/block"
	"toychain/consensus"
)

// coinbaseMessage returns the text that a miner wrote into a coinbase: the last push
// after height and extra nonce, if it is printable.
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

// coinbaseCache keeps what getblocktree shows of each block's coinbase, so that it need
// not read every block again.
type coinbaseCache struct {
	mu sync.Mutex
	of map[block.Hash]coinbaseText
}

// coinbaseText is the miner's message and the address that it is paid to; "" if there is
// none.
type coinbaseText struct{ message, address string }

func coinbaseTextOf(b *block.Block, p *consensus.Params) (t coinbaseText) {
	t.message = coinbaseMessage(b.Txs[0])
	if len(b.Txs[0].Outputs) > 0 {
		t.address = addressIn(p, b.Txs[0].Outputs[0].Script)
	}
	return t
}

// maxCoinbases is the greatest number of blocks in the cache: about 20 MB.
const maxCoinbases = 100_000

func newCoinbaseCache() *coinbaseCache { return &coinbaseCache{of: make(map[block.Hash]coinbaseText)} }

func (c *coinbaseCache) get(h block.Hash) (coinbaseText, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.of[h]
	return v, ok
}

func (c *coinbaseCache) put(h block.Hash, v coinbaseText) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.of) >= maxCoinbases {
		clear(c.of)
	}
	c.of[h] = v
}
