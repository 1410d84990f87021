package p2p

import "time"

// bucket is a token bucket: it limits how often something may happen, and lets a burst pass.
// The zero bucket is full.
type bucket struct {
	used float64 // tokens taken and not yet back
	at   time.Time
}

// take takes n tokens; false if there are fewer, and then it takes none. The bucket holds at
// most most tokens and gains perMinute.
func (b *bucket) take(n, most, perMinute float64, now time.Time) bool {
	if gone := now.Sub(b.at); gone > 0 {
		b.used = max(0, b.used-gone.Minutes()*perMinute)
		b.at = now
	}
	if b.used+n > most {
		return false
	}
	b.used += n
	return true
}
