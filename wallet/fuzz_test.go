package wallet

import (
	"strings"
	"testing"

	"toychain/block"
)

// Words that are taken are in the one form that seeds are made from.
func FuzzParseMnemonic(f *testing.F) {
	f.Add("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")
	f.Add("  ABANDON\tabandon abandon abandon abandon abandon abandon abandon abandon abandon abandon\nAbout ")
	f.Add("legal winner thank year wave sausage worth useful legal winner thank yellow")
	f.Fuzz(func(t *testing.T, s string) {
		words, err := ParseMnemonic(s)
		if err != nil {
			if words != "" {
				t.Fatalf("%q: an error and %q", s, words)
			}
			return
		}
		again, err := ParseMnemonic(words)
		if n := len(strings.Fields(words)); err != nil || again != words || n != 12 && n != 24 {
			t.Fatalf("%q became %q, and that %q: %v", s, words, again, err)
		}
	})
}

// What is taken for an account key is what the account writes, and has addresses.
func FuzzParseAccount(f *testing.F) {
	prefixes := block.Prefixes{PubKeyHash: 0x6f, WIF: 0xef, CoinType: 1,
		HDPrivate: [4]byte{0x04, 0x35, 0x83, 0x94}, HDPublic: [4]byte{0x04, 0x35, 0x87, 0xcf}}
	keys, err := NewKeychain("legal winner thank year wave sausage worth useful legal winner thank yellow", "", prefixes)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(keys.Account().String())
	f.Add("tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAccount(s, prefixes)
		if err != nil {
			return
		}
		if a.String() != s {
			t.Fatalf("%q became %q", s, a)
		}
		if _, err := a.Address(Path{}); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
	})
}
