package wallet

import (
	"errors"
	"fmt"
	"sync"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"toychain/block"
)

// Branch is the part of an account that an address belongs to: BIP44's "change" level.
type Branch uint32

const (
	Receive Branch = 0 // addresses to give to others
	Change  Branch = 1 // addresses for the change of our own payments
)

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
	words    string
}

// NewKeychain derives the keys of m/44'/coin'/0' from words and their optional
// passphrase (BIP39; empty for none).
func NewKeychain(mnemonic, passphrase string, p block.Prefixes) (*Keychain, error) {
	seed, err := seedOf(mnemonic, passphrase)
	if err != nil {
		return nil, err
	}
	// HMAC-SHA512("Bitcoin seed", seed): the halves are the master key and its chain code.
	key, err := hdkeychain.NewMaster(seed, &chaincfg.Params{HDPrivateKeyID: p.HDPrivate})
	if err != nil {
		return nil, fmt.Errorf("these words have no master key: make other words: %w", err)
	}
	for _, i := range []uint32{44, p.CoinType, 0} {
		if key, err = key.Derive(hdkeychain.HardenedKeyStart + i); err != nil {
			return nil, fmt.Errorf("derive the account: %w", err)
		}
	}
	branches, err := branchesOf(key)
	if err != nil {
		return nil, err
	}
	public, err := key.Neuter()
	if err != nil {
		return nil, err
	}
	account, err := newAccount(public)
	return &Keychain{account, branches, mnemonic}, err
}

// branchesOf derives both branches of an account. The library caches a public key on the
// first call; after that, deriving below the branch only reads.
func branchesOf(account *hdkeychain.ExtendedKey) (out [2]*hdkeychain.ExtendedKey, err error) {
	for b := range out {
		if out[b], err = account.Derive(uint32(b)); err != nil {
			return out, fmt.Errorf("derive branch %d: %w", b, err)
		}
		if _, err := out[b].ECPubKey(); err != nil {
			return out, err
		}
	}
	return out, nil
}

// Words returns the mnemonic that the keys are made from.
func (k *Keychain) Words() string { return k.words }

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
	known    sync.Map // Address by Path: those that were asked for, as each costs a multiplication on the curve
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

func newAccount(key *hdkeychain.ExtendedKey) (*Account, error) {
	branches, err := branchesOf(key)
	return &Account{key: key, branches: branches}, err
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
	if known, ok := a.known.Load(path); ok {
		return known.(Address), nil
	}
	var pub *btcec.PublicKey
	child, err := a.branches[path.Branch].Derive(path.Index)
	if err == nil {
		pub, err = child.ECPubKey()
	}
	if err != nil {
		return Address{}, fmt.Errorf("address %s: %w", path, err)
	}
	address := KeyAddress(pub.SerializeCompressed())
	a.known.Store(path, address)
	return address, nil
}
