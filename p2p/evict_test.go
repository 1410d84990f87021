package p2p

import (
	"fmt"
	"hash/maphash"
	"slices"
	"testing"
	"time"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// Sixty peers of one network connect, one after the other, and some merit protects each of a
// few: of the rest the half that came last may be evicted, and the youngest is.
func TestSelectToEvict(t *testing.T) {
	seed, begin := maphash.MakeSeed(), time.Unix(1000, 0)
	var all []candidate
	for i := range 60 {
		c := candidate{id: corepeer.ID(fmt.Sprint(i)), group: "10.1", connected: begin.Add(time.Duration(i) * time.Second)}
		switch {
		case i >= 50: // the youngest have merits: ten of each, more than are protected
			c.latency, c.tx, c.block = time.Duration(i), begin.Add(time.Duration(i)), begin.Add(time.Duration(-i))
		case i >= 40:
			c.group = fmt.Sprint("10.", i)
		}
		all = append(all, c)
	}
	left, evicted := all, []string{}
	for {
		id, found := selectToEvict(left, seed)
		if !found || len(left) == 1 {
			break
		}
		evicted = append(evicted, string(id))
		left = slices.DeleteFunc(slices.Clone(left), func(c candidate) bool { return c.id == id })
	}
	if evicted[0] != "39" { // all of 50 to 59 are protected: by ping, transaction or block
		t.Errorf("evicted first is %s, want 39: the youngest without merit of the largest network", evicted[0])
	}
	survive := func(what string, n int, of func(candidate) bool) {
		t.Helper()
		got := 0
		for _, c := range left {
			if of(c) {
				got++
			}
		}
		if got < n {
			t.Errorf("%d of %s survive, want %d", got, what, n)
		}
	}
	survive("the lowest pings", protectedPings, func(c candidate) bool { return c.latency > 0 && c.latency < 58 })
	survive("other networks", protectedGroups-1, func(c candidate) bool { return c.group != "10.1" })
	if _, found := selectToEvict(nil, seed); found {
		t.Error("evicted nobody's peer")
	}
	if id, _ := selectToEvict(all[:1], seed); id != "" && id != "0" {
		t.Errorf("of one: %s", id)
	}
	for name, c := range map[string]candidate{"transactions": {tx: begin}, "blocks": {block: begin}, "pings": {latency: 1}} {
		c.connected = begin.Add(time.Hour) // the youngest
		idle := []candidate{{id: "idle", connected: begin.Add(time.Minute)}, {id: "old", connected: begin}}
		c.id = "useful"
		if id, _ := selectToEvict(append(idle, c), seed); id != "idle" {
			t.Errorf("%s: evicted is %s, want the idle peer", name, id)
		}
	}
}
