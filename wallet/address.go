package wallet

import (
	"bytes"
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
		// It may begin like an address of BIP173 or BIP350.
		prefix, _, ok := strings.Cut(strings.ToLower(s), "1")
		if ok && slices.Contains([]string{"bc", "tb", "bcrt", "sb"}, prefix) {
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

// ErrNetwork is wrapped by every error for something valid that is of another network.
var ErrNetwork = errors.New("belongs to another network")

// base58Alphabet omits 0, O, I and l, which look alike.
const base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// maxBase58 is longer than everything that this package writes in base58check; the
// longest, an extended key, has 111 characters. Decoding takes time quadratic in the length.
const maxBase58 = 120

// decodeCheck decodes base58check: base 58 of the payload and the first four bytes of its
// double SHA-256. It returns the payload, which begins with the version bytes. Errors never
// repeat s, which may be a secret.
func decodeCheck(s string) ([]byte, error) {
	if s == "" {
		return nil, errors.New("empty")
	}
	if len(s) > maxBase58 {
		return nil, fmt.Errorf("too long: %d characters", len(s))
	}
	for i, c := range s {
		if !strings.ContainsRune(base58Alphabet, c) {
			return nil, fmt.Errorf("character %q at position %d is not base58 (letters and digits without 0, O, I and l)", c, i+1)
		}
	}
	raw := base58.Decode(s)
	if len(raw) < 5 {
		return nil, fmt.Errorf("wrong length: only %d bytes", len(raw))
	}
	payload, check := raw[:len(raw)-4], raw[len(raw)-4:]
	if sum := block.Sum(payload); !bytes.Equal(sum[:4], check) {
		return nil, errors.New("bad checksum: a character is wrong or missing")
	}
	return payload, nil
}

// The common version bytes, for error messages. The test networks (testnet, signet,
// regtest and our toy) share theirs.
const (
	mainAddress    = 0x00
	testAddress    = 0x6f
	mainScriptHash = 0x05
	testScriptHash = 0xc4
	mainWIF        = 0x80
	testWIF        = 0xef
)

// ownerOf returns the networks that use a version byte of an address or private key.
func ownerOf(version byte) string {
	switch version {
	case mainAddress, mainWIF:
		return "Bitcoin's main network"
	case testAddress, testWIF:
		return "the test networks (testnet, regtest, toy)"
	}
	return "an unknown network"
}

// otherNetwork returns the error for the right form with the wrong version byte.
func otherNetwork(what string, got, want byte) error {
	return fmt.Errorf("%s %w: its version byte %02x is that of %s, this network has %02x, as %s",
		what, ErrNetwork, got, ownerOf(got), want, ownerOf(want))
}
