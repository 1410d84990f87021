package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// lab is where nodes are measured.
type lab struct {
	z size
	*chains
	dir   string // contains everything
	turns int    // number of directories handed out
}

// fresh returns a directory that does not exist yet.
func (l *lab) fresh() string {
	l.turns++
	return filepath.Join(l.dir, fmt.Sprint("turn", l.turns))
}

// with runs a new node in dir while f runs.
func (l *lab) with(ctx context.Context, s *subject, dir string, f func(*node) error) error {
	n, err := s.run(ctx, dir)
	if err != nil {
		return err
	}
	err = f(n)
	if stopped := n.stop(); err == nil {
		err = stopped
	}
	return err
}

// alone measures on one new node, in a temporary directory.
func (l *lab) alone(f func(context.Context, *node) (float64, error)) measure {
	return func(ctx context.Context, s *subject) (figure float64, err error) {
		dir := l.fresh()
		defer os.RemoveAll(dir)
		err = l.with(ctx, s, dir, func(n *node) error {
			figure, err = f(ctx, n)
			return err
		})
		return figure, err
	}
}

// pair measures on two new nodes.
func (l *lab) pair(f func(ctx context.Context, a, b *node) (float64, error)) measure {
	return func(ctx context.Context, s *subject) (float64, error) {
		return l.alone(func(ctx context.Context, a *node) (float64, error) {
			return l.alone(func(ctx context.Context, b *node) (float64, error) { return f(ctx, a, b) })(ctx, s)
		})(ctx, s)
	}
}

// rate converts a number of things into things per second.
func rate(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }

// submitting measures how many things per second a node processes when blocks are submitted on
// top of others.
func (l *lab) submitting(before, blocks []sealed, things int) measure {
	return l.alone(func(ctx context.Context, n *node) (float64, error) {
		if err := n.submit(ctx, before); err != nil {
			return 0, err
		}
		begin := time.Now()
		err := n.submit(ctx, blocks)
		return rate(things, time.Since(begin)), err
	})
}

// syncing measures how many things per second a new node processes from a peer that has the
// chain, from the moment when it is told the peer's address.
func (l *lab) syncing(blocks []sealed, things int) measure {
	return l.pair(func(ctx context.Context, a, b *node) (float64, error) {
		if err := a.submit(ctx, blocks); err != nil {
			return 0, err
		}
		begin := time.Now()
		if err := b.connect(ctx, a); err != nil {
			return 0, err
		}
		err := b.reach(ctx, blocks[len(blocks)-1].hash, 5*time.Millisecond)
		return rate(things, time.Since(begin)), err
	})
}

// pooled measures the rate of payments in submitted blocks when the node's mempool has them all.
func (l *lab) pooled() measure {
	return l.alone(func(ctx context.Context, n *node) (float64, error) {
		if err := n.submit(ctx, l.base); err != nil {
			return 0, err
		}
		var took time.Duration
		for i := range l.full {
			if err := n.send(ctx, l.pays[i]); err != nil {
				return 0, err
			}
			begin := time.Now()
			if err := n.submit(ctx, l.full[i:i+1]); err != nil {
				return 0, err
			}
			took += time.Since(begin)
		}
		return rate(l.z.payments*len(l.full), took), nil
	})
}

// spreading measures how many milliseconds a block takes from submission at one node to the tip
// of another: the median of several. pays are the payments of each block, which both mempools
// are given before.
func (l *lab) spreading(blocks []sealed, pays [][]string) measure {
	return l.pair(func(ctx context.Context, a, b *node) (float64, error) {
		if err := b.connect(ctx, a); err != nil {
			return 0, err
		}
		for _, n := range []*node{a, b} {
			if err := n.connected(ctx); err != nil {
				return 0, err
			}
		}
		// This also gives gossip time to find its neighbours: the last of these blocks comes
		// alone, as the measured ones do.
		last := len(l.base) - 1
		for _, part := range [][]sealed{l.base[:last], l.base[last:]} {
			if err := a.submit(ctx, part); err != nil {
				return 0, err
			}
			if err := b.reach(ctx, part[len(part)-1].hash, 5*time.Millisecond); err != nil {
				return 0, err
			}
		}
		var all []float64
		for i := range blocks[:l.z.spread] {
			if pays != nil {
				for _, n := range []*node{a, b} {
					if err := n.send(ctx, pays[i]); err != nil {
						return 0, err
					}
				}
			}
			took, err := travel(ctx, a, b, &blocks[i])
			if err != nil {
				return 0, err
			}
			all = append(all, took)
		}
		return median(all), nil
	})
}

// travel measures how many milliseconds a block takes from a to b's tip. It polls b at
// intervals that are a fraction of that.
func travel(ctx context.Context, a, b *node, x *sealed) (float64, error) {
	begin := time.Now()
	answered := make(chan error, 1)
	go func() { answered <- a.offer(ctx, x, "") }()
	err := b.reach(ctx, x.hash, 100*time.Microsecond)
	took := time.Since(begin)
	if answer := <-answered; answer != nil {
		err = answer
	}
	return float64(took.Microseconds()) / 1000, err
}

// starting measures how many milliseconds a node takes from its start to its first answer, after
// it ran once with these blocks.
func (l *lab) starting(blocks []sealed) measure {
	return func(ctx context.Context, s *subject) (took float64, err error) {
		dir := l.fresh()
		defer os.RemoveAll(dir)
		if blocks != nil {
			err := l.with(ctx, s, dir, func(n *node) error { return n.submit(ctx, blocks) })
			if err != nil {
				return 0, err
			}
		}
		err = l.with(ctx, s, dir, func(n *node) error {
			took = float64(n.took.Microseconds()) / 1000
			height, err := n.BlockCount(ctx)
			if err == nil && int(height) != len(blocks) {
				err = n.explain(fmt.Errorf("height %d after the start, want %d", height, len(blocks)))
			}
			return err
		})
		return took, err
	}
}

// resting measures how many MiB a node holds after it caught up with a peer and was idle for a
// while.
func (l *lab) resting() measure {
	return l.pair(func(ctx context.Context, a, b *node) (float64, error) {
		if err := a.submit(ctx, l.empty); err != nil {
			return 0, err
		}
		if err := b.connect(ctx, a); err != nil {
			return 0, err
		}
		if err := b.reach(ctx, l.empty[len(l.empty)-1].hash, 5*time.Millisecond); err != nil {
			return 0, err
		}
		select {
		case <-time.After(l.z.rest):
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
		bytes, err := b.resident()
		return bytes / (1 << 20), err
	})
}

// reorganising measures how many blocks per second are disconnected and connected when a longer
// branch takes over, timing its last block.
func (l *lab) reorganising() measure {
	return l.alone(func(ctx context.Context, n *node) (float64, error) {
		if err := n.submit(ctx, slices.Concat(l.base, l.left)); err != nil {
			return 0, err
		}
		last := len(l.right) - 1
		for i := range l.right[:last] {
			if err := n.offer(ctx, &l.right[i], "inconclusive"); err != nil {
				return 0, err
			}
		}
		begin := time.Now()
		if err := n.submit(ctx, l.right[last:]); err != nil {
			return 0, err
		}
		took := time.Since(begin)
		return rate(len(l.left)+len(l.right), took), n.reach(ctx, l.right[last].hash, time.Millisecond)
	})
}
