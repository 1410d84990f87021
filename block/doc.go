// Package block is the bytes: hashes, headers, transactions, blocks, merkle
// trees and script templates, exactly as Bitcoin writes them (without SegWit).
//
// # What it knows
//
// How a value becomes bytes and how bytes become a value. Nothing else.
//
//	block  = header (80 bytes) | CompactSize n | n transactions
//	header = version 4 | previous hash 32 | merkle root 32 | time 4 | bits 4 | nonce 4
//	tx     = version 4 | inputs | outputs | lock time 4
//	input  = txid 32 | index 4 | script | sequence 4
//	output = value 8 | script
//
// Integers are little-endian. A list is preceded by its length as a
// CompactSize: one byte below 253, else a marker (fd, fe, ff) and 2, 4 or 8
// bytes, always the shortest form. A hash is the double SHA-256 of the bytes;
// people write it back to front, so String and ParseHash reverse it.
//
// # What it must not know
//
// Whether a transaction or a block is valid. A block with a wrong merkle root
// or a coinbase of a million coins parses here without complaint: judging is
// the business of package chain. It does not know targets (pow), keys (wallet)
// or networks either.
//
// # Parsing is strict
//
// For every decoder, encode(decode(x)) == x or decode fails: a CompactSize that
// is not the shortest is refused, so are trailing bytes, and a length is held
// against the bytes that are left before anything is allocated. One value has
// one encoding, so one transaction has one identity.
//
// Parsed scripts alias the input: whoever parses a buffer gives it up.
//
// # Errors
//
// Every decoder returns one of the constants of type [Malformed], wrapped with
// where it happened ("block: tx 3: input 1: truncated").
//
// # Where it differs from Bitcoin
//
// There is no witness and no script interpreter. The four script templates are
// read and written byte for byte (script.go); any other script is legal bytes
// that nobody here can spend.
package block
