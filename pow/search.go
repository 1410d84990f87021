package pow

import (
	"toychain/block"
	"toychain/internal/sha256d"
)

// Search tries the nonces from, from+1, … until one makes h meet t, sets it in h
// and returns true. It gives up after n of them, or at ffffffff, the last nonce
// there is: fewer tried than n and none found means that this header is used up
// and needs another time or merkle root. tried counts the nonces looked at, the
// found one included; the next search starts at from+tried. If none is found, h
// is unchanged.
//
// It returns what this loop would:
//
//	for h.Nonce = from; !t.Met(h.Hash()); h.Nonce++ {
//	}
//
// and is faster: package sha256d hashes many nonces and stops at a candidate, a hash
// whose highest 32 bits are not above the target's. All winners are candidates, and
// for hard targets nearly all candidates are winners. The result depends on the
// arguments alone; there is no clock and no context, so callers search in pieces of
// some milliseconds.
func Search(h *block.Header, t Target, from uint32, n uint64) (tried uint64, found bool) {
	return search(sha256d.Fastest(), h, t, from, n)
}

// search is Search with one of the ways to hash.
func search(k sha256d.Kernel, h *block.Header, t Target, from uint32, n uint64) (tried uint64, found bool) {
	n = min(n, 1<<32-uint64(from))
	raw := h.Bytes()
	job := sha256d.NewJob(&raw, uint32(t.n[3]>>32))
	for tried < n {
		tried += k.Scan(job, from+uint32(tried), n-tried)
		if tried == n {
			break
		}
		try := *h
		try.Nonce = from + uint32(tried)
		tried++
		if t.Met(try.Hash()) {
			h.Nonce = try.Nonce
			return tried, true
		}
	}
	return tried, false
}
