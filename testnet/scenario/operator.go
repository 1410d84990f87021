package scenario

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"toychain/block"
)

// operatorVerbs are mistakes of people that run nodes, have wallets and write programs.
func operatorVerbs() []verb {
	return []verb{
		{name: "invalidate", args: "NODE B", parse: parseInvalidate(Node.Invalidate),
			about: "NODE's operator declares block B invalid, whatever the rules say."},
		{name: "reconsider", args: "NODE B", parse: parseInvalidate(Node.Reconsider), about: "The operator takes that back."},
		{name: "lose", args: "NODE key|peers|pool", parse: parseLose,
			about: "This file of a stopped node is removed: its key, its known peers, or its mempool."},
		{name: "seize", args: "NODE…", shows: true, parse: parseSeize,
			about: "Others get the disks of these stopped nodes: shows whose private keys are in any file of them."},
		{name: "restore", args: "PERSON", parse: parseRestore,
			about: "PERSON's wallet file is removed, and restored from its twelve words."},
		{name: "repeat", args: "N STEP", parse: parseRepeat, about: "A program does STEP N times."},
	}
}

func parseInvalidate(do func(n Node, ctx context.Context, b block.Hash) error) func(*words) action {
	return func(w *words) action {
		node, label := w.node(), w.label('b')
		return func(ctx context.Context, p *player) (string, error) {
			hash, err := p.names.hash(label)
			if err != nil {
				return "", err
			}
			n, err := p.world.Node(node)
			if err != nil {
				return "", err
			}
			return "", do(n, ctx, hash)
		}
	}
}

func parseLose(w *words) action {
	node, what := w.node(), w.oneOf("what is lost", []string{"key", "peers", "pool"})
	return func(ctx context.Context, p *player) (string, error) { return "", p.world.Lose(ctx, node, what) }
}

func parseRestore(w *words) action {
	name := w.person()
	return func(ctx context.Context, p *player) (string, error) {
		if p.names.people[name] == nil {
			return "", fmt.Errorf("%s has no wallet yet that could be lost", name)
		}
		if p.dir != "" {
			if err := os.Remove(filepath.Join(p.dir, name+".json")); err != nil {
				return "", err
			}
		}
		delete(p.names.people, name)
		_, err := p.names.person(name)
		return "", err
	}
}

// maxRepeat is the largest number of repetitions of a step.
const maxRepeat = 1000

func parseRepeat(w *words) action {
	n := w.count("how often", 1, maxRepeat)
	if !w.more() {
		w.fail("what is to be repeated is missing")
		return nil
	}
	again, err := w.script.step(strings.Join(w.rest, " "))
	w.rest = nil
	switch {
	case err != nil:
		w.fail("%w", err)
	case again.verb.shows || again.verb.name == "repeat":
		w.fail("%s cannot be repeated", again.verb.name)
	}
	return func(ctx context.Context, p *player) (string, error) {
		for i := range n {
			if _, err := again.play(ctx, p); err != nil {
				return "", fmt.Errorf("time %d of %d: %w", i+1, n, err)
			}
		}
		return "", nil
	}
}
