package answer

import (
	"strings"
	"toychain/block"
	"toychain/consensus"
	"unicode"
	"unicode/utf8"
)

// opPushData4 is the last opcode that pushes bytes of the script itself.
const opPushData4 = 0x4e

// Coinbase is the miner's message and the address that it is paid to; "" if there is
// none.
type Coinbase struct{ Message, Address string }

// CoinbaseOf reads the coinbase of a block.
func CoinbaseOf(b *block.Block, p *consensus.Params) (t Coinbase) {
	t.Message = Message(b.Txs[0])
	if len(b.Txs[0].Outputs) > 0 {
		t.Address = Address(p, b.Txs[0].Outputs[0].Script)
	}
	return t
}

// Message returns the text that a miner wrote into a coinbase: the last push
// after height and extra nonce, if it is printable.
func Message(tx *block.Tx) string {
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
	if pushes < 3 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return text
}
