package wallet

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"toychain/block"
)

// GapLimit is how many addresses in a row without history end the search for a wallet's
// payments (BIP44, "Address gap limit").
const GapLimit = 20

// MaxRestored is how many addresses of a branch one search may find.
const MaxRestored = 10_000

// MaxGap is the largest gap that Restore searches. Ours: each of them is in a request.
const MaxGap = 10_000

// Network is what a wallet knows of its network.
type Network struct {
	Name     string // distinguishes networks with the same prefixes
	Prefixes block.Prefixes
}

// New describes a wallet to create.
type New struct {
	Name               string // for people, 1 to 64 printable characters
	Network            Network
	Mnemonic           string // 12 or 24 words, see NewMnemonic
	MnemonicPassphrase string // BIP39's, optional; without it the words alone do not restore the wallet
	Created            time.Time
	WorkFactor         int // of the lock, up to 18; zero for DefaultWorkFactor
}

// Wallet is an open key file. It gives out addresses, and cannot spend until it is
// unlocked. One goroutine uses it at a time. Two programs may use the file at the same
// time; at worst they give out the same address.
type Wallet struct {
	path    string
	doc     document
	account *Account
	renewed *document // of an old file that was unlocked: its current form, for the next save
}

// Create locks a new wallet's words with passphrase and writes them to a file at path with
// mode 0600. It makes a missing directory with mode 0700. An existing file is never
// overwritten (fs.ErrExist).
func Create(path, passphrase string, n New) (*Wallet, error) {
	w, err := n.lock(path, passphrase)
	if err == nil {
		var b []byte
		if b, err = w.doc.encode(); err == nil {
			err = createFile(path, b)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("create wallet: %w", err)
	}
	return w, nil
}

// InMemory returns a wallet with these keys that is in no file, and so needs no passphrase: it is gone
// with the program, and has to be restored from its words.
func InMemory(name string, keys *Keychain) *Wallet {
	return &Wallet{doc: document{Name: name}, account: keys.Account()}
}

// lock returns the wallet without writing its file.
func (n New) lock(path, passphrase string) (*Wallet, error) {
	n.WorkFactor = cmp.Or(n.WorkFactor, DefaultWorkFactor)
	if n.WorkFactor < CheapWorkFactor || n.WorkFactor > maxWorkFactor {
		return nil, fmt.Errorf("work factor %d: want %d to %d", n.WorkFactor, CheapWorkFactor, maxWorkFactor)
	}
	if passphrase == "" {
		return nil, errors.New("the passphrase is empty; the file would not be locked")
	}
	if n.Network.Name == "" {
		return nil, errors.New("the network has no name")
	}
	if err := CheckName(n.Name); err != nil {
		return nil, err
	}
	mnemonic, err := ParseMnemonic(n.Mnemonic)
	if err != nil {
		return nil, err
	}
	keys, err := NewKeychain(mnemonic, n.MnemonicPassphrase, n.Network.Prefixes)
	if err != nil {
		return nil, err
	}
	w := &Wallet{path: path, account: keys.Account()}
	w.doc = document{Format: fileFormat, Version: fileVersion, Name: n.Name, Network: n.Network.Name,
		Prefixes: prefixBytes(n.Network.Prefixes), Created: n.Created.UTC().Truncate(time.Second), Account: w.account.String()}
	return w, w.doc.seal(secret{Mnemonic: mnemonic, Passphrase: n.MnemonicPassphrase}, passphrase, n.WorkFactor)
}

// CheckName rejects names that cannot be written and read back, or shown on one line.
func CheckName(name string) error {
	n := utf8.RuneCountInString(name)
	if n < 1 || n > 64 || !utf8.ValidString(name) {
		return fmt.Errorf("wallet name %.80q: want 1 to 64 characters", name)
	}
	for _, c := range name {
		if !unicode.IsPrint(c) {
			return fmt.Errorf("wallet name %q: character %q cannot be printed", name, c)
		}
	}
	return nil
}

// Load opens the file at path without its passphrase, for addresses without private keys.
// The error is fs.ErrNotExist, ErrDamaged, or ErrNetwork if the wallet is for another
// network than net.
func Load(path string, net Network) (*Wallet, error) {
	d, err := readDocument(path)
	if err != nil {
		return nil, err
	}
	if d.Network != net.Name || !bytes.Equal(d.Prefixes, prefixBytes(net.Prefixes)) {
		return nil, fmt.Errorf("wallet %s %w: it is for %q, this is %q", path, ErrNetwork, d.Network, net.Name)
	}
	w := &Wallet{path: path, doc: *d}
	w.account, err = ParseAccount(d.Account, net.Prefixes)
	return w, err
}

// readDocument reads the file at path.
func readDocument(path string) (*document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open wallet: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("open wallet: %w", err)
	}
	d, err := parseDocument(b)
	if errors.Is(err, ErrDamaged) {
		return nil, fmt.Errorf("wallet %s: %w; replace it by a copy, or restore the wallet from its words", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("wallet %s: %w", path, err)
	}
	return d, nil
}

// Unlock returns the private keys. The error is ErrPassphrase, or ErrDamaged if the
// passphrase is right and the file was changed since it was made. Unlocking an old file
// makes the next call that saves the wallet write it in the current form.
func (w *Wallet) Unlock(passphrase string) (*Keychain, error) {
	var k *Keychain
	s, err := w.doc.unseal(passphrase)
	if err == nil {
		k, err = w.doc.keychain(s)
	}
	if err == nil && w.doc.Version == oldVersion {
		d := w.doc
		d.Version, d.Lock = fileVersion, nil
		w.renewed, err = &d, d.seal(s, passphrase, DefaultWorkFactor)
	}
	if err != nil {
		return nil, fmt.Errorf("wallet %s: %w", w.path, err)
	}
	return k, nil
}

// Name returns the wallet's name.
func (w *Wallet) Name() string { return w.doc.Name }

// Path returns the path of its file; "" if it is InMemory.
func (w *Wallet) Path() string { return w.path }

// Account returns its public keys.
func (w *Wallet) Account() *Account { return w.account }

// Next returns the first address of b that was not given out, without giving it out.
func (w *Wallet) Next(b Branch) (Address, Path, error) {
	path := Path{Branch: b, Index: *w.doc.Next.of(b)}
	a, err := w.account.Address(path)
	return a, path, err
}

// Take returns what Next returns, after recording in the file that it was given out. For
// change, call Next before choosing coins, and Take once the payment was sent and has
// change: an address that is taken and never paid widens the gap of Restore.
func (w *Wallet) Take(b Branch) (Address, Path, error) {
	if err := w.update(next{}); err != nil { // other programs may have taken some
		return Address{}, Path{}, err
	}
	a, path, err := w.Next(b)
	if err != nil {
		return Address{}, Path{}, err
	}
	taken := w.doc.Next
	*taken.of(b)++
	return a, path, w.update(taken)
}

// Owned is one of the wallet's addresses.
type Owned struct {
	Address Address
	Path    Path
	Used    bool // it was given out
}

// Addresses returns the addresses to watch: of both branches, all that were given out and
// GapLimit more, in case the words are in use elsewhere too.
func (w *Wallet) Addresses() ([]Owned, error) {
	var out []Owned
	for _, b := range []Branch{Receive, Change} {
		next := *w.doc.Next.of(b)
		for i := range min(next+GapLimit, hdkeychain.HardenedKeyStart) {
			path := Path{Branch: b, Index: i}
			a, err := w.account.Address(path)
			if err != nil {
				return nil, err
			}
			out = append(out, Owned{a, path, i < next})
		}
	}
	return out, nil
}

// Restore calls used with one range of addresses after another, on each branch until gap (1
// to MaxGap, usually GapLimit) in a row are unused, and records all up to the last used one as
// given out. It never takes an address back. An error of used ends the search, and so does a node
// that goes on finding payments: more than MaxRestored addresses are not believed, and none is
// recorded.
func (w *Wallet) Restore(gap int, used func([]Address) ([]bool, error)) error {
	if gap < 1 || gap > MaxGap {
		return fmt.Errorf("restore wallet: a gap of %d addresses: want 1 to %d", gap, MaxGap)
	}
	var ends next
	for _, b := range []Branch{Receive, Change} {
		end := ends.of(b)
		for first := uint32(0); first < *end+uint32(gap); {
			from := first
			var list []Address
			for ; first < *end+uint32(gap); first++ {
				a, err := w.account.Address(Path{Branch: b, Index: first})
				if err != nil {
					return err
				}
				list = append(list, a)
			}
			has, err := used(list)
			if err != nil {
				return fmt.Errorf("restore wallet: addresses from %s on: %w", Path{Branch: b, Index: from}, err)
			}
			for i := range has {
				if has[i] {
					*end = from + uint32(i) + 1
				}
			}
			if *end > *w.doc.Next.of(b)+MaxRestored {
				return fmt.Errorf("restore wallet: the node names payments to more than %d addresses that this wallet has not given out: "+
					"it lies, or another program uses the same words; ask another node", MaxRestored)
			}
		}
	}
	return w.update(ends)
}

// update moves the indexes up to those of n and of the file, whichever are higher, and
// writes the file if that changes it. Another program may have renewed it meanwhile.
func (w *Wallet) update(n next) error {
	if w.path == "" {
		own := &w.doc.Next
		own.Receive, own.Change = max(own.Receive, n.Receive), max(own.Change, n.Change)
		return nil
	}
	d, err := readDocument(w.path)
	if err != nil {
		return err
	}
	if d.Account != w.doc.Account {
		return fmt.Errorf("wallet %s: another wallet took its place while it was open", w.path)
	}
	old := d.Next
	d.Next.Receive = max(old.Receive, w.doc.Next.Receive, n.Receive)
	d.Next.Change = max(old.Change, w.doc.Next.Change, n.Change)
	renew := w.renewed != nil && d.Secret == w.doc.Secret
	if renew {
		d.Version, d.Lock, d.Secret = w.renewed.Version, w.renewed.Lock, w.renewed.Secret
	}
	if renew || d.Next != old {
		b, err := d.encode()
		if err != nil {
			return err
		}
		if err := replaceFile(w.path, b); err != nil {
			return fmt.Errorf("wallet %s: %w", w.path, err)
		}
	}
	w.doc, w.renewed = *d, nil
	return nil
}
