package node

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"toychain/engine"
)

// task is a function for the goroutine that owns the engine. It is given the
// context of Run.
type task struct {
	f      func(run context.Context, release func())
	done   chan struct{}
	posted time.Time
}

// loop is the goroutine that owns the engine, until end is closed. A node at rest wakes up for
// what is due next, and for nothing else.
func (n *Node) loop(run context.Context, end <-chan struct{}) {
	defer close(n.over)
	n.idle.since = time.Now()
	var wake time.Time // when the timer fires; zero: it does not
	timer := time.NewTimer(0)
	timer.Stop()
	defer timer.Stop()
	for {
		if due := n.due(); !due.IsZero() && (wake.IsZero() || due.Before(wake)) {
			wake = due
			timer.Reset(max(time.Until(due), minTick))
		}
		select {
		case j := <-n.mailbox:
			n.carryOut(run, j)
		case j := <-n.looks:
			n.carryOut(run, j)
		case <-timer.C:
			wake = time.Time{}
			_, _ = n.step(run, engine.Tick{}) // step has logged it
			n.releaseMemory()
		case <-end:
			return
		}
	}
}

// due returns when the loop has something to do by itself, on the machine's clock; zero if it
// has nothing.
func (n *Node) due() time.Time {
	due := n.engine.Due()
	if !due.IsZero() {
		due = due.Add(-n.Clock())
	}
	if release := n.idle.since.Add(idleAfter); !n.idle.released && (due.IsZero() || release.Before(due)) {
		due = release
	}
	return due
}

func (n *Node) carryOut(run context.Context, j task) {
	n.posted = j.posted
	release := sync.OnceFunc(func() { close(j.done) })
	j.f(run, release)
	release()
}

// answerLooks runs the looks that wait now. It is called in the middle of an input, before
// anything of it shows: a reorganisation of 5,000 blocks takes many seconds, and nobody who
// only reads has to wait for its end.
func (n *Node) answerLooks() {
	defer func(posted time.Time) { n.posted = posted }(n.posted)
	for {
		select {
		case j := <-n.looks:
			n.carryOut(context.Background(), j) // a look needs no context
		default:
			return
		}
	}
}

// between is called while the tip moves over many blocks, after each of them.
func (n *Node) between(done, all int) {
	n.answerLooks()
	n.deep = all >= deepMove
	if done == 1 {
		n.moving = time.Now()
	}
	if now := time.Now(); now.Sub(n.moving) >= tellMoveEvery {
		n.moving = now
		n.log.Info("the tip moves: checking blocks", "done", done, "of", all)
	}
}

// waitForDisk is called while the engine waits for its disk. After a long move of the tip that
// takes seconds, too. Looks then see the new tip, which a crash takes back until the next
// start: its blocks are stored, so the start makes the same move again. They see it so while
// the node catches up, too; in the usual case, a block or two, they wait. So they do after a
// command of the user, whose move no start would make again.
func (n *Node) waitForDisk(done <-chan struct{}) {
	defer func(posted time.Time) { n.posted = posted }(n.posted)
	var looks chan task // none
	if n.deep {
		looks = n.looks
	}
	for {
		select {
		case <-done:
			return
		case j := <-looks:
			n.carryOut(context.Background(), j)
		}
	}
}

// do runs f on the engine's goroutine. If it returns an error, f did not run.
func (n *Node) do(ctx context.Context, to chan<- task, f func(run context.Context)) error {
	return n.begin(ctx, to, func(run context.Context, _ func()) { f(run) })
}

// begin is do for an f that may have begin return before it ends: when it calls release.
func (n *Node) begin(ctx context.Context, to chan<- task, f func(run context.Context, release func())) error {
	j := task{f, make(chan struct{}), time.Now()}
	select {
	case to <- j:
		<-j.done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-n.over:
		return ErrStopped
	}
}

// Look runs f on the goroutine that owns the engine: for quick reads that copy out
// what they need. If it returns an error, f did not run.
func (n *Node) Look(ctx context.Context, f func(*engine.Engine)) error {
	return n.do(ctx, n.looks, func(context.Context) { f(n.engine) })
}

// submit hands an input to the engine and returns its Answer.
func (n *Node) submit(ctx context.Context, in engine.Input) error {
	answers, err := n.submitMany(ctx, in)
	if err != nil || len(answers) == 0 {
		return err
	}
	return answers[len(answers)-1]
}

// submitMany hands an input to the engine and returns its Answers. The error says that
// there are none.
func (n *Node) submitMany(ctx context.Context, in engine.Input) (answers []error, err error) {
	var trouble error
	err = n.do(ctx, n.mailbox, func(run context.Context) { answers, trouble = n.step(run, in) })
	return answers, cmp.Or(err, trouble)
}

// step runs on the engine's goroutine: one input, then its effects. Our own
// trouble ends the node: what is in memory is ahead of the disk, so nothing may be
// built on it.
func (n *Node) step(run context.Context, in engine.Input) (answers []error, trouble error) {
	if n.broken {
		return nil, ErrStopped
	}
	effects, err := n.engine.Decide(n.Now(), in)
	if _, command := in.(engine.Override); command {
		n.deep = false
	}
	if err == nil {
		// Blocks of our own go to the peers before they are safe: peers validate them
		// themselves, and need not wait for our disk.
		for _, f := range effects {
			if f, ok := f.(engine.PublishBlock); ok {
				n.perform(run, f)
			}
		}
		err = n.engine.Save()
	}
	n.deep = false
	n.memory()
	if err != nil {
		err = n.inTrouble(err)
		n.log.Error(err.Error())
		n.broken = true
		n.fatal(err)
		return nil, err
	}
	switch in.(type) {
	case engine.BlockReceived, engine.BlocksSubmitted:
		if n.engine.Syncing() {
			n.idle = idleState{since: time.Now()}
		}
	}
	for _, f := range effects {
		switch f := f.(type) {
		case engine.Result:
			answers = append(answers, f.Err)
		case engine.PublishBlock: // done
		default:
			n.perform(run, f)
		}
	}
	return answers, nil
}

func (n *Node) inTrouble(err error) error {
	return fmt.Errorf("the node stops, its data directory %s is in trouble: %w", n.cfg.Dir, err)
}

// idleState is how long a node has been idle.
type idleState struct {
	since    time.Time // when it started, or last wrote blocks in batches
	released bool      // its memory was released
}

// releaseMemory returns memory to the operating system, once, when a node becomes idle after
// its start or after catching up. Either leaves garbage of several times what the node
// keeps, and Go's runtime holds it until the next collection, minutes later in an idle node.
// Many nodes share one machine. It costs some milliseconds of a core, beside the engine.
func (n *Node) releaseMemory() {
	if n.idle.released || time.Since(n.idle.since) < idleAfter {
		return
	}
	n.idle.released = true
	n.tasks.Go(debug.FreeOSMemory)
}
