package engine

import (
	"time"

	"toychain/chain"
)

// Save is the second half of Step: when it returns, everything that the effects tell
// others is safe.
//
// A block is safe once its body is. The tree stored that when it took the block in; the
// change of the best chain is written behind it, and a start after a crash makes up for
// what is missing of that. So there are three cases:
//
//	following the tip         the body is synced; the change is on its way
//	syncing, a user's block   the body outlives the process; the change is on its way
//	syncing, a peer's block   both are on their way, many changes in one batch
//
// What a start cannot make up for is synced in any case: a user's overriding of the fork
// choice, and the journal's entry of a reorganisation. A tick syncs what is on its way.
func (e *Engine) Save() error {
	switch blocks, bytes := e.tree.Unflushed(); {
	case e.final:
		return inOrder(e.tree.Flush, e.tree.Sync)
	case e.ticked:
		return inOrder(e.tree.Sync, e.tree.Flush)
	case !e.Syncing():
		return inOrder(e.tree.SyncBlocks, e.tree.Flush)
	case e.submitted:
		return inOrder(e.tree.Flush, e.tree.Wait)
	case blocks >= flushBlocks || bytes >= flushBytes:
		return e.tree.Flush()
	}
	return nil
}

// Start connects the blocks that an earlier process stored and did not come to connect, and
// returns how the best chain moved. It comes before the first input.
func (e *Engine) Start(now time.Time) (chain.Change, error) {
	change, err := e.tree.ConnectStored(now)
	if err == nil {
		err = e.Stop() // also writes genesis to an empty disk
	}
	return change, err
}

// Stop writes what is still in memory, and syncs it. It comes after the last input.
func (e *Engine) Stop() error { return inOrder(e.tree.Flush, e.tree.Sync) }

// inOrder calls one function and then the other, and returns the first error.
func inOrder(first, second func() error) error {
	if err := first(); err != nil {
		return err
	}
	return second()
}

// classify sets what Save has to know of an input.
func (e *Engine) classify(in Input) {
	e.final, e.ticked, e.submitted, e.bulk = false, false, false, false
	switch in := in.(type) {
	case Override:
		e.final = true
	case HeadersReceived:
		e.final = in.Peer == "" // submitted, and stored with no block
	case BlockReceived:
		e.submitted = in.Peer == ""
	case BlocksSubmitted:
		e.submitted, e.bulk = true, true
	case Tick:
		e.ticked = true
	}
}

// Syncing reports whether more blocks are to come: they were requested, or the tip is so
// old that there must be more (Core: IsInitialBlockDownload).
func (e *Engine) Syncing() bool { return e.syncing(e.now) }

func (e *Engine) syncing(now time.Time) bool {
	old := int64(e.tree.Tip().Header.Time) < now.Add(-maxTipAge).Unix()
	return old || len(e.inFlight) > 0 && e.CatchingUp()
}
