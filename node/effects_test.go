package node

import (
	"errors"
	"testing"

	"toychain/consensus"
	"toychain/internal/chaingen"
)

// A block of more than 1,000,000 bytes is not taken apart.
func TestTooLargeToParse(t *testing.T) {
	b := chaingen.Genesis(chaingen.Network()).Template("large")
	b.Txs[0].Outputs[0].Script = make([]byte, 100_000) // from here on a byte more is a byte more
	for _, size := range []int{1_000_000, 1_000_001} {
		pad := &b.Txs[0].Outputs[0].Script
		*pad = append(*pad, make([]byte, size-b.Size())...)
		switch _, err := parseBlock(b.Bytes()); {
		case b.Size() != size:
			t.Fatalf("%d bytes, want %d", b.Size(), size)
		case size == 1_000_000 && err != nil, size > 1_000_000 && !errors.Is(err, consensus.BadLength):
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
