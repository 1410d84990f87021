package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"toychain/block"
	"toychain/engine"
	"toychain/pow"
)

// Mining is the state of a node's miner.
type Mining struct {
	On     bool
	Script []byte  // the output that its coinbases pay
	Cap    float64 // the most hashes per second; 0: no limit
	Rate   float64 // hashes per second over the last seconds, Generate's and Solve's included
	Hashes uint64  // since the start
	Found  int     // blocks since the start
	Err    error   // why the background miner's last attempt failed; nil if it did not
}

// miner searches nonces: in the background as SetMining says, and for Generate.
type miner struct {
	threads int
	extra   atomic.Uint64 // the next extra nonce; starts at random, so that no two miners make the same block
	hashes  atomic.Uint64
	found   atomic.Int64

	mu      sync.Mutex
	script  []byte
	cap     float64
	changed chan struct{} // closed when script or cap change
	failed  error         // see Mining.Err
	samples []sample
}

type sample struct {
	at     time.Time
	hashes uint64
}

const (
	// chunk is how many nonces are tried between looks at whether to go on: 3 ms at
	// most, where there is no assembly.
	chunk = 1 << 14
	// portions is in how many pieces a second's allowance is spent.
	portions = 20
	// refresh is how often a miner takes new transactions into its block.
	refresh = 2 * time.Second
	// minerPause is how long a miner waits after it failed. What was wrong may be over then:
	// a clock, or a tip that this node's user refuses.
	minerPause = time.Second
	// rateSpan is over how long the rate is measured, and sampleEvery how often.
	rateSpan    = 5 * time.Second
	sampleEvery = 500 * time.Millisecond
)

// SetMining starts the background miner, with a cap in hashes per second or 0 for
// none, or stops it if script is nil.
func (n *Node) SetMining(script []byte, cap float64) {
	m := n.miner
	m.mu.Lock()
	defer m.mu.Unlock()
	m.script, m.cap, m.failed = script, cap, nil
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *miner) settings() (script []byte, cap float64, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.script, m.cap, m.changed
}

// hashed counts hashes, and takes a sample for the rate now and then.
func (m *miner) hashed(count uint64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if last := len(m.samples) - 1; last < 0 || now.Sub(m.samples[last].at) >= sampleEvery {
		m.forget(now)
		m.samples = append(m.samples, sample{now, m.hashes.Load()})
	}
	m.hashes.Add(count)
}

// forget drops the samples that are too old. The caller holds mu.
func (m *miner) forget(now time.Time) {
	for len(m.samples) > 0 && now.Sub(m.samples[0].at) > rateSpan {
		m.samples = m.samples[1:]
	}
}

// rate returns the hashes per second over the last seconds. The caller holds mu.
func (m *miner) rate(now time.Time) float64 {
	m.forget(now)
	if len(m.samples) == 0 {
		return 0
	}
	span := now.Sub(m.samples[0].at)
	if span < sampleEvery { // too short for a figure
		return 0
	}
	return float64(m.hashes.Load()-m.samples[0].hashes) / span.Seconds()
}

// Mining returns what the miner is doing.
func (n *Node) Mining() Mining {
	m := n.miner
	m.mu.Lock()
	defer m.mu.Unlock()
	return Mining{On: m.script != nil, Script: m.script, Cap: m.cap, Rate: m.rate(time.Now()), Hashes: m.hashes.Load(),
		Found: int(m.found.Load()), Err: m.failed}
}

// fail notes why an attempt failed, nil if it did not, and reports whether that is news.
func (m *miner) fail(err error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	news := err != nil && (m.failed == nil || m.failed.Error() != err.Error())
	m.failed = err
	return news
}

// mine runs the background miner until ctx ends: it works whenever SetMining has set a
// script, and goes on after a failure.
func (n *Node) mine(ctx context.Context) {
	for ctx.Err() == nil {
		script, cap, changed := n.miner.settings()
		if script == nil {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		round, cancel := until(ctx, changed)
		round, end := context.WithTimeout(round, refresh)
		_, err := n.mineOne(round, script, &allowance{rate: cap}, 0)
		switch {
		case err == nil:
			n.miner.fail(nil)
		case round.Err() == nil && !errors.Is(err, errStale):
			if n.miner.fail(err) {
				n.log.Warn("mining failed; the miner tries again each second", "err", err)
			}
			select {
			case <-time.After(minerPause):
			case <-round.Done():
			}
		}
		end()
		cancel()
	}
}

// until returns a context that ends with ctx or when stop is closed.
func until(ctx context.Context, stop <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// Generate mines count blocks on top of the tip, one after the other, with all
// cores and no cap, and returns their hashes. It gives up after maxTries nonces
// for one block, 0 for never, with ErrTries.
func (n *Node) Generate(ctx context.Context, count int, script []byte, maxTries uint64) ([]block.Hash, error) {
	var out []block.Hash
	for len(out) < count {
		hash, err := n.mineOne(ctx, script, &allowance{}, maxTries)
		if errors.Is(err, errStale) {
			continue
		}
		if err != nil {
			return out, err
		}
		out = append(out, hash)
	}
	return out, nil
}

var (
	// ErrTries: Generate did not find a nonce in as many tries as allowed.
	ErrTries = errors.New("no nonce found in the tries allowed")
	errStale = errors.New("the tip moved")
)

// mineOne mines one block on the tip, or returns errStale when the tip has moved.
func (n *Node) mineOne(ctx context.Context, script []byte, a *allowance, maxTries uint64) (block.Hash, error) {
	var t *engine.Template
	var failed error
	var moved <-chan struct{}
	err := n.Look(ctx, func(e *engine.Engine) {
		t, failed = e.Template(script, n.miner.extra.Add(1), n.cfg.message(), n.Now())
		moved = n.tipMove
	})
	if err = errors.Join(err, failed); err != nil {
		return block.Hash{}, err
	}
	search, cancel := until(ctx, moved)
	defer cancel()
	solved, err := n.miner.search(search, t, n.cfg.message(), a, maxTries)
	if err != nil {
		if ctx.Err() == nil && search.Err() != nil {
			return block.Hash{}, errStale
		}
		return block.Hash{}, err
	}
	if err := n.SubmitBlock(ctx, solved); err != nil {
		return block.Hash{}, fmt.Errorf("our own block was rejected: %w", err)
	}
	n.miner.found.Add(1)
	return solved.Hash(), nil
}

// Solve finds a nonce for a template, with all cores and no cap.
func (n *Node) Solve(ctx context.Context, t *engine.Template) (*block.Block, error) {
	return n.miner.search(ctx, t, n.cfg.Name, &allowance{}, 0)
}

// search tries nonces on several threads, each with another coinbase, which carries message,
// and so another header.
func (m *miner) search(ctx context.Context, t *engine.Template, message string, a *allowance, maxTries uint64) (*block.Block, error) {
	target, err := pow.TargetFromBits(t.Block.Header.Bits)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a.start = time.Now()
	var tries atomic.Uint64
	var solved atomic.Pointer[block.Block]
	var group sync.WaitGroup
	for range m.threads {
		group.Go(func() {
			for ctx.Err() == nil {
				own := &engine.Template{Block: &block.Block{Header: t.Block.Header, Txs: t.Block.Txs}, Height: t.Height}
				own.Vary(m.extra.Add(1), message)
				if m.tryAll(ctx, &own.Block.Header, target, a, &tries, maxTries) && solved.CompareAndSwap(nil, own.Block) {
					cancel(nil)
				}
				if maxTries > 0 && tries.Load() >= maxTries {
					cancel(ErrTries)
				}
			}
		})
	}
	group.Wait()
	if b := solved.Load(); b != nil {
		return b, nil
	}
	return nil, context.Cause(ctx)
}

// tryAll tries every nonce of one header, or until ctx ends.
func (m *miner) tryAll(ctx context.Context, h *block.Header, target pow.Target, a *allowance, tries *atomic.Uint64, maxTries uint64) bool {
	const all = 1 << 32
	for from := uint64(0); from < all; {
		size := min(a.take(ctx), all-from)
		before := tries.Add(size) - size
		if maxTries > 0 {
			size = min(size, maxTries-min(before, maxTries))
		}
		if ctx.Err() != nil || size == 0 {
			return false
		}
		n, found := pow.Search(h, target, uint32(from), size)
		m.hashed(n, time.Now())
		if found {
			return true
		}
		from += size
	}
	return false
}

// allowance shares a capped number of hashes per second among threads.
type allowance struct {
	rate float64 // 0: no cap

	mu    sync.Mutex
	start time.Time
	spent float64
}

// take returns how many nonces may be tried now, waiting if they are used up.
func (a *allowance) take(ctx context.Context) uint64 {
	if a.rate <= 0 {
		return chunk
	}
	size := min(max(a.rate/portions, 1), chunk)
	a.mu.Lock()
	due := a.start.Add(time.Duration(a.spent / a.rate * float64(time.Second)))
	a.spent += size
	a.mu.Unlock()
	if wait := time.Until(due); wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return uint64(size)
}
