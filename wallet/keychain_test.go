package wallet

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
)

// The English vectors of BIP39 (Trezor's), those of 12, 18 and 24 words; the passphrase is
// TREZOR.
func TestMnemonicVectors(t *testing.T) {
	for _, v := range []struct{ entropy, words, seed string }{
		{"00000000000000000000000000000000", about,
			"c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"},
		{"7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f", "legal winner thank year wave sausage worth useful legal winner thank yellow",
			"2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6fa457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607"},
		{"80808080808080808080808080808080", "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
			"d71de856f81a8acc65e6fc851a38d4d7ec216fd0796d0a6827a3ad6ed5511a30fa280f12eb2e47ed2ac03b5c462a0358d18d69fe4f985ec81778c1b370b652a8"},
		{"ffffffffffffffffffffffffffffffff", "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
			"ac27495480225222079d7be181583751e86f571027b0497b5b5d11218e0a8a13332572917f0f8e5a589620c6f15b11c61dee327651a14c34e18231052e48c069"},
		{strings.Repeat("80", 24), "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter always",
			"107d7c02a5aa6f38c58083ff74f04c607c2d2c0ecc55501dadd72d025b751bc27fe913ffb796f841c49b1d33b610cf0e91d3aa239027f5e99fe4ce9e5088cd65"},
		{strings.Repeat("00", 32), strings.Repeat("abandon ", 23) + "art",
			"bda85446c68413707090a52022edd26a1c9462295029f2e60cd7c4f2bbd3097170af7a4d73245cafa9c3cca8d561a7c3de6f5d4a10be8ed2a5e608d68f92fcc8"},
	} {
		if n := len(v.entropy) * 3 / 8; n != 18 { // such are restored and not made
			words, err := NewMnemonic(n, bytes.NewReader(unhex(t, v.entropy)))
			if err != nil || words != v.words {
				t.Fatalf("entropy %s: %q, %v", v.entropy, words, err)
			}
		}
		seed, err := seedOf(v.words, "TREZOR")
		if err != nil || hex.EncodeToString(seed) != v.seed {
			t.Errorf("%q: seed %x, %v", v.words, seed, err)
		}
	}
}

func TestMnemonicErrors(t *testing.T) {
	swap := func(i int, w string) string {
		words := strings.Fields(about)
		words[i-1] = w
		return strings.Join(words, " ")
	}
	for _, v := range []struct {
		name, words string
		says        []string
	}{
		{"none", "", []string{"0 words", "12, 15, 18, 21 or 24"}},
		{"eleven", strings.TrimSuffix(about, " about"), []string{"11 words"}},
		{"sixteen", strings.Repeat("abandon ", 16), []string{"16 words"}},
		{"twenty-seven", strings.Repeat("abandon ", 27), []string{"27 words"}},
		{"a letter missing", swap(3, "abandn"), []string{"word 3", `"abandn"`, `did you mean "abandon"`}},
		{"two letters swapped", swap(12, "abuot"), []string{"word 12", `"about"`}},
		{"a plural", swap(1, "winners"), []string{"word 1", `"winner"`}},
		{"a wrong first letter", swap(5, "qizza"), []string{"word 5", `"pizza"`}},
		{"only the first four letters", swap(7, "aban"), []string{"word 7", `"abandon"`}},
		{"another alphabet", swap(2, "слово"), []string{"word 2", "English words"}},
		{"very long", swap(2, strings.Repeat("q", 1<<16)), []string{"word 2"}},
		{"wrong word of the list", swap(12, "zoo"), []string{"bad checksum", "order"}},
	} {
		t.Run(v.name, func(t *testing.T) {
			_, err := ParseMnemonic(v.words)
			wantError(t, err, append(v.says, "mnemonic")...)
		})
	}
	if got, err := ParseMnemonic("  " + strings.ToUpper(strings.ReplaceAll(about, " ", "\n\t ")) + " "); err != nil || got != about {
		t.Errorf("case and space matter: %q, %v", got, err)
	}
	for n, last := range map[int]string{15: "address", 18: "agent", 21: "admit"} {
		if _, err := ParseMnemonic(strings.Repeat("abandon ", n-1) + last); err != nil {
			t.Errorf("%d words: %v", n, err)
		}
	}
	if _, err := NewMnemonic(15, bytes.NewReader(make([]byte, 32))); err == nil {
		t.Error("15 words were made")
	}
	if _, err := NewMnemonic(12, bytes.NewReader(make([]byte, 15))); err == nil {
		t.Error("12 words were made of 15 bytes")
	}
	if _, err := NewKeychain(about, "naïve", testNet); err == nil {
		t.Error("a passphrase that needs normalisation was taken")
	}
}

// What every BIP44 wallet makes of "abandon … about".
func TestBIP44Addresses(t *testing.T) {
	main, err := NewKeychain(about, "", mainNet)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := main.Account().String(), "xpub6BosfCnifzxcFwrSzQiqu2DBVTshkCXacvNsWGYJVVhhawA7d4R5WSWGFNbi8Aw6ZRc1brxMyWMzG3DSSSSoekkudhUd9yLb6qx39T9nMdj"; got != want {
		t.Errorf("account %s, want %s", got, want)
	}
	test, err := NewKeychain(about, "", testNet)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		k    *Keychain
		path Path
		want string
	}{
		{main, Path{Receive, 0}, "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA"},
		{main, Path{Receive, 1}, "1Ak8PffB2meyfYnbXZR9EGfLfFZVpzJvQP"},
		{main, Path{Receive, 2}, "1MNF5RSaabFwcbtJirJwKnDytsXXEsVsNb"},
		{main, Path{Change, 0}, "1J3J6EvPrv8q6AC3VCjWV45Uf3nssNMRtH"},
		{test, Path{Receive, 0}, "mkpZhYtJu2r87Js3pDiWJDmPte2NRZ8bJV"},
		{test, Path{Change, 0}, "mi8nhzZgGZQthq6DQHbru9crMDerUdTKva"},
	} {
		net := mainNet
		if v.k == test {
			net = testNet
		}
		a, err := v.k.Account().Address(v.path)
		if err != nil || a.Encode(net) != v.want {
			t.Errorf("%s: %s, %v; want %s", v.path, a.Encode(net), err, v.want)
		}
		key, err := v.k.Key(v.path) // the private side must arrive at the same place
		if err != nil || KeyAddress(key.PubKey().SerializeCompressed()) != a {
			t.Errorf("%s: private and public derivation differ: %v", v.path, err)
		}
	}
	for _, bad := range []Path{{2, 0}, {0, 1 << 31}} {
		if _, err := test.Key(bad); err == nil {
			t.Errorf("key %s exists", bad)
		}
		if _, err := test.Account().Address(bad); err == nil {
			t.Errorf("address %s exists", bad)
		}
	}
	other, err := NewKeychain(about, "a passphrase", testNet)
	if err != nil || other.Account().String() == test.Account().String() {
		t.Errorf("the passphrase changes nothing, %v", err)
	}
}

func TestParseAccount(t *testing.T) {
	k, err := NewKeychain(about, "", testNet)
	if err != nil {
		t.Fatal(err)
	}
	s := k.Account().String()
	a, err := ParseAccount(s, testNet)
	if err != nil || a.String() != s {
		t.Fatalf("%v, %v", a, err)
	}
	if _, err := ParseAccount(s, mainNet); !errors.Is(err, ErrNetwork) {
		t.Errorf("on another network: %v", err)
	}
	private, err := hdkeychain.NewMaster(make([]byte, 32), &chaincfg.RegressionNetParams)
	if err != nil {
		t.Fatal(err)
	}
	root, err := private.Neuter()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct{ s, says string }{
		{"", "empty"},
		{s[:len(s)-1] + "1", "bad checksum"},
		{addressOf(1).Encode(testNet), "wrong length"},
		{private.String(), "this one is private"},
		{root.String(), "level 0"},
	} {
		_, err := ParseAccount(v.s, testNet)
		wantError(t, err, "account key", v.says)
	}
}

func TestKeysFindsOnlyOwnCoins(t *testing.T) {
	k, err := NewKeychain(about, "", testNet)
	if err != nil {
		t.Fatal(err)
	}
	a, err := k.Account().Address(Path{Change, 7})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := k.Keys([]Coin{{Script: a.Script(), Path: Path{Change, 7}}})
	if err != nil {
		t.Fatal(err)
	}
	if key, ok := keys(a.Hash); !ok || KeyAddress(key.PubKey().SerializeCompressed()) != a {
		t.Error("own key not found")
	}
	if _, ok := keys(addressOf(1).Hash); ok {
		t.Error("a stranger's key was found")
	}
	_, err = k.Keys([]Coin{{Script: a.Script(), Path: Path{Change, 8}}})
	wantError(t, err, "does not pay this wallet's address 1/8")
}
