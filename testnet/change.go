package testnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"toychain/testnet/topology"
)

// This file has what can be done to a testnet that is up.

// change runs f under the folder's lock, on what is on disk now, and writes down what
// f made of it, even if f failed half way. The journal gets what and args.
func (t *Testnet) change(ctx context.Context, what string, args []string, f func() error) error {
	unlock, err := lock(ctx, t.dir, true)
	if err != nil {
		return fmt.Errorf("%s: waiting for another command that works on %s: %w", what, t.dir, err)
	}
	defer unlock()
	s, err := loadState(t.dir)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	t.state = s
	if t.state.Born == nil {
		t.state.Born = map[string]string{}
	}
	t.adopt()
	if t.state.Runner != nil && !t.Alive() {
		return fmt.Errorf("%s: no node answers; %s runs them, and has to start them first", what, t.state.Runner.Name)
	}
	begun := time.Now()
	err = f()
	if err := errors.Join(err, t.state.save(t.dir, true), t.note(begun, what, args, err)); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Partition cuts the network into groups: nodes of one group talk to each other and
// to nobody else. Every node must be in exactly one. It returns when the connections
// across are gone and those within stand. Nodes that do not run keep to it when they
// are started again.
func (t *Testnet) Partition(ctx context.Context, groups [][]string) error {
	if err := topology.CheckGroups(t.state.names(), groups); err != nil {
		return fmt.Errorf("partition: %w", err)
	}
	return t.regroup(ctx, "partition", groups)
}

// Heal lets everybody talk to everybody again, and returns when they are connected.
// What they then have to tell each other takes a moment longer: see Settle.
func (t *Testnet) Heal(ctx context.Context) error { return t.regroup(ctx, "heal", nil) }

func (t *Testnet) regroup(ctx context.Context, what string, groups [][]string) error {
	var args []string
	for _, g := range groups {
		args = append(args, strings.Join(g, ","))
	}
	return t.change(ctx, what, args, func() error {
		t.state.Groups = nil
		for _, g := range groups {
			t.state.Groups = append(t.state.Groups, slices.Clone(g))
		}
		ctx, cancel := context.WithTimeout(ctx, joinTime)
		defer cancel()
		return t.join(ctx)
	})
}

// Kill ends a node as a power cut would: nothing is asked, nothing is written.
func (t *Testnet) Kill(ctx context.Context, name string) error {
	return t.one(ctx, "kill", name, func(ctx context.Context, p *process) error {
		if !p.alive() {
			return fmt.Errorf("%s: %w", name, errGone)
		}
		return p.kill(ctx)
	})
}

// Pause stops a node in the middle of whatever it is doing: it keeps its connections
// and answers nobody.
func (t *Testnet) Pause(ctx context.Context, name string) error {
	return t.one(ctx, "pause", name, func(ctx context.Context, p *process) error {
		if err := pause(p); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return Poll(ctx, func() (bool, error) { s, ok := p.look(); return !ok || s.paused, nil })
	})
}

// Resume lets a paused node go on. If the network was cut or healed meanwhile, it is
// told now.
func (t *Testnet) Resume(ctx context.Context, name string) error {
	return t.one(ctx, "resume", name, func(ctx context.Context, p *process) error {
		if s, ok := p.look(); ok && !s.paused {
			return fmt.Errorf("%s is not paused", name)
		}
		if err := resume(p); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := Poll(ctx, func() (bool, error) { s, ok := p.look(); return !ok || !s.paused, nil }); err != nil {
			return err
		}
		return t.join(ctx)
	})
}

// one changes one node.
func (t *Testnet) one(ctx context.Context, what, name string, f func(context.Context, *process) error) error {
	if _, err := t.named(name); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := t.theirs(what, name); err != nil {
		return err
	}
	return t.change(ctx, what, []string{name}, func() error {
		ctx, cancel := context.WithTimeout(ctx, startTime+joinTime)
		defer cancel()
		return f(ctx, t.procs[name])
	})
}

// Restart ends a node in good order, if it runs, and starts it again on the same data
// and ports. It returns when the node answers and is connected again.
func (t *Testnet) Restart(ctx context.Context, name string) error {
	return t.one(ctx, "restart", name, func(ctx context.Context, p *process) error {
		if err := p.stop(ctx, stopTime); err != nil {
			return err
		}
		if err := t.start(ctx, name); err != nil {
			return err
		}
		if err := t.join(ctx); err != nil {
			return err
		}
		return t.mine(ctx, []string{name})
	})
}

// neighboursOf returns the addresses of whom a node may talk to.
func (t *Testnet) neighboursOf(name string) (peers []string) {
	net := t.network()
	for _, to := range t.state.Nodes {
		if to.Name != name && net.May(to.Name, name) {
			peers = append(peers, to.Multiaddr)
		}
	}
	return peers
}

// start starts a node that ran before. If somebody has its ports by now, it gets
// others.
func (t *Testnet) start(ctx context.Context, name string) error {
	peers := t.neighboursOf(name)
	if err := t.launch(name, peers); err != nil {
		return err
	}
	err := t.waitAnswer(ctx, []string{name})
	if err == nil || ctx.Err() != nil || t.procs[name].alive() {
		return err
	}
	n := t.node(name)
	old := n.RPC
	n.RPC = ""
	if t.launch(name, peers) == nil && t.waitAnswer(ctx, []string{name}) == nil {
		return nil
	}
	n.RPC = old
	return err // the ports were not the reason, and the first error is as good
}

// Down ends all nodes in good order and takes testnet.json away. Their chains stay in
// the folder, for the next Up, unless remove is set: then everything goes that the
// testnet wrote, and the folder too if nothing else is in it. A testnet that is down
// already is no error.
func (t *Testnet) Down(ctx context.Context, remove bool) error {
	if err := t.theirs("down", ""); err != nil {
		return err
	}
	unlock, err := lock(ctx, t.dir, true)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // even the folder is gone
	}
	if err != nil {
		return fmt.Errorf("testnet down: waiting for another command that works on %s: %w", t.dir, err)
	}
	defer unlock()
	if s, err := loadState(t.dir); err == nil {
		t.state = s
		t.adopt()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("testnet down: %w", err)
	}
	begun, up := time.Now(), t.Alive()
	err = t.end(ctx)
	if up {
		err = errors.Join(err, t.note(begun, "down", nil, err))
	}
	if err != nil {
		return fmt.Errorf("testnet down: %w", err)
	}
	if remove {
		if err := clearFolder(t.dir); err != nil {
			return fmt.Errorf("testnet down: %w", err)
		}
	}
	return nil
}

// end ends every process and takes testnet.json away.
func (t *Testnet) end(ctx context.Context) error {
	err := each(t.state.names(), func(name string) error { return t.procs[name].stop(ctx, stopTime) })
	t.mu.Lock()
	for _, c := range t.clients {
		c.Close()
	}
	t.mu.Unlock()
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(t.dir, publicFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Alive reports whether any node runs.
func (t *Testnet) Alive() bool {
	_, runs := t.looks()
	return slices.Contains(runs, true)
}
