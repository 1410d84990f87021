package wallet

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tyler-smith/go-bip39"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"

	"toychain/block"
)

var (
	// ErrPassphrase says that the file is whole but the passphrase does not unlock it.
	ErrPassphrase = errors.New("wrong passphrase")
	// ErrDamaged says that the file is not what was written: bytes changed or missing.
	ErrDamaged = errors.New("key file is damaged")
)

// Cost is how much work and memory one guess at the passphrase takes. It is stored in
// the file, so a file made with one cost opens anywhere.
type Cost struct {
	Time      uint32 `json:"time"`       // passes over the memory, 1 to 100
	MemoryKiB uint32 `json:"memory_kib"` // 8 per thread to 1 GiB
	Threads   uint8  `json:"threads"`    // 1 and more; part of the result, not only of the speed
}

// DefaultCost takes 64 MiB and a fraction of a second: the second recommendation of
// RFC 9106 §4, for machines that cannot spare 2 GiB.
var DefaultCost = Cost{Time: 3, MemoryKiB: 64 << 10, Threads: 4}

// CheapCost locks as good as nothing. It is for tests and for money that is none.
var CheapCost = Cost{Time: 1, MemoryKiB: 8, Threads: 1}

func (c Cost) check() error {
	if c.Time < 1 || c.Time > 100 || c.Threads < 1 || c.MemoryKiB < 8*uint32(c.Threads) || c.MemoryKiB > 1<<20 {
		return fmt.Errorf("argon2id cost out of range: time %d, memory %d KiB, threads %d", c.Time, c.MemoryKiB, c.Threads)
	}
	return nil
}

const (
	fileFormat  = "toychain wallet"
	fileVersion = 1
	maxFile     = 64 << 10 // bytes; a real one has about one thousand
	saltSize    = 16       // RFC 9106 §3.1
	sealBlock   = 256      // the secret is padded to a multiple, so that its length tells nothing
)

// document is the key file. Its JSON is the one form that is accepted, but for white
// space: names, order and spelling are as MarshalIndent writes them.
type document struct {
	Format   string    `json:"format"`
	Version  int       `json:"version"`
	Name     string    `json:"name"`
	Network  string    `json:"network"`
	Prefixes hexBytes  `json:"prefixes"` // as prefixBytes writes them
	Created  time.Time `json:"created"`
	Account  string    `json:"account"` // the extended public key of m/44'/coin'/0'
	Lock     lock      `json:"lock"`
	Secret   hexBytes  `json:"secret"` // of type secret, sealed
	Next     next      `json:"next"`
	Checksum hexBytes  `json:"checksum"` // tells damage from a wrong passphrase; it proves nothing against an attacker
}

// lock is how the passphrase becomes the key of the secret.
type lock struct {
	KDF string `json:"kdf"` // "argon2id"
	Cost
	Salt   hexBytes `json:"salt"`
	Cipher string   `json:"cipher"` // "xchacha20-poly1305"
	Nonce  hexBytes `json:"nonce"`
}

// next is the first index of each branch that was never handed out. It is the one
// thing that changes, without the passphrase, and so the one that is not bound to it.
type next struct {
	Receive uint32 `json:"receive"`
	Change  uint32 `json:"change"`
}

// secret is what the lock keeps.
type secret struct {
	Entropy    hexBytes `json:"entropy"`              // what the 12 or 24 words encode
	Passphrase string   `json:"passphrase,omitempty"` // BIP39's, not the file's
}

// hexBytes is written as lower-case hex digits.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.AppendDecode(nil, b)
	return err
}

// prefixBytes writes a network's prefixes in 14 bytes, in the order of their fields.
func prefixBytes(p block.Prefixes) hexBytes {
	b := append(hexBytes{p.PubKeyHash, p.WIF}, p.HDPrivate[:]...)
	return binary.BigEndian.AppendUint32(append(b, p.HDPublic[:]...), p.CoinType)
}

// parsePrefixes undoes prefixBytes.
func parsePrefixes(b hexBytes) (p block.Prefixes, ok bool) {
	if len(b) != 14 {
		return p, false
	}
	return block.Prefixes{PubKeyHash: b[0], WIF: b[1], HDPrivate: [4]byte(b[2:6]), HDPublic: [4]byte(b[6:10]),
		CoinType: binary.BigEndian.Uint32(b[10:])}, true
}

// bound returns what the lock binds itself to: the document without what is computed
// later or may change.
func (d document) bound() ([]byte, error) {
	d.Secret, d.Next, d.Checksum = nil, next{}, nil
	return json.Marshal(d)
}

// sum returns the checksum that belongs into the document.
func (d document) sum() (hexBytes, error) {
	d.Checksum = nil
	b, err := json.Marshal(d)
	sum := block.Sum(b)
	return sum[:8], err
}

// encode writes the file, with a fresh checksum.
func (d document) encode() ([]byte, error) {
	sum, err := d.sum()
	if err != nil {
		return nil, err
	}
	d.Checksum = sum
	b, err := json.MarshalIndent(d, "", "  ")
	return append(b, '\n'), err
}

// parseDocument reads a file. Everything but a file of a later version is ErrDamaged:
// whatever the bytes, nothing is half believed.
func parseDocument(b []byte) (*document, error) {
	var head struct {
		Format  string
		Version int
	}
	switch err := json.Unmarshal(b, &head); {
	case len(b) == 0:
		return nil, fmt.Errorf("%w: it is empty; its making was interrupted, nothing was ever in it, so remove it", ErrDamaged)
	case len(b) > maxFile:
		return nil, fmt.Errorf("%w: %d bytes is too long", ErrDamaged, len(b))
	case err != nil:
		return nil, fmt.Errorf("%w: not JSON: %v", ErrDamaged, err)
	case head.Format != fileFormat:
		return nil, fmt.Errorf("%w: or not a wallet at all: its format is not %q", ErrDamaged, fileFormat)
	case head.Version != fileVersion:
		return nil, fmt.Errorf("key file is of version %d, this toychain reads version %d", head.Version, fileVersion)
	}
	d := &document{}
	if err := json.Unmarshal(b, d); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	again, err := json.Marshal(d)
	var plain bytes.Buffer
	if err != nil || json.Compact(&plain, b) != nil || !bytes.Equal(again, plain.Bytes()) {
		return nil, fmt.Errorf("%w: a field is missing, unknown or misspelt", ErrDamaged)
	}
	if sum, err := d.sum(); err != nil || !bytes.Equal(sum, d.Checksum) {
		return nil, fmt.Errorf("%w: its checksum does not fit", ErrDamaged)
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	return d, nil
}

// check holds the fields against what Create writes, so that nothing later panics or
// takes all memory.
func (d *document) check() error {
	p, ok := parsePrefixes(d.Prefixes)
	switch {
	case !ok:
		return fmt.Errorf("prefixes: %d bytes", len(d.Prefixes))
	case d.Lock.KDF != "argon2id" || d.Lock.Cipher != "xchacha20-poly1305":
		return fmt.Errorf("lock: unknown: %q, %q", d.Lock.KDF, d.Lock.Cipher)
	case len(d.Lock.Salt) != saltSize || len(d.Lock.Nonce) != chacha20poly1305.NonceSizeX:
		return errors.New("lock: salt or nonce has the wrong length")
	case len(d.Secret)%sealBlock != chacha20poly1305.Overhead || len(d.Secret) < sealBlock:
		return fmt.Errorf("secret: %d bytes", len(d.Secret))
	}
	for _, path := range []Path{{Receive, d.Next.Receive}, {Change, d.Next.Change}} {
		if err := path.check(); err != nil {
			return fmt.Errorf("next: %w", err)
		}
	}
	if _, err := ParseAccount(d.Account, p); err != nil {
		return err
	}
	if err := checkName(d.Name); err != nil {
		return err
	}
	return d.Lock.Cost.check()
}

// aead makes the cipher out of the passphrase. This is the slow step.
func (l lock) aead(passphrase string) (cipher.AEAD, error) {
	key := argon2.IDKey([]byte(passphrase), l.Salt, l.Time, l.MemoryKiB, l.Threads, chacha20poly1305.KeySize)
	return chacha20poly1305.NewX(key)
}

// seal locks s into the document, whose other bound fields are set already.
func (d *document) seal(s secret, passphrase string, cost Cost, random io.Reader) error {
	salted := make([]byte, saltSize+chacha20poly1305.NonceSizeX)
	if _, err := io.ReadFull(random, salted); err != nil {
		return fmt.Errorf("no randomness: %w", err)
	}
	d.Lock = lock{KDF: "argon2id", Cost: cost, Salt: salted[:saltSize], Cipher: "xchacha20-poly1305", Nonce: salted[saltSize:]}
	plain, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if pad := len(plain) % sealBlock; pad != 0 { // JSON may end in white space
		plain = append(plain, bytes.Repeat([]byte{' '}, sealBlock-pad)...)
	}
	bound, err := d.bound()
	if err != nil {
		return err
	}
	aead, err := d.Lock.aead(passphrase)
	if err != nil {
		return err
	}
	d.Secret = aead.Seal(nil, d.Lock.Nonce, plain, bound)
	return nil
}

// unseal returns the keys, if the passphrase is right and no bound field was changed.
func (d *document) unseal(passphrase string) (*Keychain, error) {
	bound, err := d.bound()
	if err != nil {
		return nil, err
	}
	aead, err := d.Lock.aead(passphrase)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, d.Lock.Nonce, d.Secret, bound)
	if err != nil {
		return nil, ErrPassphrase
	}
	var s secret
	if err := json.Unmarshal(plain, &s); err != nil {
		return nil, fmt.Errorf("%w: what it locks is not readable", ErrDamaged)
	}
	mnemonic, err := bip39.NewMnemonic(s.Entropy)
	if err != nil {
		return nil, fmt.Errorf("%w: what it locks is not a mnemonic", ErrDamaged)
	}
	p, _ := parsePrefixes(d.Prefixes)
	k, err := NewKeychain(mnemonic, s.Passphrase, p)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	if k.Account().String() != d.Account {
		return nil, fmt.Errorf("%w: its words are not those of its account key", ErrDamaged)
	}
	return k, nil
}
