package wallet

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
)

// The English vectors of BIP39 (Trezor's), those of 12 and 24 words; the passphrase is
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
		{strings.Repeat("00", 32), strings.Repeat("abandon ", 23) + "art",
			"bda85446c68413707090a52022edd26a1c9462295029f2e60cd7c4f2bbd3097170af7a4d73245cafa9c3cca8d561a7c3de6f5d4a10be8ed2a5e608d68f92fcc8"},
	} {
		words, err := NewMnemonic(len(v.entropy)/32*12, bytes.NewReader(unhex(t, v.entropy)))
		if err != nil || words != v.words {
			t.Fatalf("entropy %s: %q, %v", v.entropy, words, err)
		}
		seed, err := seedOf(words, "TREZOR")
		if err != nil || hex.EncodeToString(seed) != v.seed {
			t.Errorf("%q: seed %x, %v", words, seed, err)
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
		{"none", "", []string{"0 words", "12 or 24"}},
		{"eleven", strings.TrimSuffix(about, " about"), []string{"11 words"}},
		{"eighteen, which BIP39 has and we have not", strings.Repeat("abandon ", 17) + "agent", []string{"18 words"}},
		{"a letter missing", swap(3, "abandn"), []string{"word 3", `"abandn"`, `did you mean "abandon"`}},
		{"two letters swapped", swap(12, "abuot"), []string{"word 12", `"about"`}},
		{"a plural", swap(1, "winners"), []string{"word 1", `"winner"`}},
		{"a wrong first letter", swap(5, "qizza"), []string{"word 5", `"pizza"`}},
		{"only the first four letters", swap(7, "aban"), []string{"word 7", `"abandon"`}},
		{"another alphabet", swap(2, "слово"), []string{"word 2"}},
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

// Test vectors 1, 2 and 4 of BIP32; 4 is about keys that begin with zero bytes.
func TestBIP32Vectors(t *testing.T) {
	const hard = hdkeychain.HardenedKeyStart
	for _, v := range []struct {
		seed       string
		path       []uint32
		xpub, xprv string
	}{
		{"000102030405060708090a0b0c0d0e0f", nil,
			"xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
			"xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"},
		{"000102030405060708090a0b0c0d0e0f", []uint32{hard, 1, hard + 2, 2, 1000000000},
			"xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy",
			"xprvA41z7zogVVwxVSgdKUHDy1SKmdb533PjDz7J6N6mV6uS3ze1ai8FHa8kmHScGpWmj4WggLyQjgPie1rFSruoUihUZREPSL39UNdE3BBDu76"},
		{"fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542", nil,
			"xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB",
			"xprv9s21ZrQH143K31xYSDQpPDxsXRTUcvj2iNHm5NUtrGiGG5e2DtALGdso3pGz6ssrdK4PFmM8NSpSBHNqPqm55Qn3LqFtT2emdEXVYsCzC2U"},
		{"fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542", []uint32{0, hard + 2147483647, 1, hard + 2147483646, 2},
			"xpub6FnCn6nSzZAw5Tw7cgR9bi15UV96gLZhjDstkXXxvCLsUXBGXPdSnLFbdpq8p9HmGsApME5hQTZ3emM2rnY5agb9rXpVGyy3bdW6EEgAtqt",
			"xprvA2nrNbFZABcdryreWet9Ea4LvTJcGsqrMzxHx98MMrotbir7yrKCEXw7nadnHM8Dq38EGfSh6dqA9QWTyefMLEcBYJUuekgW4BYPJcr9E7j"},
		{"3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678", []uint32{hard},
			"xpub69AUMk3qDBi3uW1sXgjCmVjJ2G6WQoYSnNHyzkmdCHEhSZ4tBok37xfFEqHd2AddP56Tqp4o56AePAgCjYdvpW2PU2jbUPFKsav5ut6Ch1m",
			"xprv9vB7xEWwNp9kh1wQRfCCQMnZUEG21LpbR9NPCNN1dwhiZkjjeGRnaALmPXCX7SgjFTiCTT6bXes17boXtjq3xLpcDjzEuGLQBM5ohqkao9G"},
		{"3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678", []uint32{hard, hard + 1},
			"xpub6BJA1jSqiukeaesWfxe6sNK9CCGaujFFSJLomWHprUL9DePQ4JDkM5d88n49sMGJxrhpjazuXYWdMf17C9T5XnxkopaeS7jGk1GyyVziaMt",
			"xprv9xJocDuwtYCMNAo3Zw76WENQeAS6WGXQ55RCy7tDJ8oALr4FWkuVoHJeHVAcAqiZLE7Je3vZJHxspZdFHfnBEjHqU5hG1Jaj32dVoS6XLT1"},
	} {
		key, err := master(unhex(t, v.seed), mainNet)
		for _, i := range v.path {
			if err == nil {
				key, err = key.Derive(i)
			}
		}
		if err != nil {
			t.Fatalf("%v: %v", v.path, err)
		}
		pub, err := neuter(key, mainNet)
		if err != nil {
			t.Fatal(err)
		}
		if key.String() != v.xprv || pub.String() != v.xpub {
			t.Errorf("%v: %s and %s", v.path, key, pub)
		}
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
	private, err := master(make([]byte, 32), testNet)
	if err != nil {
		t.Fatal(err)
	}
	root, err := neuter(private, testNet)
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
