package server

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/rpc"
)

// poolHeight is the height of a coin that is in the mempool only (Core: MEMPOOL_HEIGHT).
const poolHeight = block.Height(math.MaxInt32)

var errParse = badRequest("Parse error")

// restUTXOs answers which outputs are unspent, and what they are (BIP64). They are named in
// the path or, for bin and hex, in the body.
func restUTXOs(q *restCall) (restData, error) {
	pool, of, err := q.outpoints()
	if err != nil {
		return restData{}, err
	}
	if len(of) > maxRESTOutpoints {
		return restData{}, badRequest("Error: max outpoints exceeded (max: %d, tried: %d)", maxRESTOutpoints, len(of))
	}
	var tip consensus.State
	coins, err := look(q.call, func(e *engine.Engine) (consensus.Coins, error) {
		tip = e.Tree().Tip()
		if pool {
			return e.Pool().Coins(e.Tree(), of)
		}
		return e.Tree().Coins(of)
	})
	if err != nil {
		return restData{}, err
	}
	u := utxos{tip: &tip, hits: make([]bool, len(of))}
	for i, o := range of {
		found := coins[o]
		if u.hits[i] = found != nil; found == nil {
			continue
		}
		coin := *found
		if coin.Height > tip.Height {
			coin.Height = poolHeight
		}
		u.coins = append(u.coins, coin)
	}
	return restData{func() ([]byte, error) { return u.bytes(), nil }, func() (any, error) { return u.show(q.call), nil }}, nil
}

// outpoints returns the outpoints of the request, and whether the mempool counts.
func (q *restCall) outpoints() (pool bool, of []block.Outpoint, err error) {
	empty := badRequest("Error: empty request")
	if path := strings.TrimPrefix(q.param, "/"); path != "" {
		parts := strings.Split(path, "/")
		if pool = parts[0] == "checkmempool"; pool {
			parts = parts[1:]
		}
		if len(parts) == 0 && (q.format == "json" || len(q.sent) == 0) {
			return false, nil, empty
		}
		for _, part := range parts {
			txid, index, _ := strings.Cut(part, "-")
			id, err := block.ParseHash(txid)
			n, bad := strconv.ParseUint(index, 10, 32)
			if err != nil || bad != nil {
				return false, nil, errParse
			}
			of = append(of, block.Outpoint{TxID: id, Index: uint32(n)})
		}
	}
	sent := q.sent
	switch {
	case len(of) > 0 && len(sent) > 0 && q.format != "json":
		return false, nil, badRequest("Combination of URI scheme inputs and raw post data is not allowed")
	case len(of) > 0:
		return pool, of, nil
	case len(sent) == 0 || q.format == "json":
		return false, nil, empty
	case q.format == "hex":
		if sent, err = hex.DecodeString(strings.TrimSpace(string(sent))); err != nil {
			return false, nil, errParse
		}
	}
	return parseOutpoints(sent)
}

// parseOutpoints reads the body of a request: whether the mempool counts, and outpoints.
// What follows them is ignored, as in Core.
func parseOutpoints(b []byte) (pool bool, of []block.Outpoint, err error) {
	const size = 32 + 4
	if len(b) < 2 {
		return false, nil, errParse
	}
	pool = b[0] != 0
	n, b := int(b[1]), b[2:]
	if n == 0xfd && len(b) >= 2 {
		n, b = int(binary.LittleEndian.Uint16(b)), b[2:]
		if n < 0xfd { // a number has one form
			return false, nil, errParse
		}
	} else if n >= 0xfd { // more than a body holds
		return false, nil, errParse
	}
	if n > len(b)/size {
		return false, nil, errParse
	}
	for ; n > 0; n, b = n-1, b[size:] {
		of = append(of, block.Outpoint{TxID: block.Hash(b[:32]), Index: binary.LittleEndian.Uint32(b[32:])})
	}
	return pool, of, nil
}

// utxos is the answer: for each outpoint whether it is unspent, and the coins of those that are.
type utxos struct {
	tip   *consensus.State
	hits  []bool
	coins []consensus.Coin
}

// bytes returns the answer as BIP64 has it. Each coin begins with a version, which is 0.
func (u *utxos) bytes() []byte {
	bitmap := make([]byte, (len(u.hits)+7)/8)
	for i, hit := range u.hits {
		if hit {
			bitmap[i/8] |= 1 << (i % 8)
		}
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(u.tip.Height))
	out = append(out, u.tip.Hash[:]...)
	out = append(block.AppendCompactSize(out, uint64(len(bitmap))), bitmap...)
	out = block.AppendCompactSize(out, uint64(len(u.coins)))
	for _, c := range u.coins {
		out = binary.LittleEndian.AppendUint32(out, 0)
		out = binary.LittleEndian.AppendUint32(out, uint32(c.Height))
		out = binary.LittleEndian.AppendUint64(out, uint64(c.Value))
		out = append(block.AppendCompactSize(out, uint64(len(c.Script))), c.Script...)
	}
	return out
}

func (u *utxos) show(c *call) rpc.UTXOs {
	out := rpc.UTXOs{Height: u.tip.Height, Tip: u.tip.Hash, UTXOs: []rpc.RESTCoin{}}
	for _, hit := range u.hits {
		if hit {
			out.Bitmap += "1"
		} else {
			out.Bitmap += "0"
		}
	}
	for _, coin := range u.coins {
		out.UTXOs = append(out.UTXOs, rpc.RESTCoin{Height: coin.Height, Value: coin.Value, ScriptPubKey: c.script(coin.Script)})
	}
	return out
}
