package wallet

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tyler-smith/go-bip39"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

// oldVersion is that of key files made before their secret was an age file. They can be
// read for ever; none is made. Once one was unlocked, the next save writes a file of
// the current version; until then, without the passphrase, only its indexes change.
const oldVersion = 1

// oldLock says how the passphrase of an old file becomes the key of its secret.
type oldLock struct {
	KDF       string   `json:"kdf"` // "argon2id"
	Time      uint32   `json:"time"`
	MemoryKiB uint32   `json:"memory_kib"`
	Threads   uint8    `json:"threads"`
	Salt      hexBytes `json:"salt"`
	Cipher    string   `json:"cipher"` // "xchacha20-poly1305"
	Nonce     hexBytes `json:"nonce"`
}

// check accepts what was ever written: old files have one of two costs, the real one
// and that of tests.
func (l oldLock) check(sealed string) error {
	real := l.Time == 3 && l.MemoryKiB == 64<<10 && l.Threads == 4
	cheap := l.Time == 1 && l.MemoryKiB == 8 && l.Threads == 1
	if l.KDF != "argon2id" || l.Cipher != "xchacha20-poly1305" || !real && !cheap ||
		len(l.Salt) != 16 || len(l.Nonce) != chacha20poly1305.NonceSizeX {
		return errors.New("lock: not one that was ever written")
	}
	if b, err := hex.DecodeString(sealed); err != nil || len(b) < chacha20poly1305.Overhead {
		return errors.New("secret: not hex, or too short")
	}
	return nil
}

// unsealOld decrypts the secret of an old file: Argon2id makes the key, and the fixed
// fields are the additional data of XChaCha20-Poly1305.
func (d *document) unsealOld(passphrase string) (secret, error) {
	l := d.Lock
	aead, err := chacha20poly1305.NewX(argon2.IDKey([]byte(passphrase), l.Salt, l.Time, l.MemoryKiB, l.Threads, chacha20poly1305.KeySize))
	if err != nil {
		return secret{}, err
	}
	fixed, err := d.fixed()
	if err != nil {
		return secret{}, err
	}
	sealed, _ := hex.DecodeString(d.Secret) // see oldLock.check
	plain, err := aead.Open(nil, l.Nonce, sealed, fixed)
	if err != nil {
		return secret{}, ErrPassphrase
	}
	var s struct {
		Entropy    hexBytes `json:"entropy"` // what the words encode
		Passphrase string   `json:"passphrase"`
	}
	err = json.Unmarshal(plain, &s)
	if err == nil {
		var words string
		if words, err = bip39.NewMnemonic(s.Entropy); err == nil {
			return secret{Mnemonic: words, Passphrase: s.Passphrase}, nil
		}
	}
	return secret{}, fmt.Errorf("%w: secret: %v", ErrDamaged, err)
}
