// Package blockfile reads and writes files of blocks: our own lines of hex, and the formats in
// which Bitcoin's nodes store and exchange the chain.
//
// # What it knows
//
// Four ways to lay blocks one after the other, which a [Reader] distinguishes by the first
// bytes:
//
//	hex    a block's bytes in hex on a line; empty lines and # comments between them
//	blk    magic 4 | length 4 | block, repeated; zeros anywhere between and after,
//	       because Core allocates its files in advance (blk00000.dat, bootstrap.dat)
//	blk^   the same with every byte xored with the 8 bytes of xor.dat in the same directory,
//	       byte i with the key's i mod 8; the zeros at the end are not xored (Core since 28)
//	fdb    magic 4 | length 4 | block | CRC-32C of all that 4, big-endian (btcd: ffldb)
//
// The length is little-endian; the magic is the network's four bytes, see
// consensus.Params.Magic. [Open] takes one file, or a directory of them in the order of their
// numbers, or the data directory that contains such a directory.
//
// A node writes blocks as they arrive, so a block may precede its parent. [Order] corrects
// that: it remembers where such a block is, in a few bytes, and reads it again after its
// parent.
//
//	files ──► Reader ──► Source ──► Order ──► blocks, each after its parent
//
// # What it must not know
//
// Nodes, networks and rules. Whether a block is valid, and what to do with it, is the caller's
// business; so is whether a parent that is in none of the files is known.
//
// # Errors
//
// [Malformed] names the file, the location and what is wrong there. The blocks before it are
// good. [MissingParents] reports blocks whose parents never came. Any other error is the disk's.
//
// # Where it differs from Bitcoin
//
// Core and btcd skip what they cannot read and look for the next magic. Here it is an error,
// because a file that was made to preserve a chain must be complete. Blocks with witnesses are
// not supported.
package blockfile
