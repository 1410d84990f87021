// Package blockfile reads and writes files full of blocks: our own lines of hex, and
// those in which Bitcoin's nodes keep and pass on the chain.
//
// # What it knows
//
// Four ways to lay blocks one after the other, which a [Reader] tells apart by
// looking:
//
//	hex    a block's bytes in hex on a line; empty lines and # comments between them
//	blk    magic 4 | length 4 | block, again and again; zeros anywhere between and after,
//	       for Core makes its files longer than they are (blk00000.dat, bootstrap.dat)
//	blk^   the same with every byte xored with the 8 bytes of xor.dat beside the file, byte
//	       i with the key's i mod 8; the zeros at the end are bare (Core since 28)
//	fdb    magic 4 | length 4 | block | CRC-32C of all that 4, big-endian (btcd: ffldb)
//
// The length is little-endian; the magic is the network's own four bytes, see
// consensus.Params.Magic. It knows files, too: [Open] takes one, or a folder of them in
// their numbers' order, or the data folder that such a folder is in.
//
// A node writes blocks down as they arrive, so a block may stand before its parent.
// [Order] puts that right: it notes where such a block is, in a few bytes, and reads it
// again when its parent has come.
//
//	files ──► Reader ──► Source ──► Order ──► blocks, each after its parent
//
// # What it must not know
//
// Nodes, networks and rules. Whether a block is valid, and what to do with it, is for
// others; a parent that is in none of the files may be known to somebody, who is asked.
//
// # Errors
//
// [Bad] names file, place and what is wrong there. What came before it is good.
// [Missing] is for blocks whose parents never came. Anything else is the disk's own.
//
// # Where it differs from Bitcoin
//
// Core and btcd skip what they cannot read and look for the next magic. Here it is an
// error, because in a file that somebody made to keep a chain nothing may be amiss.
// Blocks with witnesses are not blocks here.
package blockfile
