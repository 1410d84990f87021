package wallet

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"

	"toychain/block"
)

// Address is the hash of a public key, which an output pays. The same hash is written
// differently on different networks, so that money meant for one is not sent on another;
// hence Encode and ParseAddress take the network's prefixes.
type Address struct {
	Hash [20]byte // Hash160 of the serialized public key
}

// KeyAddress returns the address of a serialized public key, compressed (33 bytes)
// or not (65): the two forms of one key have different addresses.
func KeyAddress(pubKey []byte) Address { return Address{Hash: block.Hash160(pubKey)} }

// AddressOf returns the address that an output's script pays, if it pays one.
func AddressOf(script []byte) (Address, bool) {
	hash, ok := block.PubKeyHash(script)
	return Address{Hash: hash}, ok
}

// Script returns the condition of an output that pays a.
func (a Address) Script() []byte { return block.PubKeyHashScript(a.Hash) }

// Encode returns the text form of a: base58check of the network's version byte and the
// hash, 26 to 35 characters.
func (a Address) Encode(p block.Prefixes) string {
	return base58.CheckEncode(a.Hash[:], p.PubKeyHash)
}

// ParseAddress parses what Encode returns. Its error says what s is instead: mistyped, of
// another network (ErrNetwork), a SegWit or script address, or a private key.
func ParseAddress(s string, p block.Prefixes) (Address, error) {
	raw, err := decodeCheck(s)
	if err != nil {
		if isSegWit(s) {
			err = errors.New("a SegWit (bech32) address is not supported: toychain has no SegWit; " +
				"ask for a legacy address, one in base58")
		}
		return Address{}, fmt.Errorf("address: %w", err)
	}
	version := raw[0]
	switch n := len(raw) - 1; {
	case n == 20 && version == p.PubKeyHash:
		return Address{Hash: [20]byte(raw[1:])}, nil
	case n == 20 && (version == mainScriptHash || version == testScriptHash):
		return Address{}, errors.New("address: a pay-to-script-hash address is not supported: " +
			"toychain pays public key hashes only")
	case n == 20:
		return Address{}, otherNetwork("address", version, p.PubKeyHash)
	case (n == 32 || n == 33) && (version == p.WIF || version == mainWIF || version == testWIF):
		return Address{}, errors.New("address: this is a private key, not an address: keep it secret")
	default:
		return Address{}, fmt.Errorf("address: wrong length: %d bytes after the version byte, want 20", n)
	}
}

// isSegWit reports whether s begins like an address of BIP173 or BIP350. It is called
// only for strings that are not base58check.
func isSegWit(s string) bool {
	s = strings.ToLower(s)
	return slices.ContainsFunc([]string{"bc1", "tb1", "bcrt1", "sb1"}, func(prefix string) bool {
		return strings.HasPrefix(s, prefix)
	})
}
