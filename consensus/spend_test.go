package consensus_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
)

// twoInTwoOut spends two coins of alice's, and three outputs give every input but a
// third one an output of its own.
func twoInTwoOut() (*block.Tx, block.Output) {
	coin := alice.To(10)
	return &block.Tx{
		Version: 2,
		Inputs: []block.Input{
			{Prev: block.Outpoint{TxID: block.Hash{1}}, Sequence: finalSeq},
			{Prev: block.Outpoint{TxID: block.Hash{2}}, Sequence: finalSeq},
			{Prev: block.Outpoint{TxID: block.Hash{3}}, Sequence: finalSeq},
		},
		Outputs: []block.Output{bob.To(1), carol.To(2)},
	}, coin
}

// What each hash type leaves open: the signature of input 1 still fits after these
// changes and not after the others.
func TestHashTypes(t *testing.T) {
	changes := []struct {
		what   string
		change func(*block.Tx)
	}{
		{"own output", func(tx *block.Tx) { tx.Outputs[1].Value++ }},
		{"other output", func(tx *block.Tx) { tx.Outputs[0].Value++ }},
		{"one more output", func(tx *block.Tx) { tx.Outputs = append(tx.Outputs, bob.To(1)) }},
		{"other input", func(tx *block.Tx) { tx.Inputs[2].Prev.Index++ }},
		{"one more input", func(tx *block.Tx) { tx.Inputs = append(tx.Inputs, block.Input{}) }},
		{"other sequence", func(tx *block.Tx) { tx.Inputs[0].Sequence = 7 }},
		{"own sequence", func(tx *block.Tx) { tx.Inputs[1].Sequence = 7 }},
		{"own coin", func(tx *block.Tx) { tx.Inputs[1].Prev.Index++ }},
		{"lock time", func(tx *block.Tx) { tx.LockTime++ }},
		{"version", func(tx *block.Tx) { tx.Version++ }},
	}
	for hashType, open := range map[block.SigHashType]string{
		0x01: "",
		0x02: "own output, other output, one more output, other sequence",
		0x03: "other output, one more output, other sequence",
		0x81: "other input, one more input, other sequence",
		0x82: "own output, other output, one more output, other input, one more input, other sequence",
		0x83: "other output, one more output, other input, one more input, other sequence",
	} {
		tx, coin := twoInTwoOut()
		tx.Inputs[1].Script = alice.Sign(tx, 1, coin.Script, hashType)
		if err := (consensus.P2PKH{}).Check(tx, 1, coin); err != nil {
			t.Errorf("type %02x: %v", byte(hashType), err)
		}
		var got []string
		for _, c := range changes {
			other := tx.Clone()
			c.change(other)
			if (consensus.P2PKH{}).Check(other, 1, coin) == nil {
				got = append(got, c.what)
			}
		}
		if got := strings.Join(got, ", "); got != open {
			t.Errorf("type %02x leaves open: %s\nwant: %s", byte(hashType), got, open)
		}
	}
}

// Bitcoin's consensus takes any byte as a hash type. SINGLE of an input that has no
// output signs the number 1, and so fits any other such input: a trap for wallets,
// and valid.
func TestStrangeHashTypes(t *testing.T) {
	tx, coin := twoInTwoOut()
	for _, hashType := range []block.SigHashType{0x00, 0x04, 0x1f, 0x20, 0x41, 0x50, 0x80, 0xc1, 0xff} {
		tx.Inputs[1].Script = alice.Sign(tx, 1, coin.Script, hashType)
		if err := (consensus.P2PKH{}).Check(tx, 1, coin); err != nil {
			t.Errorf("type %02x: %v", byte(hashType), err)
		}
		tx.Inputs[1].Script = bytes.Replace(tx.Inputs[1].Script, []byte{byte(hashType), 33}, []byte{byte(hashType) ^ 0x40, 33}, 1)
		if (consensus.P2PKH{}).Check(tx, 1, coin) == nil {
			t.Errorf("type %02x: the type is not signed", byte(hashType))
		}
	}
	tx.Inputs[2].Script = alice.Sign(tx, 2, coin.Script, block.SigSingle)
	if err := (consensus.P2PKH{}).Check(tx, 2, coin); err != nil {
		t.Errorf("SINGLE without an output: %v", err)
	}
	tx.Inputs = append(tx.Inputs, tx.Inputs[2])
	tx.Inputs[3].Prev.TxID = block.Hash{9}
	if err := (consensus.P2PKH{}).Check(tx, 3, coin); err != nil {
		t.Errorf("and again for another input: %v", err)
	}
}

// der writes a signature as DER, r and s as they are.
func der(r, s []byte) []byte {
	number := func(b []byte) []byte { return append([]byte{2, byte(len(b))}, b...) }
	body := append(number(r), number(s)...)
	return append([]byte{0x30, byte(len(body))}, body...)
}

// numbers takes r and s out of strict DER.
func numbers(sig []byte) (r, s []byte) {
	r = sig[4 : 4+sig[3]]
	return r, sig[6+len(r) : 6+len(r)+int(sig[5+len(r)])]
}

// A signature with n-s in place of s is another one for the same key and digest.
// Policy wants the lower of the two; consensus does not care.
func TestHighS(t *testing.T) {
	tx, coin := twoInTwoOut()
	sig := alice.Signature(tx, 0, coin.Script, block.SigAll)
	r, s := numbers(sig)
	high := new(big.Int).Sub(btcec.S256().N, new(big.Int).SetBytes(s)).Bytes()
	if high[0] < 0x7f {
		t.Fatalf("the signature was not low: %x", s)
	}
	tx.Inputs[0].Script = block.PubKeyHashInput(append(der(r, append([]byte{0}, high...)), 1), alice.Public())
	if err := (consensus.P2PKH{}).Check(tx, 0, coin); err != nil {
		t.Error(err)
	}
}

// A key may be written in four ways, each with a hash, and so an address, of its own.
func TestKeyForms(t *testing.T) {
	pub := alice.Private.PubKey()
	long := pub.SerializeUncompressed()
	hybrid := slices.Clone(long)
	hybrid[0] = 6 | long[64]&1
	wrong := slices.Clone(hybrid)
	wrong[0] ^= 1
	offCurve := slices.Clone(long)
	offCurve[64] ^= 2
	flipped := pub.SerializeCompressed()
	flipped[0] ^= 1
	for _, row := range []struct {
		what string
		key  []byte
		ok   bool
	}{
		{"compressed", pub.SerializeCompressed(), true},
		{"uncompressed", long, true},
		{"hybrid", hybrid, true},
		{"hybrid, named odd for even", wrong, false},
		{"not on the curve", offCurve, false},
		{"the other point with this x", flipped, false},
		{"one byte short", long[:64], false},
		{"one byte long", append(slices.Clone(long), 0), false},
		{"empty", []byte{}, false},
	} {
		tx, _ := twoInTwoOut()
		coin := block.Output{Value: 10, Script: block.PubKeyHashScript(block.Hash160(row.key))}
		tx.Inputs[0].Script = block.PubKeyHashInput(alice.Signature(tx, 0, coin.Script, block.SigAll), row.key)
		if err := (consensus.P2PKH{}).Check(tx, 0, coin); (err == nil) != row.ok {
			t.Errorf("%s: %v", row.what, err)
		}
		other := alice.To(10)
		if err := (consensus.P2PKH{}).Check(tx, 0, other); (err == nil) != (row.what == "compressed") {
			t.Errorf("%s, with the compressed key's coin: %v", row.what, err)
		}
	}
}

// Consensus allows longer pushes than needed, and nothing but the two pushes.
func TestPushForms(t *testing.T) {
	tx, coin := twoInTwoOut()
	sig, key := alice.Signature(tx, 0, coin.Script, block.SigAll), alice.Public()
	push := func(op byte, data []byte) []byte {
		n := uint32(len(data))
		switch op {
		case 0x4c:
			return append([]byte{op, byte(n)}, data...)
		case 0x4d:
			return append(binary.LittleEndian.AppendUint16([]byte{op}, uint16(n)), data...)
		case 0x4e:
			return append(binary.LittleEndian.AppendUint32([]byte{op}, n), data...)
		}
		return append([]byte{byte(n)}, data...)
	}
	for _, a := range []byte{0, 0x4c, 0x4d, 0x4e} {
		for _, b := range []byte{0, 0x4c, 0x4d, 0x4e} {
			tx.Inputs[0].Script = append(push(a, sig), push(b, key)...)
			if err := (consensus.P2PKH{}).Check(tx, 0, coin); err != nil {
				t.Errorf("pushes %02x and %02x: %v", a, b, err)
			}
		}
	}
	for what, script := range map[string][]byte{
		"nothing":             nil,
		"only the signature":  push(0, sig),
		"only the key":        push(0, key),
		"the other way round": append(push(0, key), push(0, sig)...),
		"a third push":        append(append(push(0, sig), push(0, key)...), 0),
		"an opcode after":     append(append(push(0, sig), push(0, key)...), 0x61),
		"cut short":           append(push(0, sig), push(0, key)[:20]...),
		"no signature":        append([]byte{0}, push(0, key)...),
		"only a hash type":    append([]byte{1, 1}, push(0, key)...),
	} {
		tx.Inputs[0].Script = script
		if (consensus.P2PKH{}).Check(tx, 0, coin) == nil {
			t.Errorf("%s: valid", what)
		}
	}
}

// Everything that is not strict DER is refused (BIP66), though older nodes read
// some of it.
func TestStrictDER(t *testing.T) {
	tx, coin := twoInTwoOut()
	sig := alice.Signature(tx, 0, coin.Script, block.SigAll)
	good := sig[:len(sig)-1]
	r, s := numbers(good)
	zero := []byte{0}
	with := func(at int, v byte) []byte {
		b := slices.Clone(good)
		b[at] = v
		return b
	}
	for what, bad := range map[string][]byte{
		"r with a needless zero":       der(append(zero, 1), s),
		"r negative":                   der(append([]byte{0x80}, r[1:]...), s),
		"s with a needless zero":       der(r, append(zero, bytes.TrimLeft(s, "\x00")...)),
		"s negative":                   der(r, append([]byte{0xff}, s[1:]...)),
		"r empty":                      der(nil, s),
		"s empty":                      der(r, nil),
		"r zero":                       der(zero, s),
		"s zero":                       der(r, zero),
		"r the order of the group":     der(append(zero, btcec.S256().N.Bytes()...), s),
		"s the order of the group":     der(r, append(zero, btcec.S256().N.Bytes()...)),
		"not a sequence":               with(0, 0x31),
		"r not an integer":             with(2, 3),
		"s not an integer":             with(4+len(r), 3),
		"length too large":             with(1, good[1]+1),
		"length too small":             with(1, good[1]-1),
		"r longer than it is":          with(3, 0x7f),
		"s longer than it is":          with(5+len(r), good[5+len(r)]+1),
		"a byte after the end":         append(slices.Clone(good), 0),
		"length written in two bytes":  append([]byte{0x30, 0x81}, good[1:]...),
		"cut short":                    good[:len(good)-1],
		"eight bytes":                  {0x30, 6, 2, 1, 1, 2, 1, 1},
		"not a signature":              bytes.Repeat([]byte{0x42}, 70),
		"r and s without any wrapping": append(slices.Clone(r), s...),
	} {
		tx.Inputs[0].Script = block.PubKeyHashInput(append(slices.Clone(bad), 1), alice.Public())
		if (consensus.P2PKH{}).Check(tx, 0, coin) == nil {
			t.Errorf("%s: valid: %x", what, bad)
		}
	}
	tx.Inputs[0].Script = block.PubKeyHashInput(sig, alice.Public())
	if err := (consensus.P2PKH{}).Check(tx, 0, coin); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// An output of any other shape is legal, becomes a coin, and nobody can spend it.
func TestNonStandardOutputs(t *testing.T) {
	hash := block.Hash160(alice.Public())
	for what, script := range map[string]string{
		"anyone can spend":   "51",
		"pay to public key":  "21" + hex.EncodeToString(alice.Public()) + "ac",
		"pay to script hash": "a914" + hex.EncodeToString(hash[:]) + "87",
		"witness":            "0014" + hex.EncodeToString(hash[:]),
		"one of one":         "5121" + hex.EncodeToString(alice.Public()) + "51ae",
		"one byte too many":  "76a914" + hex.EncodeToString(hash[:]) + "88ac61",
		"empty":              "",
	} {
		raw, err := hex.DecodeString(script)
		if err != nil {
			t.Fatal(err)
		}
		tip := chaingen.Genesis(chaingen.Network()).MineEmpty("", 4)
		pay := miner.Pay([]consensus.UTXO{tip.Chain()[1].Reward()}, block.Output{Value: 50 * coin, Script: raw})
		tip = tip.Mine("pay", pay)
		if len(tip.CoinSet()) != 5 { // four rewards left and this
			t.Errorf("%s: %d coins", what, len(tip.CoinSet()))
		}
		spend := alice.Pay([]consensus.UTXO{chaingen.Output(pay, 0)}, bob.To(1))
		spend.Inputs[0].Script = alice.Sign(spend, 0, raw, block.SigAll)
		_, _, err = consensus.ApplyBlock(tip.State, consensus.NewBlock(chaingen.Seal(tip.Template("spend", spend))),
			tip.Coins([]block.Outpoint{spend.Inputs[0].Prev}), tip.Verifier)
		if consensus.RuleOf(err) != "mandatory-script-verify-flag-failed" || !strings.Contains(fmt.Sprint(err), "non-standard") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
