package scenario

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"
)

// lifeVerbs do something to single nodes.
func lifeVerbs() []verb {
	return []verb{
		{name: "kill", args: "NODE…", about: "They end like in a power failure.", parse: each(World.Kill)},
		{name: "restart", args: "NODE…", parse: parseRestart,
			about: "They start on the data on their disks, running or not, and connect to their peers."},
		{name: "restart", args: "NODE fails WORDS", about: "It must not start, and its log must say why, with these words."},
		{name: "crashloop", args: "NODE N", parse: parseCrashLoop,
			about: "N times it is killed and started, each time at another moment; then it is started."},
		{name: "wipe", args: "NODE…", about: "The disks of these stopped nodes are emptied.", parse: each(World.Wipe)},
		{name: "corrupt", args: "NODE…", about: "Bytes are changed all over the disks of these stopped nodes.", parse: each(World.Corrupt)},
		{name: "reindex", args: "NODE…", about: "These stopped nodes rebuild their databases from the blocks that can be read.", parse: each(World.Reindex)},
		{name: "pause", args: "NODE…", about: "They stop in the middle of whatever they do.", parse: each(World.Pause)},
		{name: "resume", args: "NODE…", about: "They continue where they were paused.", parse: each(World.Resume)},
		{name: "clock", args: "NODE… TIME", parse: parseClock,
			about: "Their clocks are fast by TIME, like +2h, or slow, like -30m, from now on; 0: right."},
	}
}

// each returns the parser of a verb that does the same to several nodes.
func each(do func(World, context.Context, string) error) func(*words) action {
	return func(w *words) action { return onAll(w.some(), do) }
}

// onAll returns the action that does the same to several nodes.
func onAll(nodes []string, do func(World, context.Context, string) error) action {
	return func(ctx context.Context, p *player) (string, error) {
		for _, n := range nodes {
			if err := do(p.world, ctx, n); err != nil {
				return "", err
			}
		}
		return "", nil
	}
}

func parseRestart(w *words) action {
	if len(w.rest) < 2 || w.rest[1] != "fails" {
		return each(World.Restart)(w)
	}
	node := w.node()
	w.must("fails")
	reason := w.tail("the words are")
	return func(ctx context.Context, p *player) (string, error) {
		err := p.world.Restart(ctx, node)
		switch {
		case err == nil:
			return "", unexpected{node, "not to start: " + reason, "up"}
		case ctx.Err() == nil && strings.Contains(err.Error(), reason):
			return "", nil
		}
		return "", err
	}
}

func parseCrashLoop(w *words) action {
	node := w.node()
	times := w.count("how many times", 1, 1000)
	return func(ctx context.Context, p *player) (string, error) {
		chance := rand.New(rand.NewPCG(uint64(times), 0)) // as reproducible as the world allows
		for range times {                                 // up to 15 steps are sometimes not enough to complete the start
			if err := p.crash(ctx, node, chance.IntN(16)); err != nil {
				return "", err
			}
		}
		return "", p.world.Restart(ctx, node)
	}
}

// crash starts a node, if it is down, lets it run for so many steps, and kills it.
func (p *player) crash(ctx context.Context, node string, steps int) error {
	all, err := p.world.Status(ctx)
	if err != nil {
		return err
	}
	if statusOf(all, node).State == Down {
		if err := p.world.Start(ctx, node); err != nil {
			return err
		}
	}
	for n := range steps {
		if err := p.world.Step(ctx, n+1); err != nil {
			return err
		}
	}
	return p.world.Kill(ctx, node)
}

func parseClock(w *words) action {
	w.splitFlags()
	nodes := w.some()
	const want = "how fast or slow it is, like +2h"
	var offset time.Duration
	switch {
	case w.next("--right"):
	case w.next("--fast"):
		offset = w.duration(want)
	case w.next("--slow"):
		offset = -w.duration(want)
	default:
		offset = w.duration(want)
	}
	if offset%time.Second != 0 {
		w.fail("%s: want whole seconds", offset)
	}
	clock := func(world World, ctx context.Context, node string) error { return world.Clock(ctx, node, offset) }
	return onAll(nodes, clock)
}
