// Package alloc measures for tests what a call takes from the heap.
package alloc

import "runtime"

// tries is how often a call is measured. What the runtime and other goroutines take
// meanwhile is counted too and can only add, so the least of some is the call's own.
const tries = 10

// Bytes calls f some times and returns the fewest bytes that one of the calls
// allocated, freed again or not. Bytes that f takes in its first call alone are not
// seen.
func Bytes(f func()) uint64 {
	least := ^uint64(0)
	for range tries {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}
