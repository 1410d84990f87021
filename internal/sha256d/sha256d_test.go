package sha256d

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"
)

// Which kernels are tested, here and in pow, depends on the processor. This says which.
func TestKernels(t *testing.T) {
	var names []string
	for _, k := range kernels {
		names = append(names, k.Name)
	}
	t.Logf("kernels of this processor: %s", strings.Join(names, ", "))
	if len(kernels) == 0 || kernels[len(kernels)-1].Name != portable.Name {
		t.Errorf("kernels %v: want the portable one last", names)
	}
}

// Each kernel stops at the nonces at which a plain double SHA-256 has 12 zero bits in front.
func TestScanIsDoubleSHA256(t *testing.T) {
	var header [headerSize]byte
	for i := range header {
		header[i] = byte(i)
	}
	const top = 1<<20 - 1
	j := NewJob(&header, top)
	next := uint32(0)
	for range 3 {
		want := next
		for ; ; want++ {
			binary.LittleEndian.PutUint32(header[76:], want)
			first := sha256.Sum256(header[:])
			second := sha256.Sum256(first[:])
			if binary.LittleEndian.Uint32(second[28:]) <= top {
				break
			}
		}
		for _, k := range Kernels() {
			if got := next + uint32(k.Scan(j, next, 1<<20)); got != want {
				t.Fatalf("%s: candidate %d, want %d", k.Name, got, want)
			}
		}
		next = want + 1
	}
}
