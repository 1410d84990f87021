package tab

import (
	"context"
	"strings"

	"toychain/explorer"
	"toychain/testnet/history"
	"toychain/testnet/replay"
	"toychain/testnet/scenario"
	"toychain/testnet/scenario/virtual"
	"toychain/testnet/topology"
)

// world is simulated nodes that take note of what is done to them.
type world struct {
	*virtual.World
	did []history.Action
}

// note takes note of an action that went well.
func (w *world) note(err error, verb string, args ...string) error {
	if err == nil {
		w.did = append(w.did, history.Action{TimeMS: w.Wall().UnixMilli(), Verb: verb, Args: args})
	}
	return err
}

func (w *world) Partition(ctx context.Context, groups [][]string) error {
	var args []string
	for _, g := range groups {
		args = append(args, strings.Join(g, ","))
	}
	return w.note(w.World.Partition(ctx, groups), "partition", args...)
}

func (w *world) Heal(ctx context.Context) error { return w.note(w.World.Heal(ctx), "heal") }

func (w *world) Kill(ctx context.Context, node string) error {
	return w.note(w.World.Kill(ctx, node), "kill", node)
}

func (w *world) Restart(ctx context.Context, node string) error {
	return w.note(w.World.Restart(ctx, node), "restart", node)
}

func (w *world) Start(ctx context.Context, node string) error {
	return w.note(w.World.Start(ctx, node), "start", node)
}

func (w *world) Pause(ctx context.Context, node string) error {
	return w.note(w.World.Pause(ctx, node), "pause", node)
}

func (w *world) Resume(ctx context.Context, node string) error {
	return w.note(w.World.Resume(ctx, node), "resume", node)
}

func (w *world) Link(ctx context.Context, l topology.Link) error {
	words := []string{l.A, l.B, l.Faults.String()}
	return w.note(w.World.Link(ctx, l), "link", words...)
}

// Play plays a script in virtual time and fills the log with what happened. The error is the
// script's; what happened until then is in the log.
func Play(ctx context.Context, s *scenario.Script, seed uint64, log *explorer.Log) error {
	w := &world{World: virtual.New(seed)}
	_, failed := scenario.Play(ctx, s, w, scenario.Options{})
	var journals []history.Journal
	for _, name := range topology.Names(s.Nodes) {
		j := history.Journal{Node: name}
		n, err := w.Node(name)
		if err == nil {
			j.Tree, err = n.Tree(ctx, 0)
		}
		if err == nil {
			j.Reorgs, err = n.Reorgs(ctx, 0)
		}
		if err != nil {
			j.Silent = err.Error()
		}
		journals = append(journals, j)
	}
	if err := explorer.Play(log, replay.New(journals, w.did).Events); err != nil {
		return err
	}
	return failed
}
