package block

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	//lint:ignore SA1019 deprecated for new designs, but Bitcoin's addresses need it
	"golang.org/x/crypto/ripemd160"
)

// Hash is the double SHA-256 of something, in internal byte order: the order in which
// SHA-256 returns the bytes, and in which they stand in headers and transactions.
//
// People write it in the reverse order. Proof of work reads a hash as a little-endian
// number, whose last byte counts most, while people write the leading digits of a
// number first: so the zeros that a miner worked for come first in text and last in
// memory. [Hash.String] and [ParseHash] reverse; nothing else does.
type Hash [32]byte

// Sum returns the double SHA-256 of b, SHA-256 of the SHA-256 (Core: Hash). Hashing
// twice prevents length extension: from a single SHA-256 of a message the hash of a
// longer one can be computed without knowing the message.
func Sum(b []byte) Hash {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}

// Hash160 returns RIPEMD-160 of the SHA-256 of b (Core: Hash160). An address and a
// pay-to-public-key-hash script hold these 20 bytes in place of a public key.
func Hash160(b []byte) (out [20]byte) {
	first := sha256.Sum256(b)
	h := ripemd160.New()
	h.Write(first[:])
	h.Sum(out[:0])
	return out
}

// IsZero reports whether every byte is zero, as in the parent hash of a genesis block
// and in the txid that a coinbase names (Core: uint256::IsNull).
func (h Hash) IsZero() bool { return h == Hash{} }

// String returns 64 hex digits in the order in which people write hashes, reversed.
func (h Hash) String() string {
	slices.Reverse(h[:]) // h is a copy
	return hex.EncodeToString(h[:])
}

// Short returns eight hex digits of String: the first ones after the leading zeros,
// which most block hashes have in common. Commands find a block by them.
func (h Hash) Short() string {
	s := h.String()
	i := 0
	for i < len(s)-8 && s[i] == '0' {
		i++
	}
	return s[i : i+8]
}

// ParseHash returns the hash that String writes as s. It rejects anything but 64 hex
// digits.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != 64 {
		return Hash{}, fmt.Errorf("hash %q: want 64 hex digits, got %d characters", clip(s, 80), len(s))
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("hash %q: not hexadecimal", s)
	}
	slices.Reverse(h[:])
	return h, nil
}

// MustHash is ParseHash for constants in source code; it panics if s is no hash.
func MustHash(s string) Hash {
	h, err := ParseHash(s)
	if err != nil {
		panic(err)
	}
	return h
}

// clip returns at most the first n bytes of s and an ellipsis: input from outside that
// goes into an error text must not be arbitrarily long.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
