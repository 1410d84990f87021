package wallet

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"toychain/block"
	"toychain/internal/atomicfile"
)

var (
	// ErrPassphrase says that the file is whole but the passphrase does not unlock it.
	ErrPassphrase = errors.New("wrong passphrase")
	// ErrDamaged says that the file is not what was written: bytes changed or missing.
	ErrDamaged = errors.New("key file is damaged")
)

const (
	fileFormat  = "toychain wallet"
	fileVersion = 2
	maxFile     = 64 << 10 // bytes; a real one has about two thousand
)

// document is the key file. Its JSON is the one form that is accepted, apart from white
// space: names, order and spelling are as MarshalIndent writes them.
type document struct {
	Format   string    `json:"format"`
	Version  int       `json:"version"`
	Name     string    `json:"name"`
	Network  string    `json:"network"`
	Prefixes hexBytes  `json:"prefixes"` // as prefixBytes writes them
	Created  time.Time `json:"created"`
	Account  string    `json:"account"`        // the extended public key of m/44'/coin'/0'
	Lock     *oldLock  `json:"lock,omitempty"` // only in old files
	Secret   string    `json:"secret"`         // an armored age file; hex in old files
	Next     next      `json:"next"`
	Checksum hexBytes  `json:"checksum"` // tells damage from a wrong passphrase; it proves nothing against an attacker
}

// next is the first index of each branch that was never given out. It is the only
// field that changes, and it changes without the passphrase.
type next struct {
	Receive uint32 `json:"receive"`
	Change  uint32 `json:"change"`
}

// of returns the index of b.
func (n *next) of(b Branch) *uint32 {
	if b == Change {
		return &n.Change
	}
	return &n.Receive
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

// fixed returns the JSON of the document without the fields that are computed later or
// may change.
func (d document) fixed() ([]byte, error) {
	d.Secret, d.Next, d.Checksum = "", next{}, nil
	return json.Marshal(d)
}

// sum returns the checksum of the other fields.
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

// parseDocument reads a file, all of it or nothing. The error is ErrDamaged, except for a
// file of a later version.
func parseDocument(b []byte) (*document, error) {
	var head struct {
		Format  string
		Version int
	}
	switch err := json.Unmarshal(b, &head); {
	case len(b) == 0:
		return nil, fmt.Errorf("%w: it is empty, because making it was interrupted; it never contained a key, so remove it", ErrDamaged)
	case len(b) > maxFile:
		return nil, fmt.Errorf("%w: %d bytes is too long", ErrDamaged, len(b))
	case err != nil:
		return nil, fmt.Errorf("%w: not JSON: %v", ErrDamaged, err)
	case head.Format != fileFormat:
		return nil, fmt.Errorf("%w: or not a wallet at all: its format is not %q", ErrDamaged, fileFormat)
	case head.Version != fileVersion && head.Version != oldVersion:
		return nil, fmt.Errorf("key file is of version %d, this toychain reads versions %d and %d", head.Version, oldVersion, fileVersion)
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

// check rejects what neither Create nor its predecessor writes, so that nothing later
// panics or takes all memory.
func (d *document) check() error {
	p, ok := parsePrefixes(d.Prefixes)
	if !ok {
		return fmt.Errorf("prefixes: %d bytes", len(d.Prefixes))
	}
	if (d.Version == oldVersion) != (d.Lock != nil) {
		return errors.New("lock: only a file of version 1 has one")
	}
	for _, path := range []Path{{Receive, d.Next.Receive}, {Change, d.Next.Change}} {
		if err := path.check(); err != nil {
			return fmt.Errorf("next: %w", err)
		}
	}
	if _, err := ParseAccount(d.Account, p); err != nil {
		return err
	}
	if err := CheckName(d.Name); err != nil {
		return err
	}
	if d.Lock != nil {
		return d.Lock.check(d.Secret)
	}
	switch header, err := age.ExtractHeader(armor.NewReader(strings.NewReader(d.Secret))); {
	case err != nil:
		return fmt.Errorf("secret: %w", err)
	case !bytes.HasPrefix(header, []byte("age-encryption.org/v1\n-> scrypt ")):
		return errors.New("secret: it is not locked with a passphrase")
	}
	return nil
}

// createFile writes a new file and never changes an existing one (fs.ErrExist). If the machine
// stops when its name is reserved and before the bytes follow, opening it gives an error that
// says so.
func createFile(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	err := atomicfile.Create(path, atomicfile.Synced(b))
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s exists and is never overwritten: choose another name, or move it away: %w", path, fs.ErrExist)
	case err != nil:
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(path))
}

// replaceFile replaces the file at path by b, atomically.
func replaceFile(path string, b []byte) error {
	if err := atomicfile.Replace(path, atomicfile.Synced(b)); err != nil {
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(path))
}
