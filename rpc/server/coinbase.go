package server

import (
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
			if last, script, _, ok = block.CutPush(script); !ok {
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
