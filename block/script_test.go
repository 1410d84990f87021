package block_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"toychain/block"
)

const (
	// The output that c99c49da… spends, and the two pushes that spend it.
	p2pkhOutput = "76a914dc44b1164188067c3a32d4780f5996fa14a4f2d988ac"
	p2pkhInput  = "493046022100d23459d03ed7e9511a47d13292d3430a04627de6235b6e51a40f9cd386f2abe3022100e7d25b080f0bb8" +
		"d8d5f878bba7d54ad2fda650ea8d158a33ee3cbd11768191fd004104b0e2c879e4daf7b9ab68350228c159766676a14f" +
		"5815084ba166432aab46198d4cca98fa3e9981d0a90b2effc514b76279476550ba3663fdcaff94c38420e9d5"
)

func TestKindOf(t *testing.T) {
	var (
		key  = strings.Repeat("02", 33)
		data = strings.Repeat("ab", 80)
	)
	for _, row := range []struct {
		what, script string
		want         block.Kind
		unspendable  bool
	}{
		{"pay to public key hash", p2pkhOutput, block.KindPubKeyHash, false},
		{"the same and a byte more", p2pkhOutput + "61", block.KindNonStandard, false},
		{"the same and a byte less", p2pkhOutput[:48], block.KindNonStandard, false},
		{"with EQUAL instead of EQUALVERIFY", p2pkhOutput[:46] + "87ac", block.KindNonStandard, false},
		{"with CHECKSIGVERIFY instead of CHECKSIG", p2pkhOutput[:48] + "ad", block.KindNonStandard, false},
		{"with a push of 19 bytes", "76a913" + p2pkhOutput[6:46] + "88ac", block.KindNonStandard, false},
		{"with HASH256", "76aa" + p2pkhOutput[4:], block.KindNonStandard, false},
		{"with NOP instead of DUP", "61" + p2pkhOutput[2:], block.KindNonStandard, false},
		{"pay to public key, as in genesis", "21" + key + "ac", block.KindNonStandard, false},
		{"pay to script hash", "a914" + strings.Repeat("00", 20) + "87", block.KindNonStandard, false},
		{"nothing, which any input could spend", "", block.KindNonStandard, false},
		{"data carrier", "6a0548656c6c6f", block.KindData, true},
		{"data carrier without data", "6a00", block.KindData, true},
		{"data carrier of 80 bytes", "6a4c50" + data, block.KindData, true},
		{"data carrier of 81 bytes", "6a4c51" + data + "ab", block.KindNonStandard, true},
		{"data carrier with two pushes", "6a0101" + "0102", block.KindNonStandard, true},
		{"data carrier cut off", "6a0548656c6c", block.KindNonStandard, true},
		{"RETURN alone", "6a", block.KindNonStandard, true},
		{"RETURN and an opcode", "6aac", block.KindNonStandard, true},
		{"RETURN in second place", "616a", block.KindNonStandard, false},
		{"10,000 bytes", strings.Repeat("61", 10_000), block.KindNonStandard, false},
		{"10,001 bytes", strings.Repeat("61", 10_001), block.KindNonStandard, true},
	} {
		script := unhex(t, row.script)
		if got := block.KindOf(script); got != row.want {
			t.Errorf("%s: %s, want %s", row.what, got, row.want)
		}
		if got := block.Unspendable(script); got != row.unspendable {
			t.Errorf("%s: unspendable %v", row.what, got)
		}
	}
}

func TestPubKeyHashScript(t *testing.T) {
	hash, ok := block.PubKeyHash(unhex(t, p2pkhOutput))
	if !ok || hex.EncodeToString(hash[:]) != "dc44b1164188067c3a32d4780f5996fa14a4f2d9" {
		t.Fatalf("hash %x, %v", hash, ok)
	}
	if got := hex.EncodeToString(block.PubKeyHashScript(hash)); got != p2pkhOutput {
		t.Errorf("back to %s, want %s", got, p2pkhOutput)
	}
}

func TestDataScript(t *testing.T) {
	for n := range block.MaxData + 3 {
		data := bytes.Repeat([]byte{0xac}, n)
		script, err := block.DataScript(data)
		if n > block.MaxData {
			if err == nil || script != nil {
				t.Errorf("%d bytes: no error", n)
			}
			continue
		}
		got, ok := block.Data(script)
		if err != nil || !ok || !bytes.Equal(got, data) || block.SigOps(script) != 0 {
			t.Errorf("%d bytes: %x, %v, %v", n, got, ok, err)
		}
	}
}

func TestParsePubKeyHashInput(t *testing.T) {
	bytes51 := func(n int) string { return strings.Repeat("51", n) }
	sig, key := bytes51(71), strings.Repeat("52", 33)
	for _, row := range []struct {
		what, script string
		sig, key     string
		minimal, ok  bool
	}{
		{"as it should be", "47" + sig + "21" + key, sig, key, true, true},
		{"signature by PUSHDATA1", "4c47" + sig + "21" + key, sig, key, false, true},
		{"signature by PUSHDATA2", "4d4700" + sig + "21" + key, sig, key, false, true},
		{"signature by PUSHDATA4", "4e47000000" + sig + "21" + key, sig, key, false, true},
		{"key by PUSHDATA1", "47" + sig + "4c21" + key, sig, key, false, true},
		{"both by PUSHDATA1", "4c47" + sig + "4c21" + key, sig, key, false, true},
		{"76 bytes need PUSHDATA1", "4c4c" + bytes51(76) + "21" + key, bytes51(76), key, true, true},
		{"75 bytes do not", "4c4b" + bytes51(75) + "21" + key, bytes51(75), key, false, true},
		{"255 bytes by PUSHDATA2", "4dff00" + bytes51(255) + "21" + key, bytes51(255), key, false, true},
		{"256 bytes by PUSHDATA2", "4d0001" + bytes51(256) + "21" + key, bytes51(256), key, true, true},
		{"65,535 bytes by PUSHDATA4", "4effff0000" + bytes51(65535) + "21" + key, bytes51(65535), key, false, true},
		{"65,536 bytes by PUSHDATA4", "4e00000100" + bytes51(65536) + "21" + key, bytes51(65536), key, true, true},
		{"empty signature", "00" + "21" + key, "", key, true, true},
		{"empty signature by PUSHDATA1", "4c00" + "21" + key, "", key, false, true},
		{"both empty", "0000", "", "", true, true},
		{"one byte without an opcode", "0111" + "21" + key, "11", key, true, true},
		{"one byte that is OP_1", "0101" + "21" + key, "01", key, false, true},
		{"one byte that is OP_16", "0110" + "21" + key, "10", key, false, true},
		{"one byte that is OP_1NEGATE", "0181" + "21" + key, "81", key, false, true},
		{"one zero byte is not OP_0", "0100" + "21" + key, "00", key, true, true},
		{"nothing", "", "", "", false, false},
		{"signature only", "47" + sig, "", "", false, false},
		{"three pushes", "47" + sig + "21" + key + "00", "", "", false, false},
		{"an opcode after two pushes", "47" + sig + "21" + key + "ac", "", "", false, false},
		{"OP_1 as signature", "51" + "21" + key, "", "", false, false},
		{"OP_16 as key", "47" + sig + "60", "", "", false, false},
		{"key cut off", "47" + sig + "21" + key[2:], "", "", false, false},
		{"PUSHDATA1 without length", "47" + sig + "4c", "", "", false, false},
		{"PUSHDATA2 with half a length", "47" + sig + "4d21", "", "", false, false},
		{"PUSHDATA4 with half a length", "47" + sig + "4e2100", "", "", false, false},
		{"PUSHDATA4 of 4 GB", "4effffffff" + sig, "", "", false, false},
		{"PUSHDATA4 of 2 GB", "4effffff7f" + sig, "", "", false, false},
	} {
		gotSig, gotKey, minimal, err := block.ParsePubKeyHashInput(unhex(t, row.script))
		if (err == nil) != row.ok || minimal != row.minimal ||
			hex.EncodeToString(gotSig) != row.sig || hex.EncodeToString(gotKey) != row.key {
			t.Errorf("%s: %.20x, %.20x, minimal %v, %v", row.what, gotSig, gotKey, minimal, err)
		}
	}
}

// ParsePubKeyHashInput reads what PubKeyHashInput writes, and reports the shortest form.
func TestPubKeyHashInputRoundTrip(t *testing.T) {
	sig, key, minimal, err := block.ParsePubKeyHashInput(unhex(t, p2pkhInput))
	if err != nil || !minimal || len(sig) != 73 || len(key) != 65 {
		t.Fatalf("Bitcoin's: %x, %x, %v, %v", sig, key, minimal, err)
	}
	if got := hex.EncodeToString(block.PubKeyHashInput(sig, key)); got != p2pkhInput {
		t.Errorf("Bitcoin's: back to %s", got)
	}
	for _, n := range []int{2, 75, 76, 77, 255, 256, 257, 65535} {
		sig := bytes.Repeat([]byte{0xac}, n)
		got, gotKey, minimal, err := block.ParsePubKeyHashInput(block.PubKeyHashInput(sig, key))
		if err != nil || !minimal || !bytes.Equal(got, sig) || !bytes.Equal(gotKey, key) {
			t.Errorf("%d bytes: %d bytes, minimal %v, %v", n, len(got), minimal, err)
		}
	}
}

func TestSigOps(t *testing.T) {
	for _, row := range []struct {
		what, script string
		want         int
	}{
		{"nothing", "", 0},
		{"pay to public key hash", p2pkhOutput, 1},
		{"its input", p2pkhInput, 0},
		{"CHECKSIG", "ac", 1},
		{"CHECKSIGVERIFY", "ad", 1},
		{"CHECKMULTISIG counts for the most keys it could have", "ae", 20},
		{"1 of 2", "51" + "21" + strings.Repeat("02", 33) + "21" + strings.Repeat("03", 33) + "52ae", 20},
		{"CHECKMULTISIGVERIFY", "af", 20},
		{"all four, twice", "acadaeafacadaeaf", 84},
		{"never run, but counted", "6aac", 1},
		{"inside a push", "03acacac", 0},
		{"inside a push by PUSHDATA1", "4c03acacac", 0},
		{"inside a push by PUSHDATA2", "4d0300acacac", 0},
		{"inside a push by PUSHDATA4", "4e03000000acacac", 0},
		{"after a push", "03acacacac", 1},
		{"after an empty push", "00ac", 1},
		{"after an empty PUSHDATA1", "4c00ac", 1},
		{"before a push that is cut off", "ac4bacac", 1},
		{"after a push that is cut off", "4bacac", 0},
		{"PUSHDATA1 without a length", "ac4c", 1},
		{"PUSHDATA2 without a length", "ac4dac", 1},
		{"PUSHDATA4 without a length", "ac4eacacac", 1},
		{"numbers are not pushes of data", "4f5160ac", 1},
	} {
		if got := block.SigOps(unhex(t, row.script)); got != row.want {
			t.Errorf("%s: %d, want %d", row.what, got, row.want)
		}
	}
}

// BIP34: heights 0 to 16 have opcodes. The highest bit of a longer number is its sign,
// so 128, 32,768 and 8,388,608 need another byte.
func TestHeightPush(t *testing.T) {
	for _, row := range []struct {
		h    block.Height
		want string
	}{
		{0, "00"},
		{1, "51"},
		{2, "52"},
		{16, "60"},
		{17, "0111"},
		{127, "017f"},
		{128, "028000"},
		{255, "02ff00"},
		{256, "020001"},
		{32767, "02ff7f"},
		{32768, "03008000"},
		{65535, "03ffff00"},
		{65536, "03000001"},
		{227931, "035b7a03"}, // the first block on main that must have it
		{8388607, "03ffff7f"},
		{8388608, "0400008000"},
		{2147483647, "04ffffff7f"},
	} {
		if got := hex.EncodeToString(block.HeightPush(row.h)); got != row.want {
			t.Errorf("%d: %s, want %s", row.h, got, row.want)
		}
	}
}

func TestCoinbaseScript(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := block.Height(rapid.Int32Min(0).Draw(t, "height"))
		nonce := rapid.Uint64().Draw(t, "extra nonce")
		message := rapid.StringN(0, 200, 400).Draw(t, "message")
		script := block.CoinbaseScript(h, nonce, message)
		if len(script) < block.MinCoinbase || len(script) > block.MaxCoinbase {
			t.Fatalf("%d bytes", len(script))
		}
		if !bytes.HasPrefix(script, block.HeightPush(h)) {
			t.Fatalf("%x does not begin with height %d", script, h)
		}
		if n := block.SigOps(script); n != 0 {
			t.Fatalf("%x has %d signature operations", script, n)
		}
		if len(message) <= 75 && !bytes.Contains(script, []byte(message)) {
			t.Fatalf("%x without the message %q", script, message)
		}
		if bytes.Equal(script, block.CoinbaseScript(h, nonce+1, message)) {
			t.Fatalf("%x: the extra nonce changes nothing", script)
		}
	})
}
