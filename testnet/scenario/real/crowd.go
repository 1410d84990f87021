package real

import (
	"context"
	"fmt"

	"toychain/testnet/rogue"
)

// told is a rogue that told a node false addresses, and the machine that they lead to.
type told struct {
	*rogue.Peer
	target *rogue.Target
}

// Tell has a new rogue tell the node false addresses, and waits until the node dials one of them.
func (w *World) Tell(ctx context.Context, node string, n int) error {
	target, err := rogue.Listen()
	if err != nil {
		return err
	}
	lies, err := target.Strangers(n)
	if err != nil {
		return err
	}
	for _, other := range w.Nodes() {
		if other.Name != node {
			lies = append(rogue.Misplaced(other.PeerID, 8), lies...)
		}
	}
	p, err := w.join(ctx, node, rogue.Config{Tell: lies})
	if err != nil {
		target.Close()
		return err
	}
	w.told[node] = append(w.told[node], told{p, target})
	ctx, cancel := context.WithTimeout(ctx, rogueTime)
	defer cancel()
	for i := 1; target.Dials() == 0; i++ {
		if err := w.Step(ctx, i); err != nil {
			return fmt.Errorf("%s dials no address that it was told: %w", node, err)
		}
	}
	return nil
}

// Dials returns how many connections the machines counted of which the node was told.
func (w *World) Dials(node string) (n int, err error) {
	for _, t := range w.told[node] {
		n += t.target.Dials()
	}
	return n, nil
}

// Crowd connects n peers with the node.
func (w *World) Crowd(ctx context.Context, node string, n int) error {
	for i := range n {
		p, err := w.join(ctx, node, rogue.Config{})
		if err != nil {
			return fmt.Errorf("peer %d of %d: %w", i+1, n, err)
		}
		w.crowd[node] = append(w.crowd[node], p)
	}
	return nil
}

// Connected counts the rogues that are connected with the node.
func (w *World) Connected(node string) (n int, err error) {
	for _, p := range w.roguesOf(node) {
		n += p.Connected()
	}
	return n, nil
}

// roguesOf returns every rogue that was made for a node.
func (w *World) roguesOf(node string) (out []*rogue.Peer) {
	if p := w.rogues[node]; p != nil {
		out = append(out, p)
	}
	for _, t := range w.told[node] {
		out = append(out, t.Peer)
	}
	return append(out, w.crowd[node]...)
}
