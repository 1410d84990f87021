// Package block is the bytes: hashes, headers, transactions, blocks, merkle trees and
// script templates, exactly as Bitcoin writes them (without SegWit).
//
// # What it knows
//
// How a value becomes bytes and how bytes become a value, and nothing else. A block is
// a header of fixed size and a list of transactions; the header holds the root of a
// hash tree over them:
//
//	block = header | transaction 0, the coinbase | transaction 1 | …
//	          |                          |
//	          +--- merkle root <---------+    one hash stands for all of them
//
// The files in the order in which to read them; each one's comments show its bytes:
//
//	hash.go         the double SHA-256, and why people write it reversed
//	header.go       the 80 bytes that proof of work is done on
//	tx.go           inputs, outputs, and what identifies a transaction
//	amount.go       money as an integer
//	script.go       the conditions of outputs, and the inputs that meet them
//	sighash.go      what a signature signs
//	block.go        a header and its transactions
//	merkle.go       one hash for all transactions, and an attack on it
//	codec.go        integers, lengths and lists; reading without trust
//	merkleproof.go  proof of a transaction for readers that have only headers
//	json.go, prefixes.go: forms for people; skip them at first
//
// # What it must not know
//
// Whether a transaction or a block is valid. A block with a wrong merkle root or a
// coinbase of a million coins parses without complaint: package consensus judges it.
// Targets (pow), keys (wallet) and networks are not known here either.
//
// # Parsing is strict
//
// For every decoder, encode(decode(x)) == x, or decode fails. It rejects trailing bytes
// and lengths that are not in their shortest form, and it compares a length with the
// bytes that are left before it allocates. One value has one encoding, so a
// transaction's bytes, and its txid, follow from its fields.
//
// Parsed scripts alias the input: do not change a buffer after parsing it.
//
// # Errors
//
// Every decoder returns one of the constants of type [Malformed], wrapped with the
// place ("block: tx 3: input 1: truncated").
//
// # Where it differs from Bitcoin
//
// There is no witness and no script interpreter. Any script is legal bytes, but only
// the templates in script.go can be spent.
package block
