package store

import (
	"fmt"
	"testing"
)

// BenchmarkTree is how long a start takes to read the headers of so many blocks and to make the
// tree of them.
func BenchmarkTree(b *testing.B) {
	for _, blocks := range []int{10_000, 50_000, 300_000} {
		p, list := commits(b, blocks, 0, 5000)
		db := filled(b, p, list)
		b.Run(fmt.Sprintf("blocks=%d", blocks), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := db.Tree(unsigned, 6); err != nil {
					b.Fatal(err)
				}
			}
		})
		db.Close()
	}
}
