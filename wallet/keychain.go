package wallet

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"toychain/block"
)

// Branch is the part of an account that an address belongs to: BIP44's "change" level.
type Branch uint32

const (
	Receive Branch = 0 // addresses to give to others
	Change  Branch = 1 // addresses for the change of our own payments
)

func (b Branch) String() string {
	switch b {
	case Receive:
		return "receive"
	case Change:
		return "change"
	}
	return fmt.Sprintf("branch %d", uint32(b))
}

// Path is the place of a key within the account: the last two levels of m/44'/coin'/0'/branch/index.
type Path struct {
	Branch Branch `json:"branch"`
	Index  uint32 `json:"index"` // below 2^31
}

// String returns "branch/index".
func (p Path) String() string { return fmt.Sprintf("%d/%d", p.Branch, p.Index) }

func (p Path) check() error {
	if p.Branch > Change || p.Index >= hdkeychain.HardenedKeyStart {
		return fmt.Errorf("path %s: the branch is 0 or 1, the index below 2^31", p)
	}
	return nil
}

// Keychain is the account's private keys. It may be used from many goroutines.
type Keychain struct {
	account  *Account
	branches [2]*hdkeychain.ExtendedKey
}

// NewKeychain derives the keys of m/44'/coin'/0' from 12 or 24 words and their optional
// passphrase (BIP39; empty for none).
func NewKeychain(mnemonic, passphrase string, p block.Prefixes) (*Keychain, error) {
	seed, err := seedOf(mnemonic, passphrase)
	if err != nil {
		return nil, err
	}
	key, err := master(seed, p)
	if err != nil {
		return nil, err
	}
	for _, i := range []uint32{44, p.CoinType, 0} {
		if key, err = key.Derive(hdkeychain.HardenedKeyStart + i); err != nil {
			return nil, fmt.Errorf("derive the account: %w", err)
		}
	}
	k := &Keychain{}
	for b := range k.branches {
		if k.branches[b], err = key.Derive(uint32(b)); err != nil {
			return nil, fmt.Errorf("derive branch %d: %w", b, err)
		}
		// The library caches the public key on the first call; after that, deriving
		// below the branch only reads.
		if _, err := k.branches[b].ECPubKey(); err != nil {
			return nil, err
		}
	}
	pub, err := neuter(key, p)
	if err != nil {
		return nil, err
	}
	k.account, err = newAccount(pub)
	return k, err
}

// Account returns the public keys.
func (k *Keychain) Account() *Account { return k.account }

// Key returns the private key at path.
func (k *Keychain) Key(path Path) (*btcec.PrivateKey, error) {
	if err := path.check(); err != nil {
		return nil, err
	}
	child, err := k.branches[path.Branch].Derive(path.Index)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", path, err)
	}
	return child.ECPrivKey()
}

// Keys returns the private keys of the given coins, by public key hash, for Sign. It is an
// error if a coin's Path leads to another key than its Script requires.
func (k *Keychain) Keys(coins []Coin) (func(hash [20]byte) (*btcec.PrivateKey, bool), error) {
	keys := make(map[[20]byte]*btcec.PrivateKey, len(coins))
	for _, c := range coins {
		key, err := k.Key(c.Path)
		if err != nil {
			return nil, fmt.Errorf("coin %s: %w", c.Outpoint, err)
		}
		own := KeyAddress(key.PubKey().SerializeCompressed())
		if to, ok := AddressOf(c.Script); !ok || to != own {
			return nil, fmt.Errorf("coin %s: does not pay this wallet's address %s", c.Outpoint, c.Path)
		}
		keys[own.Hash] = key
	}
	return func(hash [20]byte) (*btcec.PrivateKey, bool) {
		key, ok := keys[hash]
		return key, ok
	}, nil
}

// Account is the account's public keys, which give all addresses and no signature. It may
// be used from many goroutines.
type Account struct {
	key      *hdkeychain.ExtendedKey
	branches [2]*hdkeychain.ExtendedKey
}

// ParseAccount parses what String returns. For another network's key the error is
// ErrNetwork.
func ParseAccount(s string, p block.Prefixes) (*Account, error) {
	raw, err := decodeCheck(s)
	if err != nil {
		return nil, fmt.Errorf("account key: %w", err)
	}
	const size, accountLevel = 78, 3
	switch {
	case len(raw) != size:
		return nil, fmt.Errorf("account key: wrong length: %d bytes, want %d", len(raw), size)
	case raw[45] == 0:
		return nil, errors.New("account key: this one is private: keep it secret")
	case [4]byte(raw[:4]) != p.HDPublic:
		return nil, fmt.Errorf("account key %w: its version is %x, this network has %x", ErrNetwork, raw[:4], p.HDPublic)
	case raw[4] != accountLevel:
		return nil, fmt.Errorf("account key: it is of level %d, an account is of level %d", raw[4], accountLevel)
	}
	key, err := hdkeychain.NewKeyFromString(s)
	if err != nil {
		return nil, fmt.Errorf("account key: %w", err)
	}
	return newAccount(key)
}

func newAccount(key *hdkeychain.ExtendedKey) (a *Account, err error) {
	a = &Account{key: key}
	for b := range a.branches {
		if a.branches[b], err = key.Derive(uint32(b)); err != nil {
			return nil, fmt.Errorf("derive branch %d: %w", b, err)
		}
	}
	return a, nil
}

// String returns the extended public key ("xpub…", "tpub…"). It is not secret, but see
// "The key file" in the package's documentation.
func (a *Account) String() string { return a.key.String() }

// Address returns the address at path. An index without a key, which happens once in 2^127
// (BIP32), is an error.
func (a *Account) Address(path Path) (Address, error) {
	if err := path.check(); err != nil {
		return Address{}, err
	}
	child, err := a.branches[path.Branch].Derive(path.Index)
	if err != nil {
		return Address{}, fmt.Errorf("address %s: %w", path, err)
	}
	pub, err := child.ECPubKey()
	if err != nil {
		return Address{}, fmt.Errorf("address %s: %w", path, err)
	}
	return KeyAddress(pub.SerializeCompressed()), nil
}

// master returns the root of the tree of keys, m: the two halves of
// HMAC-SHA512("Bitcoin seed", seed) are its key and its chain code (BIP32).
func master(seed []byte, p block.Prefixes) (*hdkeychain.ExtendedKey, error) {
	mac := hmac.New(sha512.New, []byte("Bitcoin seed"))
	mac.Write(seed)
	sum := mac.Sum(nil)
	if !inCurve(sum[:32]) {
		return nil, errors.New("these words have no master key: make other words")
	}
	return hdkeychain.NewExtendedKey(p.HDPrivate[:], sum[:32], sum[32:], make([]byte, 4), 0, 0, true), nil
}

// neuter returns the public part of an extended private key. The library's own Neuter
// supports only the networks in its list.
func neuter(k *hdkeychain.ExtendedKey, p block.Prefixes) (*hdkeychain.ExtendedKey, error) {
	pub, err := k.ECPubKey()
	if err != nil {
		return nil, err
	}
	parent := binary.BigEndian.AppendUint32(nil, k.ParentFingerprint())
	return hdkeychain.NewExtendedKey(p.HDPublic[:], pub.SerializeCompressed(), k.ChainCode(), parent,
		k.Depth(), k.ChildIndex(), false), nil
}

// inCurve reports whether 32 bytes, read as a big-endian number, are a private key:
// at least 1 and below the order of the group.
func inCurve(b []byte) bool {
	var k btcec.ModNScalar
	overflow := k.SetByteSlice(b)
	return !overflow && !k.IsZero()
}
