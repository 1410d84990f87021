package testnet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"toychain/rpc"
	"toychain/testnet/topology"
)

// This file has what goes wrong between nodes and with their clocks. Like a partition it
// is stored, and holds for nodes that are started again.

// Link sets the faults of the link between two nodes.
func (t *Testnet) Link(ctx context.Context, l topology.Link) error {
	if err := l.Check(t.state.names()); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	return t.replan(ctx, "link", []string{l.A, l.B, l.String()}, func() {
		others := slices.DeleteFunc(slices.Clone(t.state.Links), func(old topology.Link) bool { return old.Pair().Joins(l.A, l.B) })
		t.state.Links = append(others, l) // also a perfect one: both ends have to learn of it
	})
}

// Links returns the links with faults.
func (t *Testnet) Links() []topology.Link { return slices.Clone(t.state.Links) }

// Clock sets a node's clock fast by offset or, below 0, slow; 0 makes it right. A node
// that does not run gets it when it is started.
func (t *Testnet) Clock(ctx context.Context, name string, offset time.Duration) error {
	if offset%time.Second != 0 {
		return fmt.Errorf("clock: %s: want whole seconds", offset)
	}
	if _, err := t.named(name); err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	return t.change(ctx, "clock", []string{name, offset.String()}, func() error {
		before := t.state.Clocks
		t.state.Clocks = maps.Clone(before)
		if t.state.Clocks == nil {
			t.state.Clocks = map[string]int64{}
		}
		t.state.Clocks[name] = int64(offset / time.Second)
		if offset == 0 {
			delete(t.state.Clocks, name)
		}
		c, err := t.Client(name)
		if err == nil {
			_, err = rpc.SetClock.Call(ctx, c, rpc.SetClockArgs{Offset: int64(offset / time.Second)})
		}
		if errors.Is(err, rpc.ErrUnreachable) && t.state.Runner == nil {
			return nil // it gets it when it starts or is resumed
		}
		if err != nil {
			t.state.Clocks = before
			return undone{err}
		}
		return nil
	})
}

// Clocks returns the nodes whose clocks are wrong, and by how much.
func (t *Testnet) Clocks() map[string]time.Duration {
	out := map[string]time.Duration{}
	for name, seconds := range t.state.Clocks {
		out[name] = time.Duration(seconds) * time.Second
	}
	return out
}
