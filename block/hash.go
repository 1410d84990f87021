package block

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	//lint:ignore SA1019 Bitcoin's addresses are made of it
	"golang.org/x/crypto/ripemd160"
)

// Hash is the double SHA-256 of something, in the order the function returns it
// ("internal byte order"). Read as a number for proof of work it is
// little-endian, which is why people write it reversed, zeros first.
type Hash [32]byte

// Sum returns the double SHA-256 of b: SHA-256 of the SHA-256.
func Sum(b []byte) Hash {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}

// Hash160 returns RIPEMD-160 of the SHA-256 of b: what an address holds of a
// public key.
func Hash160(b []byte) (out [20]byte) {
	first := sha256.Sum256(b)
	h := ripemd160.New()
	h.Write(first[:])
	h.Sum(out[:0])
	return out
}

// IsZero reports whether every byte is zero: the parent of a genesis block, the
// previous transaction of a coinbase.
func (h Hash) IsZero() bool { return h == Hash{} }

// String returns 64 hex digits, reversed as people write hashes.
func (h Hash) String() string {
	for i, j := 0, len(h)-1; i < j; i, j = i+1, j-1 {
		h[i], h[j] = h[j], h[i]
	}
	return hex.EncodeToString(h[:])
}

// Short returns the first eight hex digits that tell hashes apart: those after
// the leading zeros that proof of work makes. It is for pictures, not for look-ups.
func (h Hash) Short() string {
	s := h.String()
	i := 0
	for i < len(s)-8 && s[i] == '0' {
		i++
	}
	return s[i : i+8]
}

// ParseHash reads 64 hex digits, reversed as people write hashes.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != 64 {
		return Hash{}, fmt.Errorf("hash %q: want 64 hex digits, got %d characters", clip(s, 80), len(s))
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("hash %q: not hexadecimal", s)
	}
	for i, j := 0, len(h)-1; i < j; i, j = i+1, j-1 {
		h[i], h[j] = h[j], h[i]
	}
	return h, nil
}

// MustHash is ParseHash for constants in our own source; it panics on bad ones.
func MustHash(s string) Hash {
	h, err := ParseHash(s)
	if err != nil {
		panic(err)
	}
	return h
}

// MarshalText makes a Hash its String in JSON and TOML.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText is ParseHash.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}

// clip shortens what a stranger sent before it goes into an error text.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
