package block

import (
	"encoding/binary"
	"fmt"
)

// HeaderSize is the length of every header in bytes.
const HeaderSize = 80

// Height is the number of blocks before a block on its chain: 0 for genesis. Blocks on
// different branches can have the same height, so it identifies none.
type Height int32

// Header is the part of a block that proof of work is done on. It commits to all
// earlier blocks by Prev and to its own transactions by MerkleRoot: a change to either
// changes Hash, and the work must be done again (whitepaper §3, §4):
//
//	 header 7                     header 8                     header 9
//	+--------------------+       +--------------------+       +--------------------+
//	| Prev  …  Nonce     | <------ Prev  …  Nonce     | <------ Prev  …  Nonce     |
//	|       MerkleRoot   |       |       MerkleRoot   |       |       MerkleRoot   |
//	+-----------|--------+       +-----------|--------+       +-----------|--------+
//	       transactions                 transactions                 transactions
type Header struct {
	Version    int32
	Prev       Hash   // hash of the parent's header; zero in genesis
	MerkleRoot Hash   // root of the tree over the txids, see MerkleRoot
	Time       uint32 // seconds since 1970, by the miner's clock
	Bits       uint32 // the target that Hash must meet, in compact form, see pow.Target
	Nonce      uint32 // the number that the miner varies to find such a Hash
}

// Bytes returns the 80 bytes that are hashed. The nonce comes last, so a miner can
// reuse the SHA-256 state of the first 64 bytes for every nonce:
//
//	0         4          36         64  68     72     76      80
//	| Version |   Prev   | MerkleRoot   | Time | Bits | Nonce |
//	|------ block 1 of SHA-256 -----|-------- block 2 --------|
func (h *Header) Bytes() (out [HeaderSize]byte) {
	le := binary.LittleEndian
	le.PutUint32(out[0:], uint32(h.Version))
	copy(out[4:], h.Prev[:])
	copy(out[36:], h.MerkleRoot[:])
	le.PutUint32(out[68:], h.Time)
	le.PutUint32(out[72:], h.Bits)
	le.PutUint32(out[76:], h.Nonce)
	return out
}

// Hash returns the double SHA-256 of the 80 bytes, which identifies the block.
func (h *Header) Hash() Hash {
	b := h.Bytes()
	return Sum(b[:])
}

// ParseHeader returns the header that b holds. It rejects any length but 80 bytes; no
// 80 bytes are malformed.
func ParseHeader(b []byte) (Header, error) {
	r := newReader(b)
	h := r.header()
	if err := r.end(); err != nil {
		return Header{}, fmt.Errorf("header: %w", err)
	}
	return h, nil
}

func (r *reader) header() (h Header) {
	h.Version = int32(r.uint32())
	h.Prev = r.hash()
	h.MerkleRoot = r.hash()
	h.Time = r.uint32()
	h.Bits = r.uint32()
	h.Nonce = r.uint32()
	return h
}
