package testnet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"toychain/rpc"
	"toychain/testnet/topology"
)

// This file has what goes wrong between nodes and with their clocks. Like a partition
// it is written down, and holds for nodes that are started again.

// Link makes a line as bad as it says, or perfect again if it says nothing.
func (t *Testnet) Link(ctx context.Context, l topology.Line) error {
	if err := l.Check(t.state.names()); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	return t.change(ctx, "link", []string{l.A, l.B, l.String()}, func() error {
		t.state.Lines = slices.DeleteFunc(t.state.Lines, func(old topology.Line) bool { return old.Pair().Joins(l.A, l.B) })
		if err := t.tell(ctx, l); err != nil {
			return err
		}
		if !l.Perfect() {
			t.state.Lines = append(t.state.Lines, l)
		}
		ctx, cancel := context.WithTimeout(ctx, joinTime)
		defer cancel()
		return t.join(ctx)
	})
}

// Lines returns the lines that are bad.
func (t *Testnet) Lines() []topology.Line { return slices.Clone(t.state.Lines) }

// tell tells both ends of a line how bad it is, as far as they are awake.
func (t *Testnet) tell(ctx context.Context, l topology.Line) error {
	awake := t.awake()
	for _, end := range [][2]string{{l.A, l.B}, {l.B, l.A}} {
		if !slices.Contains(awake, end[0]) {
			continue
		}
		c, err := t.Client(end[0])
		if err == nil {
			err = c.SetLink(ctx, t.node(end[1]).PeerID, l.At(end[0]))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", end[0], err)
		}
	}
	return nil
}

// afflict tells these nodes, all awake, of the lines and clocks that are bad.
func (t *Testnet) afflict(ctx context.Context, awake []string) error {
	for _, l := range t.state.Lines {
		if err := t.tell(ctx, l); err != nil {
			return err
		}
	}
	for name, seconds := range t.state.Clocks {
		if !slices.Contains(awake, name) {
			continue
		}
		c, err := t.Client(name)
		if err == nil {
			_, err = c.SetClock(ctx, time.Duration(seconds)*time.Second)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// deaf reports whether one of two nodes hears nothing of the other: then they need not
// count as connected.
func (t *Testnet) deaf(a, b string) bool {
	return slices.ContainsFunc(t.state.Lines, func(l topology.Line) bool { return l.Deaf() && l.Pair().Joins(a, b) })
}

// Clock makes a node's clock go wrong: it is so far ahead of the machine's from now on,
// or behind it; 0 makes it right. A node that does not run keeps to it when it is
// started.
func (t *Testnet) Clock(ctx context.Context, name string, offset time.Duration) error {
	if offset%time.Second != 0 {
		return fmt.Errorf("clock: %s: want whole seconds", offset)
	}
	if _, err := t.named(name); err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	return t.change(ctx, "clock", []string{name, offset.String()}, func() error {
		if t.state.Clocks == nil {
			t.state.Clocks = map[string]int64{}
		}
		t.state.Clocks[name] = int64(offset / time.Second)
		if offset == 0 {
			delete(t.state.Clocks, name)
		}
		c, err := t.Client(name)
		if err == nil {
			_, err = c.SetClock(ctx, offset)
		}
		if errors.Is(err, rpc.ErrUnreachable) && t.state.Runner == nil {
			return nil // it will be told when it starts, or goes on
		}
		return err
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
