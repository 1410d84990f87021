package wallet

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"toychain/block"
)

// A work factor is the binary logarithm of scrypt's N, which fixes what one guess at a
// passphrase costs: 2^n KiB of memory, and time in proportion.
const (
	// DefaultWorkFactor takes 128 MiB and a fraction of a second, the least that OWASP's
	// password storage cheat sheet asks of scrypt.
	DefaultWorkFactor = 17
	// CheapWorkFactor protects nothing. It is for tests and for worthless coins.
	CheapWorkFactor = 1
	// maxWorkFactor bounds the memory that a hostile file can claim: 256 MiB. It is what
	// the age command itself takes, so that a secret it has locked again can be read.
	maxWorkFactor = 18
)

// secret is the plaintext of the age file, as the age command prints it.
type secret struct {
	Mnemonic   string   `json:"mnemonic"`
	Passphrase string   `json:"mnemonic_passphrase,omitempty"` // BIP39's, not the file's
	Bound      hexBytes `json:"bound"`                         // document.bound of the file that the secret belongs to
}

// bound returns a hash of the fields that nothing changes after Create. The secret
// contains it, so that these fields cannot be exchanged without the passphrase.
func (d document) bound() (hexBytes, error) {
	b, err := d.fixed()
	sum := block.Sum(b)
	return sum[:], err
}

// seal encrypts the secret into the document, whose fixed fields are set already.
func (d *document) seal(s secret, passphrase string, workFactor int) (err error) {
	if s.Bound, err = d.bound(); err != nil {
		return err
	}
	plain, err := json.Marshal(s)
	if err != nil {
		return err
	}
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return err
	}
	to.SetWorkFactor(workFactor)
	var text strings.Builder
	lines := armor.NewWriter(&text)
	w, err := age.Encrypt(lines, to)
	if err != nil {
		return err
	}
	// Padded, so that the length does not tell 12 words from 24; JSON may end in spaces.
	if _, err := fmt.Fprintf(w, "%-512s", plain); err != nil {
		return err
	}
	if err := errors.Join(w.Close(), lines.Close()); err != nil {
		return err
	}
	d.Secret = text.String()
	return nil
}

// unseal decrypts the secret.
func (d *document) unseal(passphrase string) (secret, error) {
	if d.Version == oldVersion {
		return d.unsealOld(passphrase)
	}
	var s secret
	from, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return s, ErrPassphrase // age has none that is empty
	}
	from.SetMaxWorkFactor(maxWorkFactor)
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(d.Secret)), from)
	if errors.Is(err, age.ErrIncorrectIdentity) {
		return s, ErrPassphrase
	}
	if err != nil {
		return s, fmt.Errorf("%w: secret: %v", ErrDamaged, err)
	}
	plain, err := io.ReadAll(r)
	if err == nil {
		err = json.Unmarshal(plain, &s)
	}
	if err != nil {
		return s, fmt.Errorf("%w: secret: %v", ErrDamaged, err)
	}
	if bound, err := d.bound(); err != nil || !bytes.Equal(bound, s.Bound) {
		return s, fmt.Errorf("%w: its name, network or account key is not the one it was made with", ErrDamaged)
	}
	return s, nil
}

// keychain returns the keys of the secret's words, after comparing them with the
// document's account key.
func (d *document) keychain(s secret) (*Keychain, error) {
	p, _ := parsePrefixes(d.Prefixes)
	k, err := NewKeychain(s.Mnemonic, s.Passphrase, p)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	if k.Account().String() != d.Account {
		return nil, fmt.Errorf("%w: its words do not belong to its account key", ErrDamaged)
	}
	return k, nil
}

// hexBytes is written as lower-case hex digits.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.AppendDecode(nil, b)
	return err
}
