package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// Whatever value the chain may have, it comes back as it was.
func TestValuesComeBack(t *testing.T) {
	hash := rapid.Custom(func(t *rapid.T) (h block.Hash) {
		copy(h[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		return h
	})
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMilli(rapid.Int64Range(-1<<50, 1<<50).Draw(t, "ms")).UTC()
	})
	height := rapid.Custom(func(t *rapid.T) block.Height { return block.Height(rapid.Int32Min(0).Draw(t, "height")) })
	script := rapid.Custom(func(t *rapid.T) []byte {
		if rapid.Bool().Draw(t, "pay to public key hash") {
			h := hash.Draw(t, "key")
			return block.PubKeyHashScript([20]byte(h[:20]))
		}
		return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "script")
	})
	amount := rapid.Custom(func(t *rapid.T) block.Amount {
		return block.Amount(rapid.Int64Range(0, int64(block.MaxMoney)).Draw(t, "amount"))
	})
	rapid.Check(t, func(t *rapid.T) {
		e := chain.Entry{
			Header: block.Header{Version: rapid.Int32().Draw(t, "version"), Prev: hash.Draw(t, "prev"), Time: rapid.Uint32().Draw(t, "time")},
			Height: height.Draw(t, "height"), Seq: rapid.Int64().Draw(t, "order"), Received: moment.Draw(t, "received"),
			Status: chain.Status(rapid.IntRange(0, int(allStatus)).Draw(t, "status")),
			Txs:    int(rapid.Int32Min(0).Draw(t, "txs")), Size: int(rapid.Int32Min(0).Draw(t, "size")),
		}
		if rapid.Bool().Draw(t, "complete") {
			e.Complete = moment.Draw(t, "when")
		}
		if got, err := decodeEntry(appendEntry(nil, &e)); err != nil || got != e {
			t.Fatalf("%+v, want %+v: %v", got, e, err)
		}
		c := consensus.Coin{Output: block.Output{Value: amount.Draw(t, "value"), Script: script.Draw(t, "script")},
			Height: height.Draw(t, "height"), Coinbase: rapid.Bool().Draw(t, "coinbase"), MedianTime: rapid.Uint32().Draw(t, "since")}
		if got, err := decodeCoin(appendCoin(nil, &c)); err != nil || !sameCoin(got, c) {
			t.Fatalf("%+v, want %+v: %v", got, c, err)
		}
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) chain.Point {
			return chain.Point{Hash: hash.Draw(t, "hash"), Height: height.Draw(t, "height")}
		}), 1, 3)
		g := chain.Reorg{Time: moment.Draw(t, "time"), Left: points.Draw(t, "left"), Joined: points.Draw(t, "joined"),
			Returned: rapid.SliceOfN(hash, 1, 3).Draw(t, "returned")}
		g.From, g.To, g.Fork = g.Left[0], g.Joined[0], chain.Point{Hash: hash.Draw(t, "fork")}
		if rapid.Bool().Draw(t, "more") {
			g.Reconfirmed = []chain.Reconfirmed{{TxID: hash.Draw(t, "tx"), Block: hash.Draw(t, "block")}}
			g.Conflicted = []chain.Conflicted{{TxID: hash.Draw(t, "tx"), By: hash.Draw(t, "by")}, {}}
		}
		if got, err := decodeReorg(appendReorg(nil, &g)); err != nil || !reflect.DeepEqual(got, g) {
			t.Fatalf("%+v, want %+v: %v", got, g, err)
		}
		touched := scriptDelta{txid: hash.Draw(t, "tx"), spent: amount.Draw(t, "spent"),
			outputs: []received{{rapid.Uint32().Draw(t, "index"), amount.Draw(t, "value")}}}
		if got, err := decodeScriptDelta(appendScriptDelta(nil, &touched)); err != nil || !reflect.DeepEqual(got, touched) {
			t.Fatalf("%+v, want %+v: %v", got, touched, err)
		}
	})
}

// One value has one encoding: the others that might be read as the same are refused.
func TestOneEncoding(t *testing.T) {
	coin := consensus.Coin{Output: block.Output{Value: 5, Script: block.PubKeyHashScript([20]byte{1})}, Height: 3}
	good := appendCoin(nil, &coin)
	long := append([]byte{6, 5, 0, 0, 0, 0, 26}, coin.Script...)
	for what, bad := range map[string]struct {
		value []byte
		want  error
	}{
		"spelled-out template": {long, errForm},
		"one byte short":       {good[:len(good)-1], errTruncated},
		"one byte more":        {append(bytes.Clone(good), 0), errTrailing},
		"number too long":      {append([]byte{0x86, 0}, good[1:]...), errNotMinimal},
		"number too large":     {append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 1}, good[1:]...), errRange},
		"nothing":              {nil, errTruncated},
	} {
		if _, err := decodeCoin(bad.value); !errors.Is(err, bad.want) {
			t.Errorf("%s: %v, want %v", what, err, bad.want)
		}
	}
}

// again demands that what a decoder takes is what the encoder writes.
func again[T any](t *testing.T, b []byte, decode func([]byte) (T, error), encode func([]byte, *T) []byte) {
	v, err := decode(b)
	if err == nil && !bytes.Equal(encode(nil, &v), b) {
		t.Fatalf("%x decodes to %+v, which encodes to %x", b, v, encode(nil, &v))
	}
}

// seeds gives a fuzzer what a real database holds under keys of one kind.
func seeds(f *testing.F, kind byte) {
	n := lived(f, uint64(kind), 12)
	db, err := Open(n.dir, n.params)
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	left := 5
	err = db.each(db.level, []byte{kind}, "reading", func(_, value []byte) error {
		if left--; left >= 0 {
			f.Add(bytes.Clone(value))
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
}

func FuzzEntry(f *testing.F) {
	seeds(f, keyEntry)
	f.Fuzz(func(t *testing.T, b []byte) { again(t, b, decodeEntry, appendEntry) })
}

func FuzzCoin(f *testing.F) {
	seeds(f, keyCoin)
	f.Fuzz(func(t *testing.T, b []byte) { again(t, b, decodeCoin, appendCoin) })
}

func FuzzUndo(f *testing.F) {
	seeds(f, keyUndo)
	f.Fuzz(func(t *testing.T, b []byte) {
		again(t, b, decodeUndo, func(b []byte, coins *[]consensus.Coin) []byte {
			var spent []consensus.UTXO
			for _, c := range *coins {
				spent = append(spent, consensus.UTXO{Coin: c})
			}
			return appendUndo(b, spent)
		})
	})
}

func FuzzReorg(f *testing.F) {
	seeds(f, keyReorg)
	f.Fuzz(func(t *testing.T, b []byte) { again(t, b, decodeReorg, appendReorg) })
}

func FuzzScriptDelta(f *testing.F) {
	seeds(f, keyHistory)
	f.Fuzz(func(t *testing.T, b []byte) { again(t, b, decodeScriptDelta, appendScriptDelta) })
}

func FuzzBody(f *testing.F) {
	seeds(f, keyBody)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < block.HeaderSize {
			return
		}
		again(t, b, func(b []byte) (*block.Block, error) { return decodeBody(b, block.Sum(b[:block.HeaderSize])) },
			func(out []byte, v **block.Block) []byte { return append(out, (*v).Bytes()...) })
	})
}

// The short ones: notes about the database, and places in blocks.
func FuzzSmall(f *testing.F) {
	f.Add([]byte{1})
	f.Add([]byte{0x80, 0x01})
	f.Add(appendNetwork(nil, network{name: "toy"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		again(t, b, decodeNumber, func(out []byte, n *uint64) []byte { return binary.AppendUvarint(out, *n) })
		again(t, b, decodeHash, func(out []byte, h *block.Hash) []byte { return append(out, h[:]...) })
		again(t, b, decodeNetwork, func(out []byte, n *network) []byte { return appendNetwork(out, *n) })
		placeOf(b)
		outpointOf(b)
		historyOf(b)
		decodeTxPlace(b, b)
	})
}
