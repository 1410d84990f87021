package alloc_test

import (
	"testing"

	"toychain/internal/alloc"
)

var sink []byte

func TestBytes(t *testing.T) {
	for _, n := range []int{1 << 12, 1 << 20} {
		if got := alloc.Bytes(func() { sink = make([]byte, n) }); got < uint64(n) || got > uint64(n)+4000 {
			t.Errorf("%d bytes measured as %d", n, got)
		}
	}
	if got := alloc.Bytes(func() {}); got > 1000 {
		t.Errorf("nothing measured as %d bytes", got)
	}
}

// What others take now and then is not the call's.
func TestBytesOfOthers(t *testing.T) {
	calls := 0
	if got := alloc.Bytes(func() {
		if calls++; calls%3 != 0 {
			sink = make([]byte, 1<<20)
		}
	}); got > 1000 {
		t.Errorf("nothing of its own measured as %d bytes", got)
	}
}
