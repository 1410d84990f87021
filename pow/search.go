package pow

import (
	"toychain/block"
	"toychain/internal/sha256d"
)

// Search tries the nonces from, from+1, … It returns true when one makes h's hash meet
// t, and sets that nonce in h. It returns false, with h unchanged, after n nonces or
// after ffffffff, the last one: if tried is less than n, this header is used up and
// needs another time or merkle root. tried counts the nonces, the winning one
// included, so the next search starts at from+tried.
//
// The result is that of this loop:
//
//	for h.Nonce = from; !t.Met(h.Hash()); h.Nonce++ {
//	}
//
// It is faster because package sha256d hashes many nonces at once and stops only at a
// candidate: a hash whose highest 32 bits are at most the target's. Every winner is a
// candidate, and for hard targets nearly every candidate is a winner. There is no
// context to cancel a search, so callers search in pieces of a few milliseconds.
func Search(h *block.Header, t Target, from uint32, n uint64) (tried uint64, found bool) {
	return search(sha256d.Fastest(), h, t, from, n)
}

// search is Search with the given way to hash.
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
