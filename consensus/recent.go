package consensus

import "sync"

// recent remembers values that were of use lately: two generations of them, the older
// of which is forgotten when the younger is full. Safe for use by several goroutines.
type recent[K comparable, V any] struct {
	size int // of a generation

	mu         sync.Mutex
	young, old map[K]V
}

func newRecent[K comparable, V any](size int) *recent[K, V] {
	return &recent[K, V]{size: size, young: make(map[K]V)}
}

// get returns what is remembered under k, if anything is.
func (r *recent[K, V]) get(k K) (v V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok = r.young[k]; ok {
		return v, true
	}
	if v, ok = r.old[k]; ok {
		r.keep(k, v)
	}
	return v, ok
}

// put remembers v under k.
func (r *recent[K, V]) put(k K, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(k, v)
}

func (r *recent[K, V]) keep(k K, v V) {
	if len(r.young) >= r.size {
		r.young, r.old = make(map[K]V), r.young
	}
	r.young[k] = v
}
