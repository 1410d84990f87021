package wallet

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcec/v2"

	"toychain/block"
)

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

// EncodeWIF writes a private key in wallet import format: base58check of the network's
// version byte, the 32 bytes of the key and, if the key's address is that of the
// compressed public key, the byte 01.
func EncodeWIF(key *btcec.PrivateKey, compressed bool, p block.Prefixes) string {
	b := key.Serialize()
	if compressed {
		b = append(b, 1)
	}
	return base58.CheckEncode(b, p.WIF)
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
