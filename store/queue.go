package store

import (
	"sync"
	"sync/atomic"
)

// queue runs writes one after the other, in the order in which they were handed in, while
// the callers go on: signatures are checked while the block is stored, and a node that
// catches up checks blocks while those before them are written.
//
//	Put 7 ── Put 8 ── Commit 7..8 ── Put 9 ── Sync ──►  one log, one order
//
// LevelDB's log keeps the order, so a change of the best chain is never on the disk
// without the bodies that it stands on (package ldb). Coins and undo data of the Commit
// that is on its way are answered from memory; everything else that is asked waits for it.
type queue struct {
	mu sync.Mutex
	// Each of these is closed when the newest write of its kind has ended, well or not;
	// nil if there never was one.
	all, puts, commits chan struct{}
	failed             error // of the first write that failed; none runs after it

	bytes atomic.Int64 // of bodies that wait to be Put
}

// add has write called when all that were added before have ended, unless one of them
// failed. newest, if not nil, is the channel of its kind. done is closed when it has
// ended. The error is that of an earlier write.
func (q *queue) add(newest *chan struct{}, write func() error) (done chan struct{}, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed != nil {
		return nil, q.failed
	}
	before := q.all
	done = make(chan struct{})
	q.all = done
	if newest != nil {
		*newest = done
	}
	go func() {
		defer close(done)
		if before != nil {
			<-before
		}
		if q.failure() == nil {
			q.fail(write())
		}
	}()
	return done, nil
}

// await returns when the newest write of a kind has ended.
func (q *queue) await(newest *chan struct{}) {
	q.mu.Lock()
	done := *newest
	q.mu.Unlock()
	if done != nil {
		<-done
	}
}

// failure returns the error of the first write that failed.
func (q *queue) failure() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.failed
}

// fail ends all writing if err is not nil: it is not known how much of that write arrived.
func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.failed = err
}
