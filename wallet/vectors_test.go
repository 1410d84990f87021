package wallet

import (
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"toychain/block"
)

// published returns the lines of a file of vectors that begin with a word, each
// split at spaces into at most n parts, the word left out.
func published(t *testing.T, file, first string, n int) (out [][]string) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if word, rest, _ := strings.Cut(line, " "); word == first {
			out = append(out, strings.SplitN(rest, " ", n))
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s has no line that begins with %q", file, first)
	}
	return out
}

// pathOf reads "m/0H/1".
func pathOf(t *testing.T, s string) (out []uint32) {
	t.Helper()
	for _, step := range strings.Split(s, "/")[1:] {
		number, hard := strings.CutSuffix(step, "H")
		n, err := strconv.ParseUint(number, 10, 31)
		if err != nil {
			t.Fatal(err)
		}
		if hard {
			n += hdkeychain.HardenedKeyStart
		}
		out = append(out, uint32(n))
	}
	return out
}

// BIP32's test vectors 1 to 4, every link of every chain: private keys from the
// seed, public keys from the private ones, and, where the last step is not hardened,
// from the public parent as well.
func TestBIP32Vectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/bip32.txt")
	if err != nil {
		t.Fatal(err)
	}
	var seed, parent string
	seen := 0
	for _, line := range strings.Split(string(raw), "\n") {
		part := strings.Fields(line)
		switch {
		case len(part) == 3 && part[0] == "vector":
			seed, parent = part[2], ""
		case len(part) == 3 && part[0][0] == 'm':
			checkLink(t, seed, pathOf(t, part[0]), parent, part[1], part[2])
			parent = part[1]
			seen++
		}
	}
	if seen != 17 {
		t.Errorf("%d links, want 17", seen)
	}
}

func checkLink(t *testing.T, seed string, path []uint32, parent, xpub, xprv string) {
	t.Helper()
	key, err := hdkeychain.NewMaster(unhex(t, seed), &chaincfg.MainNetParams)
	for _, i := range path {
		if err == nil {
			key, err = key.Derive(i)
		}
	}
	if err != nil {
		t.Fatalf("%v: %v", path, err)
	}
	pub, err := key.Neuter()
	if err != nil {
		t.Fatal(err)
	}
	if key.String() != xprv || pub.String() != xpub {
		t.Errorf("%v: %s and %s", path, key, pub)
	}
	if len(path) == 0 || path[len(path)-1] >= hdkeychain.HardenedKeyStart {
		return
	}
	above, err := hdkeychain.NewKeyFromString(parent)
	if err != nil {
		t.Fatal(err)
	}
	if child, err := above.Derive(path[len(path)-1]); err != nil || child.String() != xpub {
		t.Errorf("%v: from the public parent %s, %v", path, child, err)
	}
}

// BIP32's test vector 5 must not be read: neither as it stands, nor with the level
// of an account in place of its own, which leaves the fault that it is about.
func TestBIP32Invalid(t *testing.T) {
	rows := published(t, "bip32.txt", "invalid", 2)
	for _, row := range rows {
		if _, err := ParseAccount(row[0], mainNet); err == nil {
			t.Errorf("%s was read: %s", row[0], row[1])
		}
		raw, version, err := base58.CheckDecode(row[0])
		if err != nil || strings.HasPrefix(row[1], "zero depth") {
			continue
		}
		raw[3] = 3 // of an account; the version's first byte is apart
		if _, err := ParseAccount(base58.CheckEncode(raw, version), mainNet); err == nil {
			t.Errorf("%s was read as an account: %s", row[0], row[1])
		}
	}
	if len(rows) != 16 {
		t.Errorf("%d keys, want 16", len(rows))
	}
}

// netOf is the network of Core's files.
func netOf(name string) block.Prefixes {
	if name == "main" {
		return mainNet
	}
	return testNet
}

// Bitcoin Core's vectors of base58, addresses and private keys.
func TestKeyIO(t *testing.T) {
	for _, row := range published(t, "keyio.txt", "base58", 2) {
		if raw := base58.Decode(row[1]); hex.EncodeToString(raw) != row[0] || base58.Encode(raw) != row[1] {
			t.Errorf("base58 %s: %x, written again %s", row[1], raw, base58.Encode(raw))
		}
	}
	for _, row := range published(t, "keyio.txt", "address", 3) {
		a, err := ParseAddress(row[1], netOf(row[0]))
		if err != nil || hex.EncodeToString(a.Script()) != row[2] || a.Encode(netOf(row[0])) != row[1] {
			t.Errorf("address %s: %x, %v; want %s", row[1], a.Script(), err, row[2])
		}
	}
	for _, row := range published(t, "keyio.txt", "key", 4) {
		if _, err := ParseAddress(row[2], netOf(row[0])); err == nil {
			t.Errorf("private key %s is read as an address", row[2])
		}
	}
}

// What Core knows and toychain does not, and what must stay secret.
func TestKeyIORefused(t *testing.T) {
	for _, first := range []string{"other", "invalid"} {
		for _, row := range published(t, "keyio.txt", first, 1) {
			for _, net := range []block.Prefixes{mainNet, testNet} {
				if a, err := ParseAddress(row[0], net); err == nil {
					t.Errorf("%s is read as address %x", row[0], a.Hash)
				}
			}
		}
	}
}
