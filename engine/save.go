package engine

import (
	"time"

	"toychain/chain"
	"toychain/consensus"
)

// When what was decided goes to the disk. A node that follows the tip writes each
// change before it says so: whatever it tells is on its disk. One that catches up
// writes many blocks in one batch, and checks the next while the disk is busy: what a
// crash takes from it, it downloads again. Blocks that its own user hands in nobody
// else may have. If they are old, because the user brings a whole chain, or large, they
// are noted down one by one, which is quicker than to enter each of their coins and
// payments in the store, and written in batches too; the disk is busy with a young one
// while its signatures are checked. Many that are handed in at once are written at once.

// Saved is what Save did.
type Saved int

const (
	SavedNothing Saved = iota // all that changed is still in memory, but for Notes
	SavedLater                // everything is on its way to the disk, and all before has arrived
	SavedNow                  // everything is on the disk
)

// Save is the second half of Step.
func (e *Engine) Save() (Saved, error) {
	switch e.due {
	case SavedNow:
		e.noted, e.loose = false, false
		return SavedNow, e.tree.Flush()
	case SavedLater:
		return SavedLater, e.tree.FlushLater()
	}
	return SavedNothing, nil
}

// whenDue decides what Save has to do after an input.
func (e *Engine) whenDue(in Input) Saved {
	downloading := len(e.inFlight) > 0 && e.CatchingUp()
	catchingUp := downloading || e.noted
	blocks, bytes := e.tree.Unflushed()
	switch in := in.(type) {
	case Override, BlocksSubmitted:
		catchingUp = false
	case BlockReceived:
		if in.Peer != "" {
			catchingUp = downloading
		} else if !e.noting || e.loose {
			catchingUp = false
		}
	case Tick: // nothing waits for longer than this
		if catchingUp && blocks > 0 {
			return SavedLater
		}
		catchingUp = downloading
	}
	switch {
	case !catchingUp:
		return SavedNow
	case blocks >= flushBlocks || bytes >= flushBytes:
		return SavedLater
	}
	return SavedNothing
}

// note has a block that was taken in noted down instead of written, if our user brought
// it, it is old or large, it makes nothing happen that the journal must tell, and all
// that it stands on is safe.
func (e *Engine) note(in BlockReceived, change *chain.Change) {
	note, ok := e.noteOf(e.now, in)
	if !ok || e.atOnce || change.Reorg != nil {
		e.loose = true
		return
	}
	e.noting, e.noted = true, true
	e.emit(note)
}

// noteOf returns how a block would be noted down, if it is one to be.
func (e *Engine) noteOf(now time.Time, in BlockReceived) (Note, bool) {
	young := int64(in.Block.Header.Time) >= now.Add(-maxTipAge).Unix()
	ok := in.Peer == "" && !e.loose && (!young || in.Block.Size() >= noteSize)
	return Note{Block: in.Block, Time: now, Sync: young}, ok
}

// Foresee returns the Note that Decide will ask for if it finds nothing wrong with the
// body of a block on top of the tip. The disk may begin with it while the signatures are
// checked. Should a crash leave the note of a block that is refused then, the next process
// refuses it again.
func (e *Engine) Foresee(now time.Time, in Input) (Note, bool) {
	got, ok := in.(BlockReceived)
	if !ok {
		return Note{}, false
	}
	note, ok := e.noteOf(now, got)
	return note, ok && got.Block.Size() <= consensus.MaxBlockSize && e.tree.WouldExtend(&got.Block.Header, now)
}
