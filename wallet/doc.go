// Package wallet turns twelve words into keys, keys into addresses, coins into a
// payment, and a payment into signed bytes.
//
// # What it knows
//
// Secrets and arithmetic. Everything is derived from the words, and nothing else has to be
// backed up:
//
//	words ──PBKDF2──► seed ──HMAC──► m                        BIP39, BIP32
//	                                 └─ 44' ─ coin' ─ 0'      BIP44: the account
//	                                     ┌────────────┴──┐
//	                    receive: 0 ─ 0, 1, 2 …    change: 1 ─ 0, 1, 2 …
//	                                  │                        │
//	                        key ─Hash160─► address     key ─Hash160─► address
//
// A [Keychain] is the account with its private keys. An [Account] is the same account with
// the public keys only: it gives every address and signs nothing. A [Wallet] is a key file:
// an Account, a locked Keychain, and the number of addresses that were given out. [Choose]
// selects the coins for a payment and [Sign] signs it.
//
// # What it must not know
//
// That there is a network. It never asks which coins exist or what an address received:
// the caller passes coins as values ([Coin]), says which of them may be spent, and sends
// the signed transaction to a node. It reads no clock, prints nothing and prompts for
// nothing. Whether a transaction is valid is decided by package consensus; the tests here
// compare signatures with the curve itself.
//
// # The key file
//
// JSON for people to read. In plain text: the wallet's name and network, the account's
// public key, and how many addresses were given out. In "secret": an armored age file
// (age-encryption.org/v1) with one passphrase recipient, so that the words can be read
// with the age command alone:
//
//	jq -r .secret alice.json | age --decrypt
//
//	passphrase ──scrypt──► unwraps the file key ──ChaCha20-Poly1305──► words, and a hash
//	of every plain field but "next"
//
// Because of that hash, a file whose network, name or public key was exchanged is
// rejected once it is unlocked. It is written with mode 0600 into a directory of mode
// 0700, always as a new file that then takes the old one's name, so that a crash leaves
// one or the other.
//
// Version 1 of the file locked the secret in a form of our own (oldfile.go). Such files
// still open. One that was unlocked is written as version 2 when it is next saved, which
// is when an address is given out; without the passphrase it keeps its form.
//
// The plain public key is a compromise. Its benefit: addresses and balances can be shown,
// and new addresses given out, without the passphrase, which is typed only to spend. Its
// cost: a reader of the file sees every payment to and from this wallet, past and future,
// but cannot spend. Never disclose a single private key of such a wallet: the public
// account key and any one private key below it yield the account's private key, and with
// it all others (BIP32, "Implications").
//
// Go cannot guarantee that memory is wiped, so this package does not try: a Keychain stays
// in memory until the process ends.
//
// # Errors
//
// Programs distinguish [ErrPassphrase], [ErrDamaged], [ErrNetwork], [ErrMessage] and
// [*TooLittle] with errors.Is and errors.As; an existing file is fs.ErrExist, a missing one
// fs.ErrNotExist. All other errors are for people: they say what is wrong with an address,
// a word or a payment. No error repeats a private key or a passphrase. A word that is not
// in the list is named, so that it can be corrected.
//
// # Where it differs from Bitcoin
//
// Addresses are pay to public key hash only: no script hashes, no SegWit. There is one
// account. Change is the last output instead of a random one and coins are chosen without
// randomness, so that the same request always gives the same bytes; a wallet that protects
// privacy would shuffle. A BIP39 passphrase must be ASCII, because
// other characters would need Unicode normalisation to mean the same keys elsewhere.
package wallet
