package wallet

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/address/v2/base58"

	"toychain/block"
)

// Published pairs: Bitcoin's genesis coinbase, and Core's src/test/data/key_io_valid.json.
func TestAddressVectors(t *testing.T) {
	for _, v := range []struct {
		address, script string
		net             block.Prefixes
	}{
		{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac", mainNet},
		{"1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo", "76a914a31c06bd463e3923bc1aadbde48b16976c08071788ac", mainNet},
		{"1FjL87pn8ky6Vbavd1ZHeChRXtoxwRGCRd", "76a914a19331b7b2627e663e25a7b001e4c0dcc5e21bc788ac", mainNet},
		{"mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", "76a914ce28b26c57472737f5c3561a1761185bd8589a4388ac", testNet},
		{"n4fajahJrAuKbN7uNsKjLjQkz9Qn5ewJXQ", "76a914fdeca3b08e38af53d7c4c60e3ad208ce5066441088ac", testNet},
		{"mfhE6jAUwjUDNZhaX1PAsDTKfneQF2Nshc", "76a91401f15a4cc063dae4f4d56b89bfbc8bcc9ae5387c88ac", testNet},
	} {
		a, err := ParseAddress(v.address, v.net)
		if err != nil {
			t.Fatalf("%s: %v", v.address, err)
		}
		if got := hex.EncodeToString(a.Script()); got != v.script {
			t.Errorf("%s: script %s, want %s", v.address, got, v.script)
		}
		back, ok := AddressOf(unhex(t, v.script))
		if !ok || back.Encode(v.net) != v.address {
			t.Errorf("script %s: address %s, want %s", v.script, back.Encode(v.net), v.address)
		}
	}
	if _, ok := AddressOf([]byte{0x6a}); ok {
		t.Error("a data carrier pays an address")
	}
}

func TestAddressErrors(t *testing.T) {
	for _, v := range []struct {
		name, s string
		net     block.Prefixes
		says    []string
	}{
		{"empty", "", mainNet, []string{"empty"}},
		{"one character mistyped", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", mainNet, []string{"bad checksum"}},
		{"one character missing", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN", mainNet, []string{"bad checksum"}},
		{"capital o", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNO", mainNet, []string{`'O'`, "position 34", "base58"}},
		{"a space", " 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", mainNet, []string{`' '`, "position 1"}},
		{"beyond ASCII", "1Å", mainNet, []string{`'Å'`, "position 2"}},
		{"main's on test", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", testNet,
			[]string{"another network", "version byte 00 is that of Bitcoin's main network", "has 6f", "test networks"}},
		{"test's on main", "n4fajahJrAuKbN7uNsKjLjQkz9Qn5ewJXQ", mainNet, []string{"another network", "6f", "test networks", "has 00"}},
		{"a third network's", base58.CheckEncode(make([]byte, 20), 0x30), mainNet, []string{"30", "an unknown network"}},
		{"script hash", "36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm", mainNet, []string{"pay-to-script-hash", "not supported"}},
		{"script hash, test", "2MxFajLApXpYk4VodBSZSt7rw8y4ryABkfA", testNet, []string{"pay-to-script-hash"}},
		{"SegWit", "bc1qvyq0cc6rahyvsazfdje0twl7ez82ndmuac2lhv", mainNet, []string{"bech32", "toychain has no SegWit"}},
		{"SegWit, capitals", "TB1QCRH3YQN4NLLEPLCEZ2YNDQ2RY8H9NCG3QH7N54", testNet, []string{"SegWit"}},
		{"SegWit, regtest", "bcrt1qdavt4j2sd7dlhqsavtnfxvzppw6k7qy97tmnu9", testNet, []string{"SegWit"}},
		{"taproot, without a character that base58 lacks", "bc1p83n3au", mainNet, []string{"SegWit"}},
		{"private key", "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", mainNet, []string{"private key", "keep it secret"}},
		{"19 bytes", base58.CheckEncode(make([]byte, 19), 0x00), mainNet, []string{"wrong length", "19", "want 20"}},
		{"21 bytes", base58.CheckEncode(make([]byte, 21), 0x00), mainNet, []string{"wrong length", "21"}},
		{"four characters", "1111", mainNet, []string{"wrong length"}},
		{"a novel", string(make([]byte, 1<<20)), mainNet, []string{"too long"}},
	} {
		t.Run(v.name, func(t *testing.T) {
			_, err := ParseAddress(v.s, v.net)
			wantError(t, err, v.says...)
		})
	}
	if _, err := ParseAddress("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", testNet); !errors.Is(err, ErrNetwork) {
		t.Errorf("error %v is not ErrNetwork", err)
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "n4fajahJrAuKbN7uNsKjLjQkz9Qn5ewJXQ", "bc1qvy", "1111", "Ö"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, net := range []block.Prefixes{mainNet, testNet} {
			a, err := ParseAddress(s, net)
			if err == nil && a.Encode(net) != s {
				t.Errorf("%q is read as %x, which is written %q", s, a.Hash, a.Encode(net))
			}
		}
	})
}
