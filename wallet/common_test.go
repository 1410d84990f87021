package wallet

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"

	"toychain/block"
)

// The prefixes that the tests judge by, written out instead of taken from the code.
var (
	mainNet = block.Prefixes{PubKeyHash: 0x00, WIF: 0x80, HDPrivate: [4]byte{0x04, 0x88, 0xad, 0xe4},
		HDPublic: [4]byte{0x04, 0x88, 0xb2, 0x1e}, CoinType: 0}
	testNet = block.Prefixes{PubKeyHash: 0x6f, WIF: 0xef, HDPrivate: [4]byte{0x04, 0x35, 0x83, 0x94},
		HDPublic: [4]byte{0x04, 0x35, 0x87, 0xcf}, CoinType: 1}
)

// about is the mnemonic of 128 zero bits, which every wallet's tests use.
const about = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keyOf returns the private key of 32 bytes n.
func keyOf(n byte) *btcec.PrivateKey {
	key, _ := btcec.PrivKeyFromBytes(bytes.Repeat([]byte{n}, 32))
	return key
}

// addressOf returns the compressed address of keyOf(n).
func addressOf(n byte) Address { return KeyAddress(keyOf(n).PubKey().SerializeCompressed()) }

// wantError fails unless err holds every part.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}
