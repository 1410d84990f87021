package sim

import (
	"iter"
	"sync"
)

// numbering gives the keys of a world numbers, from 1. Which key gets which number depends on
// what happens first, and means nothing. It is safe for concurrent use.
type numbering[K comparable] struct {
	mu   sync.RWMutex
	of   map[K]int32
	keys []K
}

// number returns the number of a key.
func (s *numbering[K]) number(k K) int32 {
	if n := s.find(k); n != 0 {
		return n
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.of[k]
	if n == 0 {
		if s.of == nil {
			s.of = map[K]int32{}
		}
		s.keys = append(s.keys, k)
		n = int32(len(s.keys))
		s.of[k] = n
	}
	return n
}

// find returns the number of a key; 0 if it has none.
func (s *numbering[K]) find(k K) int32 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.of[k]
}

// key returns the key that has a number.
func (s *numbering[K]) key(n int32) K {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.keys[n-1]
}

// table is a map from keys that have numbers. The nodes of a world have nearly the same keys, so
// a slice by number takes a fraction of what a map for each node would. A zero value is none.
type table[K, V comparable] struct {
	numbers *numbering[K]
	values  []V
}

func (t *table[K, V]) get(k K) (v V) {
	if n := t.numbers.find(k); int(n) < len(t.values) {
		v = t.values[n]
	}
	return v
}

// set sets the value of a key, and returns what it was.
func (t *table[K, V]) set(k K, v V) (old V) {
	n := t.numbers.number(k)
	if more := int(n) + 1 - len(t.values); more > 0 {
		t.values = append(t.values, make([]V, more)...)
	}
	old, t.values[n] = t.values[n], v
	return old
}

// all returns what is not zero, in no order.
func (t *table[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		var zero V
		for n, v := range t.values {
			if v != zero && !yield(t.numbers.key(int32(n)), v) {
				return
			}
		}
	}
}
