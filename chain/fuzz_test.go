package chain_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// A random set of valid and invalid blocks in a random order, with flushes,
// restarts and overruling by hand: nothing breaks what must hold of the tree. The
// seed draws the forest and each byte of script is one event.
func FuzzTree(f *testing.F) {
	f.Add(uint64(1), []byte("some blocks in order: \x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"))
	f.Add(uint64(2), []byte{40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 5, 4, 3, 2, 1, 0, 250, 7, 251, 9, 252, 11, 253, 12, 254, 255})
	f.Add(uint64(3), bytes.Repeat([]byte{0, 10, 20, 250, 30, 251, 5, 15, 252, 25, 253}, 6))
	forests := make(map[uint64]*forest) // drawing one costs more than playing it
	f.Fuzz(func(t *testing.T, seed uint64, script []byte) {
		seed %= 8
		drawn := forests[seed]
		if drawn == nil {
			drawn = newForest(rand.New(rand.NewPCG(seed, 2)), 24)
			forests[seed] = drawn
		}
		played := *drawn
		played.dice = rand.New(rand.NewPCG(seed, 3))
		r := &trial{forest: &played, disk: drawn.disk(), oracle: newOracle(drawn.blocks[0].Parent), now: now}
		r.tree = r.disk.MustOpen(r.params)
		for i, event := range script[:min(len(script), 200)] {
			var err error
			switch {
			case event >= 253:
				err = r.overrule()
			case event == 252:
				err = errors.Join(r.flush(), r.restart())
			case event >= 250:
				err = r.flush()
			default:
				err = r.deliver(r.blocks[int(event)%len(r.blocks)])
			}
			if err = errors.Join(err, r.check()); err != nil {
				t.Fatalf("event %d, %d: %v", i, event, err)
			}
		}
	})
}
