package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"toychain/block"
	"toychain/rpc"
)

// Options are how to play a script.
type Options struct {
	Dir    string // empty directory for the wallets of the script; "": they are in no file
	Update bool   // do not compare the output of the steps

	// Before is called before each step, After when it is done, with its output. Both may be
	// nil. An error of After ends the play.
	Before func(Step)
	After  func(s Step, shown []string) error
}

// Failure is a step that failed.
type Failure struct {
	File   string
	Step   Step
	Err    error
	Stands string // the nodes' tips then, as the verb tips shows them; "" if not known
}

func (f *Failure) Error() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Step.Line, f.Err) }

func (f *Failure) Unwrap() error { return f.Err }

// unexpected is what a step expected and what it found.
type unexpected struct{ what, want, is string }

func (u unexpected) Error() string {
	return fmt.Sprintf("%s: expected %s, is %s", u.what, u.want, u.is)
}

// mismatch is a step whose output is not the one under it.
type mismatch struct {
	step     string
	want, is []string
}

func (o mismatch) Error() string {
	text := fmt.Sprintf("%s: expected\n%s\nis\n%s", o.step, indent(o.want), indent(o.is))
	if slices.Equal(strings.Fields(strings.Join(o.want, "\n")), strings.Fields(strings.Join(o.is, "\n"))) {
		text += "\nonly spaces differ: --update writes them"
	}
	return text
}

func indent(lines []string) string {
	if len(lines) == 0 {
		return "    (nothing)"
	}
	return "    " + strings.Join(lines, "\n    ")
}

// player plays one script.
type player struct {
	world    World
	names    *names // nil until the nodes are up
	dir      string
	mining   bool           // nodes mine blocks by themselves
	withheld map[string]int // blocks, by node
}

// Play plays a script in a world that is not up yet, and returns the output of each step (see
// Script.With). The error is a *Failure that names the line, or that of ctx. The caller has to
// end the world.
func Play(ctx context.Context, s *Script, w World, o Options) (shown [][]string, err error) {
	p := &player{world: w, dir: o.Dir, withheld: map[string]int{}}
	for _, step := range s.Steps {
		if o.Before != nil {
			o.Before(step)
		}
		lines, err := p.step(ctx, &step, o.Update)
		if ctx.Err() != nil {
			return shown, context.Cause(ctx)
		}
		if err != nil {
			f := &Failure{File: s.Name, Step: step, Err: err}
			if p.names != nil {
				f.Stands, _ = tips(ctx, p)
			}
			return shown, f
		}
		shown = append(shown, lines)
		if o.After != nil {
			if err := o.After(step, lines); err != nil {
				return shown, err
			}
		}
	}
	return shown, nil
}

// step plays one step and compares its output.
func (p *player) step(ctx context.Context, s *Step, update bool) ([]string, error) {
	text, err := s.play(ctx, p)
	if err != nil || !s.verb.shows {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if update || s.Open || slices.Equal(lines, s.Want) {
		return lines, nil
	}
	return nil, mismatch{s.Text, s.Want, lines}
}

const (
	// patience is how long a step waits while nothing changes at any node.
	patience = 20 * time.Second
	// longest is how long it waits while something changes.
	longest = 2 * time.Minute
)

// check returns the state of things, and whether it is the expected one.
type check func(ctx context.Context, p *player, all []NodeStatus) (is string, ok bool, err error)

// until waits for the expected state: while anything changes, or, if within is not 0, for
// that time.
func (p *player) until(ctx context.Context, within time.Duration, what, want string, see check) error {
	begun := p.world.Time()
	var moved time.Duration
	var last string
	for n := 1; ; n++ {
		all, err := p.world.Status(ctx)
		if err != nil {
			return err
		}
		is, ok, err := see(ctx, p, all)
		if ok || err != nil {
			return err
		}
		now := p.world.Time() - begun
		if at := fmt.Sprint(all); at != last {
			last, moved = at, now
		}
		over := now-moved >= patience || now >= longest
		if within > 0 {
			over = now >= within
		}
		if over {
			return unexpected{what, want, fmt.Sprintf("%s, after waiting for %s", is, now.Round(time.Second))}
		}
		if err := p.world.Step(ctx, n); err != nil {
			return err
		}
	}
}

// status returns the status of all nodes. A silent one is called again for a while: on a busy
// machine an answer may take long.
func (p *player) status(ctx context.Context) ([]NodeStatus, error) {
	begun := p.world.Time()
	for n := 1; ; n++ {
		all, err := p.world.Status(ctx)
		silent := slices.ContainsFunc(all, func(g NodeStatus) bool { return g.State == Silent })
		if err != nil || !silent || p.world.Time()-begun >= patience {
			return all, err
		}
		if err := p.world.Step(ctx, n); err != nil {
			return nil, err
		}
	}
}

// statusOf returns the status of one node.
func statusOf(all []NodeStatus, node string) NodeStatus {
	i := slices.IndexFunc(all, func(g NodeStatus) bool { return g.Node == node })
	return all[i]
}

// running returns the status of these nodes, each of which must answer; nil: of all that do.
func (p *player) running(ctx context.Context, nodes []string) ([]NodeStatus, error) {
	all, err := p.status(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if statusOf(all, n).State != Up {
			return nil, fmt.Errorf("%s does not answer: it is down or paused", n)
		}
	}
	return slices.DeleteFunc(all, func(g NodeStatus) bool {
		return g.State != Up || nodes != nil && !slices.Contains(nodes, g.Node)
	}), nil
}

// trees returns the status of all nodes and, at the same indexes, the block trees of those that
// are up. It names every block in them.
func (p *player) trees(ctx context.Context) ([]NodeStatus, []rpc.Tree, error) {
	all, err := p.status(ctx)
	out := make([]rpc.Tree, len(all))
	for i, g := range all {
		if err == nil && g.State == Up {
			out[i], err = p.tree(ctx, g.Node)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	p.names.see(out)
	return all, out, nil
}

// call calls a node that is up.
func call[T any](p *player, node string, f func(Node) (T, error)) (out T, err error) {
	n, err := p.world.Node(node)
	if err != nil {
		return out, err
	}
	return f(n)
}

func (p *player) tree(ctx context.Context, node string) (rpc.Tree, error) {
	return call(p, node, func(n Node) (rpc.Tree, error) { return n.Tree(ctx, 0) })
}

func (p *player) reorgs(ctx context.Context, node string) ([]rpc.Reorg, error) {
	return call(p, node, func(n Node) ([]rpc.Reorg, error) { return n.Reorgs(ctx, 0) })
}

// blockOf returns the block of a node's best chain that holds a transaction, or zeros.
func (p *player) blockOf(ctx context.Context, node string, id block.Hash) (block.Hash, error) {
	tx, err := call(p, node, func(n Node) (rpc.Tx, error) { return n.Tx(ctx, id) })
	if _, unknown := refusal(err); unknown {
		return block.Hash{}, nil
	}
	if err != nil || tx.Confirmations == nil || *tx.Confirmations < 1 {
		return block.Hash{}, err
	}
	return tx.BlockHash, nil
}

// refusal returns the message of a node that refused a call.
func refusal(err error) (string, bool) {
	if no, ok := errors.AsType[*rpc.Error](err); ok {
		return no.Message, true
	}
	return "", false
}
