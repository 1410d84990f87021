package store

import (
	"fmt"
	"runtime"
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

// BenchmarkVerify and BenchmarkReindex are how much memory the two need, by the number of empty
// blocks: what is alive at ten moments, and what is made in all.
func BenchmarkVerify(b *testing.B) {
	benchmarkAlive(b, func(db *DB, progress func(done, total int)) error {
		findings, err := db.Verify(unsigned, 0, progress)
		if len(findings) > 0 {
			b.Error(findings)
		}
		return err
	})
}

func BenchmarkReindex(b *testing.B) {
	benchmarkAlive(b, func(db *DB, progress func(done, total int)) error {
		if err := db.Close(); err != nil {
			return err
		}
		_, err := Reindex(db.dir, db.params, unsigned, progress)
		return err
	})
}

func benchmarkAlive(b *testing.B, f func(db *DB, progress func(done, total int)) error) {
	for _, blocks := range []int{10_000, 50_000, 200_000} {
		b.Run(fmt.Sprintf("blocks=%d", blocks), func(b *testing.B) {
			p, list := commits(b, blocks, 0, 500)
			db := filled(b, p, list)
			list = nil
			runtime.GC()
			var most uint64
			var before, m runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				calls := 0
				err := f(db, func(done, total int) {
					calls++
					if last := done+1 == total || done == total; last || calls%(blocks/10) == 0 {
						runtime.GC()
						runtime.ReadMemStats(&m)
						most = max(most, m.HeapAlloc)
					}
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(most-before.HeapAlloc)/float64(blocks), "B/block-alive")
			b.ReportMetric(float64(m.TotalAlloc-before.TotalAlloc)/float64(blocks*b.N), "B/block-made")
		})
	}
}
