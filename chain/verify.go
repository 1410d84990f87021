package chain

import (
	"runtime"
	"sync"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"

	"toychain/block"
	"toychain/consensus"
)

// Verifier checks signatures on all cores, and those of each transaction once: what
// the mempool has checked is not checked again in a block. A txid covers the input
// scripts and, through the outpoints, the outputs that they answer, so the same txid
// always gets the same answer: the cache changes the cost, never the verdict (Core's
// signature cache). It is safe for concurrent use.
type Verifier struct {
	consensus.Spending
	seen *lru.Cache[block.Hash, struct{}] // txids whose inputs may all spend their coins
}

// verifierSize is how many txids a Verifier remembers: about 10 MB, twenty full blocks
// of small transactions.
const verifierSize = 60_000

// NewVerifier returns a Verifier of rule that has seen nothing.
func NewVerifier(rule consensus.Spending) *Verifier {
	return &Verifier{rule, newCache[block.Hash, struct{}](verifierSize)}
}

func newCache[K comparable, V any](size int) *lru.Cache[K, V] {
	c, err := lru.New[K, V](size)
	if err != nil {
		panic(err) // a size that is not positive
	}
	return c
}

// Verify implements consensus.Verifier. The answer does not depend on the number of
// cores: of several faults the first in block order is returned.
func (v *Verifier) Verify(spenders []consensus.Spender) error {
	type input struct {
		of *consensus.Spender
		i  int
	}
	var todo []input
	var fresh []block.Hash
	for n := range spenders {
		s := &spenders[n]
		if _, known := v.seen.Get(s.ID); known {
			continue
		}
		fresh = append(fresh, s.ID)
		for i := range s.Spent {
			todo = append(todo, input{s, i})
		}
	}
	faults := make([]error, len(todo))
	onAllCores(len(todo), func(n int) bool {
		s, i := todo[n].of, todo[n].i
		faults[n] = v.Check(s.Tx, i, s.Spent[i].Output)
		return faults[n] == nil
	})
	for n, err := range faults {
		if err != nil {
			return todo[n].of.Fault(todo[n].i, err)
		}
	}
	for _, id := range fresh {
		v.seen.Add(id, struct{}{})
	}
	return nil
}

// onAllCores calls f for 0 to n-1 and returns when all calls have returned. Once a
// call returns false, no later number is started; every earlier one is. The numbers are given
// out in order, so the lowest that fails was started whatever the others did: that is why
// the first fault in block order is the same on one core and on sixteen.
func onAllCores(n int, f func(int) bool) {
	workers := min(runtime.GOMAXPROCS(0), (n+3)/4) // fewer than four each are not worth a goroutine
	if workers <= 1 {
		for i := 0; i < n && f(i); i++ {
		}
		return
	}
	var next atomic.Int64
	var stop atomic.Bool
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for !stop.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if !f(i) {
					stop.Store(true)
				}
				runtime.Gosched() // the block is being passed on meanwhile, which else waits for ten milliseconds at each step
			}
		})
	}
	group.Wait()
}
