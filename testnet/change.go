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

// locked calls f under the directory's lock, on the state that is on disk now.
func (t *Testnet) locked(ctx context.Context, wait bool, f func() error) error {
	unlock, err := lock(ctx, t.dir, wait, t.say)
	if err != nil {
		return fmt.Errorf("waiting for another command that works on %s: %w", t.dir, err)
	}
	defer unlock()
	s, err := loadState(t.dir)
	if err != nil {
		return err
	}
	t.state, t.lost = s, map[string]bool{}
	t.adopt()
	return f()
}

// change calls f, and stores the state that f leaves, even if f fails half way. The journal gets
// verb and args.
func (t *Testnet) change(ctx context.Context, verb string, args []string, f func() error) error {
	err := t.locked(ctx, true, func() error {
		if t.state.Runner != nil && !t.Alive() {
			return t.errNoAnswer()
		}
		begun := time.Now()
		err := f()
		return errors.Join(err, t.state.save(t.dir, true), t.note(begun, verb, args, err))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return nil
}

// Partition divides the network into groups: nodes of one group talk to each other and to
// no others. Every node must be in exactly one. It returns when the connections between
// groups are gone and those within them stand. Nodes that do not run are part of it when
// they are started again.
func (t *Testnet) Partition(ctx context.Context, groups [][]string) error {
	if err := topology.CheckGroups(t.state.names(), groups); err != nil {
		return fmt.Errorf("partition: %w", err)
	}
	return t.regroup(ctx, "partition", groups)
}

// Heal ends a partition, and returns when the nodes are connected. They synchronise a
// moment later: see Settle.
func (t *Testnet) Heal(ctx context.Context) error { return t.regroup(ctx, "heal", nil) }

func (t *Testnet) regroup(ctx context.Context, verb string, groups [][]string) error {
	var args []string
	for _, g := range groups {
		args = append(args, strings.Join(g, ","))
	}
	var first []step
	if groups == nil {
		first = []step{t.liftBans}
	}
	return t.replan(ctx, verb, args, func() { t.state.Groups = slices.Clone(groups) }, first...)
}

// undoTime bounds how long the undoing of a change may take.
const undoTime = 10 * time.Second

// undone is why a change failed, after which everything is as it was before.
type undone struct{ error }

func (u undone) Error() string { return "nothing is changed, repeat the command: " + u.error.Error() }
func (u undone) Unwrap() error { return u.error }

// replan changes which connections and links there are to be, and has all nodes follow. If that fails
// half way, the nodes follow the plan before, and the error is an undone. If they cannot, the change
// is incomplete: the state says so, and has the new plan. It also says so, with the plan before, while
// the change is being made, as this program may be ended in the middle of it.
func (t *Testnet) replan(ctx context.Context, verb string, args []string, change func(), first ...step) error {
	return t.change(ctx, verb, args, func() error {
		what := strings.TrimSpace(verb + " " + strings.Join(args, " "))
		t.state.Incomplete = what
		if err := t.state.save(t.dir, true); err != nil {
			return err
		}
		before := t.state
		change()
		after := t.state
		err := t.join(ctx, first...)
		if err == nil {
			t.dropPerfect()
			if err = t.unasked(); err != nil {
				t.state.Incomplete = what
			}
			return errors.Join(err, t.sayBridges(ctx))
		}
		t.state.Groups, t.state.Pairs, t.state.Links = before.Groups, before.Pairs, slices.Clone(before.Links)
		for _, l := range after.Links { // a new one has to become perfect again
			if !slices.ContainsFunc(before.Links, func(old topology.Link) bool { return old.Pair().Joins(l.A, l.B) }) {
				t.state.Links = append(t.state.Links, topology.Link{A: l.A, B: l.B})
			}
		}
		undoing, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
		if bad := t.join(undoing); bad != nil {
			t.state.Groups, t.state.Pairs, t.state.Links = after.Groups, after.Pairs, after.Links
			err = fmt.Errorf("incomplete, repeat the command: %w; it cannot be undone: %w", err, bad)
		} else {
			err = undone{err}
		}
		t.dropPerfect()
		return err
	})
}

// dropPerfect removes links without faults from the state: they were there for the nodes to learn of.
func (t *Testnet) dropPerfect() {
	t.state.Links = slices.DeleteFunc(slices.Clone(t.state.Links), topology.Link.Perfect)
}

// Incomplete returns the last change that failed half way and could not be undone, "" if there is none.
func (t *Testnet) Incomplete() string { return t.state.Incomplete }

// Kill ends a node like a power failure: it writes nothing any more.
func (t *Testnet) Kill(ctx context.Context, name string) error {
	return t.one(ctx, "kill", name, func(ctx context.Context, p *process) error {
		if !p.alive() {
			return fmt.Errorf("%s: %w", name, errGone)
		}
		return p.kill(ctx)
	})
}

// Pause stops a node in the middle of whatever it is doing: it keeps its connections and
// answers nothing.
func (t *Testnet) Pause(ctx context.Context, name string) error {
	return t.one(ctx, "pause", name, func(ctx context.Context, p *process) error {
		if err := pause(p); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return Poll(ctx, func() (bool, error) { s, ok := p.look(); return !ok || s.paused, nil })
	})
}

// Resume lets a paused node continue, and configures it: the network may have been
// partitioned or healed meanwhile.
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
		if err := t.join(ctx); err != nil {
			return err
		}
		return t.mine(ctx, []string{name})
	})
}

// one changes one node.
func (t *Testnet) one(ctx context.Context, verb, name string, f func(context.Context, *process) error) error {
	if _, err := t.named(name); err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	if err := t.theirs(verb, name); err != nil {
		return err
	}
	return t.change(ctx, verb, []string{name}, func() error {
		ctx, cancel := context.WithTimeout(ctx, startTime+joinTime)
		defer cancel()
		return f(ctx, t.procs[name])
	})
}

// Restart stops a node gracefully, if it runs, and starts it again on the same data and
// ports. It returns when the node answers and is connected again.
func (t *Testnet) Restart(ctx context.Context, name string) error {
	return t.one(ctx, "restart", name, func(ctx context.Context, p *process) error {
		if err := p.stop(ctx, stopTime); err != nil {
			return err
		}
		if err := t.launch(name); err != nil {
			return err
		}
		if err := t.waitAnswer(ctx, []string{name}); err != nil {
			return err
		}
		if err := t.join(ctx); err != nil {
			return err
		}
		return t.mine(ctx, []string{name})
	})
}

// Down stops all nodes gracefully and removes testnet.json. Their chains stay, for the next
// Up, unless remove is set: then all that the testnet wrote is removed, and the directory
// too if nothing else is in it. A testnet that is down already is no error.
func (t *Testnet) Down(ctx context.Context, remove bool) error {
	if err := t.theirs("down", ""); err != nil {
		return err
	}
	err := t.locked(ctx, true, func() error {
		begun, up := time.Now(), t.Alive()
		err := t.end(ctx)
		if up {
			err = errors.Join(err, t.note(begun, "down", nil, err))
		}
		if err == nil && remove {
			err = clearDir(t.dir)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) { // it was removed, perhaps but for other files
		os.Remove(t.dir)
		return nil
	}
	if err != nil {
		return fmt.Errorf("testnet down: %w", err)
	}
	return nil
}

// end stops every process and removes testnet.json.
func (t *Testnet) end(ctx context.Context) error {
	err := each(t.state.names(), func(_ int, name string) error { return t.procs[name].stop(ctx, stopTime) })
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
