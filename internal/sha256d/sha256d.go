package sha256d

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
)

// headerSize is the number of bytes that are hashed; the nonce is the last four.
const headerSize = 80

// Kernels returns the ways to hash that this processor has, the fastest first.
func Kernels() []Kernel { return kernels }

// Fastest returns the first of Kernels.
func Fastest() Kernel { return kernels[0] }

// Kernel is one way to hash many nonces.
type Kernel struct {
	Name string
	scan func(j *Job, from uint32, n uint64) uint64
}

// Scan hashes the header with the n nonces from, from+1, … (n is at least 1, and from+n
// at most 2^32). It returns the number of nonces before the first candidate, or n if
// there is none. A candidate is a nonce whose hash, read as a little-endian number, has
// highest 32 bits of at most the job's top.
func (k Kernel) Scan(j *Job, from uint32, n uint64) uint64 { return k.scan(j, from, n) }

// Job holds what a search computes once, because no nonce changes it.
//
// SHA-256 processes its message in blocks of 64 bytes. The nonce is the last four of
// the 80 bytes, so the state after the first block, the midstate, is the same for every
// nonce. It saves one of the three blocks that a hash of a header takes (two for 80
// bytes and padding, one for the second SHA-256).
//
//	header  |version, previous hash, merkle root …|… root, time, bits, nonce, padding|
//	        |---------- 64 bytes: midstate --------|------- 64 bytes, per nonce ------|
type Job struct {
	midstate [8]uint32 // SHA-256's state after the first 64 bytes
	tail     [3]uint32 // bytes 64 to 75 as SHA-256 reads them: rest of the root, time, bits
	top      uint32    // highest 32 bits of the target
}

// NewJob returns the job for the header b; top is the highest 32 bits of the target.
func NewJob(b *[headerSize]byte, top uint32) *Job {
	j := &Job{top: top}
	c := newCompressor()
	mid := c.mix(c.initial, b[:64])
	for i := range j.midstate {
		j.midstate[i] = binary.BigEndian.Uint32(mid[4*i:])
	}
	for i := range j.tail {
		j.tail[i] = binary.BigEndian.Uint32(b[64+4*i:])
	}
	return j
}

// portable is the kernel for every machine. It hashes with crypto/sha256, which uses
// the processor's instructions for it, but passes whole blocks, padding included.
var portable = Kernel{"portable", func(j *Job, from uint32, n uint64) uint64 {
	c := newCompressor()
	mid := make([]byte, 32)
	for i, word := range j.midstate {
		binary.BigEndian.PutUint32(mid[4*i:], word)
	}
	first, second := make([]byte, 64), make([]byte, 64)
	for i, word := range j.tail {
		binary.BigEndian.PutUint32(first[4*i:], word)
	}
	pad(first, 16, headerSize)
	pad(second, 32, 32)

	for i := range n {
		binary.LittleEndian.PutUint32(first[12:], from+uint32(i))
		copy(second, c.mix(mid, first))
		hash := c.mix(c.initial, second)
		if binary.LittleEndian.Uint32(hash[28:]) <= j.top {
			return i
		}
	}
	return n
}}

// pad completes the last block of a message of size bytes, of which used bytes are in
// it: a one bit, zeros, and the length in bits (FIPS 180-4 §5.1.1).
func pad(last []byte, used, size int) {
	last[used] = 0x80
	binary.BigEndian.PutUint64(last[56:], uint64(size)*8)
}

// compressor is the function inside SHA-256 that mixes one block of 64 bytes into
// a state of 32. crypto/sha256 does not export it, but its hashes can be saved and
// restored, and what they save is
//
//	"sha\x03" | state 32 | unfinished block 64 | bytes so far 8
//
// so to restore, write one block and save is to call the function, with the standard
// library's assembly and without an allocation.
type compressor struct {
	sha     savable
	initial []byte // the state that every SHA-256 starts from
	in, out []byte // saved hashes: "nothing written yet" with any state, and the result
}

// savable is implemented by crypto/sha256's hashes, as its documentation says.
type savable interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

func newCompressor() *compressor {
	c := &compressor{sha: sha256.New().(savable)}
	c.in, _ = c.sha.AppendBinary(nil)
	c.initial = bytes.Clone(c.in[4:36])
	return c
}

// mix returns the next state. It is overwritten by the next call.
func (c *compressor) mix(state, block []byte) []byte {
	copy(c.in[4:36], state)
	if err := c.sha.UnmarshalBinary(c.in); err != nil {
		panic(err) // our bug: the bytes come from AppendBinary
	}
	c.sha.Write(block)
	c.out, _ = c.sha.AppendBinary(c.out[:0])
	return c.out[4:36]
}
