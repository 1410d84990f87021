//go:build !purego && !portable

package sha256d

import "math/bits"

// kernels are the ways to search that this processor has, the fastest first.
// Build with -tags portable to have only the portable one; with purego the standard
// library's SHA-256 is without its assembly, too.
var kernels = detect()

// detect returns the kernels whose instructions the processor has (the bits are in
// Intel's and AMD's manuals under CPUID and XGETBV).
//
// On a Zen 5 avx512 is two and a half times as fast as sha-ni. By counting it should
// win elsewhere, too. Where only two instructions on wide registers start in a cycle,
// its 3,000 for 16 nonces are 94 cycles a nonce. sha-ni has 61 SHA256RNDS2 for each
// nonce, and at best one of them starts every two cycles.
func detect() (found []Kernel) {
	highest, _, _, _ := cpuid(0, 0)
	if highest < 7 {
		return []Kernel{portable}
	}
	_, _, basic, _ := cpuid(1, 0)
	_, extended, _, _ := cpuid(7, 0)

	// The system must save these registers when it switches threads: those of SSE and
	// AVX (bits 1, 2), the masks, and what is wider or beyond the sixteenth (5, 6, 7).
	const osxsave, avx512f, saved = 1 << 27, 1 << 16, 1<<1 | 1<<2 | 1<<5 | 1<<6 | 1<<7
	if basic&osxsave != 0 && extended&avx512f != 0 && xgetbv()&saved == saved {
		found = append(found, avx512)
	}
	// SSSE3 and SSE4.1 go with the SHA instructions.
	const ssse3, sse41, sha = 1 << 9, 1 << 19, 1 << 29
	if basic&ssse3 != 0 && basic&sse41 != 0 && extended&sha != 0 {
		found = append(found, shaInstructions)
	}
	return append(found, portable)
}

// shaInstructions is the kernel of sha_amd64.s. Go cannot interrupt assembly, for
// example to collect garbage, so no call runs for more than about a millisecond.
var shaInstructions = Kernel{"sha-ni", func(j *Job, from uint32, n uint64) uint64 {
	const piece = 1 << 14
	f := newFrame(j)
	for done := uint64(0); done < n; done += piece {
		size := min(piece, n-done)
		if i := scanSHA(f, from+uint32(done), size); i < size {
			return done + i
		}
	}
	return n
}}

// scanSHA hashes the n nonces from, from+1, … two at a time. It returns the index of
// the first candidate, or n or n+1 if there is none among the n.
//
//go:noescape
func scanSHA(f *frame, from uint32, n uint64) uint64

func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

// xgetbv returns the lower half of XCR0. It is only there if cpuid says osxsave.
func xgetbv() uint32

// frame is what the assembly reads: all that does not depend on the nonce, computed
// once. The words of a block are w[0] … w[15], and SHA-256 expands them up to
// w[63]; round t uses k[t]+w[t]. The nonce is w[3] of the first hash's second block.
// States are in the order f e b a h g d c that the instructions want.
type frame struct {
	mid     [8]uint32  // the midstate
	four    [8]uint32  // the state after rounds 0 to 3 if w[3] were 0
	tail    [4]uint32  // w[0] … w[3] of the first hash, w[3] being 0
	pad1    [12]uint32 // w[4] … w[15] of the first hash
	kw1     [12]uint32 // the same plus k[4] … k[15]
	pad2    [8]uint32  // w[8] … w[15] of the second hash
	kw2     [8]uint32  // the same plus k[8] … k[15]
	initial [8]uint32  // the state that every SHA-256 starts from
	top     uint32     // Job.top
}

func newFrame(j *Job) *frame {
	const end = 0x80000000 // the one bit that ends a message, see pad
	f := &frame{
		mid:     order(j.midstate),
		tail:    [4]uint32{j.tail[0], j.tail[1], j.tail[2], 0},
		pad1:    [12]uint32{0: end, 11: 80 * 8},
		pad2:    [8]uint32{0: end, 7: 32 * 8},
		initial: order(initial),
		top:     j.top,
	}
	for i, w := range f.pad1 {
		f.kw1[i] = k[4+i] + w
	}
	for i, w := range f.pad2 {
		f.kw2[i] = k[8+i] + w
	}
	s := j.midstate
	for t, w := range f.tail {
		s = round(s, k[t]+w)
	}
	f.four = order(s)
	return f
}

// order sorts a state a … h as the instructions want it.
func order(s [8]uint32) [8]uint32 {
	return [8]uint32{s[5], s[4], s[1], s[0], s[7], s[6], s[3], s[2]}
}

// round is one of SHA-256's 64 rounds (FIPS 180-4 §6.2.2). kw enters the new a and
// the new e by addition and nothing else, so the word of the last round done here
// can be left out and added to both when it is known.
func round(s [8]uint32, kw uint32) [8]uint32 {
	a, b, c, d, e, f, g, h := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	h += kw + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + (e&f ^ ^e&g)
	return [8]uint32{h + (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + (a&b ^ a&c ^ b&c), a, b, c, d + h, e, f, g}
}

func ror(x uint32, n int) uint32 { return bits.RotateLeft32(x, -n) }

// initial is the state that every SHA-256 starts from (FIPS 180-4 §5.3.3).
var initial = [8]uint32{
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
}

// k are the constants of the 64 rounds (FIPS 180-4 §4.2.2).
var k = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}
