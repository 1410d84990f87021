//go:build !purego && !portable

package sha256d

// avx512 is the kernel of avx512_amd64.s. As in shaInstructions, no call runs
// for more than about a millisecond.
var avx512 = Kernel{"avx512", func(j *Job, from uint32, n uint64) uint64 {
	const piece = 1 << 15
	l := newLanes(j)
	for done := uint64(0); done < n; done += piece {
		size := min(piece, n-done)
		if i := scanAVX512(l, from+uint32(done), size); i < size {
			return done + i
		}
	}
	return n
}}

// scanAVX512 hashes the n nonces from, from+1, … sixteen at a time. It returns the index
// of the first candidate, or n or up to 15 more if there is none among the n.
//
//go:noescape
func scanAVX512(l *lanes, from uint32, n uint64) uint64

// lanes is what the assembly reads: all that is the same for every nonce, computed
// once. Each number but those of index is meant for all sixteen lanes. The words of
// a block are w[0] … w[15], expanded up to w[63], as in frame; states are a … h.
//
// A word from w[16] on is a sum of four terms, see expand. Terms that no nonce changes
// are added up here, as the rest of that word; the assembly adds the others.
type lanes struct {
	index   [16]uint32 // 0 … 15: how far each lane's nonce is from the first
	mid     [8]uint32  // the midstate
	four    [8]uint32  // the state after rounds 0 to 3 of the first hash if w[3] were 0
	one     [8]uint32  // the state after round 0 of the second hash if w[0] were 0
	kw1     [12]uint32 // w[4] … w[15] of the first hash plus k[4] … k[15]
	kw2     [8]uint32  // w[8] … w[15] of the second hash plus k[8] … k[15]
	rest1   [16]uint32 // the rest of w[16] … w[31] of the first hash
	rest2   [16]uint32 // the same of the second hash
	initial uint32     // the last word of the state that every SHA-256 starts from
	even    uint32     // the bytes 0 and 2 of a number
	top     uint32     // Job.top
}

func newLanes(j *Job) *lanes {
	const end = 0x80000000 // the one bit that ends a message, see pad
	l := &lanes{mid: j.midstate, initial: initial[7], even: 0x00ff00ff, top: j.top}
	for i := range l.index {
		l.index[i] = uint32(i)
	}

	// Words that nonces change are 0 here, and then add 0 to the words after them.
	w1 := [32]uint32{0: j.tail[0], 1: j.tail[1], 2: j.tail[2], 4: end, 15: 80 * 8}
	w2 := [32]uint32{8: end, 15: 32 * 8}
	w1[16], w1[17] = expand(&w1, 16), expand(&w1, 17)
	for i := range l.kw1 {
		l.kw1[i] = k[4+i] + w1[4+i]
	}
	for i := range l.kw2 {
		l.kw2[i] = k[8+i] + w2[8+i]
	}
	for i := range l.rest1 {
		l.rest1[i], l.rest2[i] = expand(&w1, 16+i), expand(&w2, 16+i)
	}

	l.four = j.midstate
	for t := range 4 {
		l.four = round(l.four, k[t]+w1[t])
	}
	l.one = round(initial, k[0])
	return l
}

// expand returns w[t] for t from 16 on (FIPS 180-4 §6.2.2).
func expand(w *[32]uint32, t int) uint32 {
	x, y := w[t-2], w[t-15]
	return (ror(x, 17) ^ ror(x, 19) ^ x>>10) + w[t-7] + (ror(y, 7) ^ ror(y, 18) ^ y>>3) + w[t-16]
}
