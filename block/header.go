package block

import (
	"encoding/binary"
	"fmt"
)

// HeaderSize is the length of a header in bytes, always.
const HeaderSize = 80

// Height is a block's distance from genesis, which has height 0.
type Height int32

// Header is what proof of work is done on. It commits to the whole history by
// Prev and to its block's transactions by MerkleRoot.
type Header struct {
	Version    int32
	Prev       Hash   // hash of the parent's header; zero for genesis
	MerkleRoot Hash   // root over the txids, see MerkleRoot
	Time       uint32 // seconds since 1970; the miner's claim
	Bits       uint32 // the target that Hash must meet, in compact form, see pow.Target
	Nonce      uint32 // what the miner searches
}

// Bytes returns the 80 bytes that are hashed.
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

// Hash returns the block's identity: the double SHA-256 of the 80 bytes.
func (h *Header) Hash() Hash {
	b := h.Bytes()
	return Sum(b[:])
}

// ParseHeader reads exactly 80 bytes.
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
