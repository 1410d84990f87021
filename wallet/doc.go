// Package wallet turns twelve words into keys, keys into addresses, coins into a
// payment, and a payment into signed bytes.
//
// # What it knows
//
// Secrets and arithmetic. From the words everything follows, and nothing else has
// to be kept:
//
//	words ──PBKDF2──► seed ──HMAC──► m                        BIP39, BIP32
//	                                 └─ 44' ─ coin' ─ 0'      BIP44: the account
//	                                     ┌────────────┴──┐
//	                    receive: 0 ─ 0, 1, 2 …    change: 1 ─ 0, 1, 2 …
//	                                  │                        │
//	                        key ─Hash160─► address     key ─Hash160─► address
//
// A [Keychain] is the account with its private keys, an [Account] the same account
// with the public ones only: it makes every address and signs nothing. A [Wallet] is
// a key file: an Account to look with, a Keychain under lock, and a note of
// which addresses have been handed out. [Choose] picks the coins for a payment and
// [Sign] signs them.
//
// # What it must not know
//
// That there is a network. It never asks which coins exist or what an address
// received: the caller brings coins as values ([Coin]), says which of them may be
// spent, and carries the signed transaction to a node. It reads no clock, prints
// nothing and asks for nothing. Whether a transaction is valid is the business of
// package chain; the tests here hold signatures against the curve itself.
//
// # The key file
//
// JSON for people to read. In plain text: the wallet's name and network, the account's
// public key, and how many addresses were handed out. In "secret": an armored age file
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
// is when an address is handed out; without the passphrase it keeps its form.
//
// The public key in plain is a trade. For it: addresses and balances can be shown, and
// fresh addresses handed out, without the passphrase, so that the passphrase is typed
// only to spend. Against it: whoever reads the file sees every payment to and from
// this wallet, past and future, though not spend from it. But do not give away a single
// private key of such a wallet: a public account key and any one private key below it
// yield the account's private key, and with it all others (BIP32, "Implications").
//
// Go cannot promise to wipe memory, so this package does not pretend to: a Keychain is
// secret for as long as the process lives.
//
// # Errors
//
// [ErrPassphrase], [ErrDamaged], [ErrNetwork], [ErrMessage] and [*TooLittle] are for
// programs to tell apart, with errors.Is and errors.As; an existing file is
// fs.ErrExist, a missing one fs.ErrNotExist. All others are for people: they say what was wrong with an address,
// a word or a payment. No error repeats a private key or a passphrase; the one
// exception to silence is a word that is in no list, which is named so that it can be
// corrected.
//
// # Where it differs from Bitcoin
//
// Addresses are pay to public key hash only: no script hashes, no SegWit. There is one
// account. Change goes last instead of to a random place and coins are chosen without
// randomness, so that the same question always gets the same bytes; a wallet with
// privacy to lose would shuffle. A BIP39 passphrase must be ASCII, because
// other characters would need Unicode normalisation to mean the same keys elsewhere.
package wallet
