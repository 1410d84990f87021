package wallet

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tyler-smith/go-bip39"

	"toychain/internal/nearest"
)

// NewMnemonic returns 12 or 24 words that encode 16 or 32 bytes read from random
// (crypto/rand.Reader, except in tests) and a checksum of 4 or 8 bits (BIP39).
func NewMnemonic(words int, random io.Reader) (string, error) {
	if words != 12 && words != 24 {
		return "", fmt.Errorf("mnemonic: %d words, want 12 or 24", words)
	}
	entropy := make([]byte, words/3*4)
	if _, err := io.ReadFull(random, entropy); err != nil {
		return "", fmt.Errorf("mnemonic: no randomness: %w", err)
	}
	return bip39.NewMnemonic(entropy)
}

// ParseMnemonic checks words as they are typed, and returns them in the form that seeds are
// made from: lower case, single spaces. Its error names the first word that is not in the
// list, and the nearest one that is.
func ParseMnemonic(s string) (string, error) {
	words := strings.Fields(strings.ToLower(s))
	if len(words) < 12 || len(words) > 24 || len(words)%3 != 0 {
		return "", fmt.Errorf("mnemonic: %d words, want 12, 15, 18, 21 or 24", len(words))
	}
	for i, w := range words {
		if _, ok := bip39.GetWordIndex(w); !ok {
			return "", fmt.Errorf("mnemonic: word %d, %.20q, is not in the list of English words: did you mean %q?", i+1, w, nearestWord(w))
		}
	}
	mnemonic := strings.Join(words, " ")
	if _, err := bip39.EntropyFromMnemonic(mnemonic); err != nil {
		return "", errors.New("mnemonic: bad checksum: every word is in the list, " +
			"but one of them or their order is wrong")
	}
	return mnemonic, nil
}

// nearestWord returns the word of the list with the smallest edit distance from w, the
// first of several. Four letters identify a word of the list (BIP39), so that some write
// down no more: a prefix of four letters stands for its word.
func nearestWord(w string) string {
	list := bip39.GetWordList()
	if len(w) >= 4 {
		for _, c := range list {
			if strings.HasPrefix(c, w) {
				return c
			}
		}
	}
	best, _ := nearest.Of(w[:min(len(w), 20)], list)
	return best
}

// seedOf returns the 64 bytes from which BIP32 starts, derived from words and an optional
// passphrase by 2048 rounds of HMAC-SHA512. Every passphrase gives a seed; a wrong one
// gives that of another, empty wallet.
func seedOf(mnemonic, passphrase string) ([]byte, error) {
	mnemonic, err := ParseMnemonic(mnemonic)
	if err != nil {
		return nil, err
	}
	for _, c := range passphrase {
		if c < ' ' || c > '~' {
			return nil, errors.New("mnemonic: its passphrase may contain printable ASCII characters only, so that every wallet derives the same keys")
		}
	}
	return bip39.NewSeed(mnemonic, passphrase), nil
}
