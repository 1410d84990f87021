//go:build !race

package pow

import (
	"testing"

	"toychain/block"
	"toychain/internal/alloc"
	"toychain/internal/sha256d"
)

// The race detector makes the standard library allocate, so this file is not built with it.
func TestSearchAllocatesNothingPerNonce(t *testing.T) {
	h, target := block.Header{Version: 1}, fromBits(t, 0x1d00ffff)
	for _, k := range sha256d.Kernels() {
		perSearch := func(n uint64) uint64 {
			return alloc.Bytes(func() { search(k, &h, target, 0, n) })
		}
		if one, many := perSearch(1), perSearch(5000); many > one {
			t.Errorf("%s: %d bytes allocated for 5000 nonces, %d for one", k.Name, many, one)
		}
	}
}
