package real

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/network"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/purse"
	"toychain/testnet/scenario"
	"toychain/testnet/topology"
	"toychain/wallet"
)

// Config is how to make a world.
type Config struct {
	Dir      string       // folder of its own: nodes, logs, wallets
	Binary   string       // what to start nodes from; "" is this program's own file
	Detach   bool         // the nodes outlive this program
	Progress func(string) // told what is going on, a line each; may be nil
}

// World is real nodes. Make one with New, and end it with Close.
type World struct {
	cfg   Config
	net   *testnet.Testnet // nil until Up
	begun time.Time
	ticks int // steps since something was done
	liars liars
}

var _ scenario.World = (*World)(nil)

// New returns a world without nodes. Nothing is started yet.
func New(cfg Config) *World { return &World{cfg: cfg, begun: time.Now(), liars: liars{}} }

// Close ends all nodes, and removes the folder if remove is set.
func (w *World) Close(ctx context.Context, remove bool) error {
	err := w.dismiss()
	if w.net != nil {
		err = errors.Join(err, w.net.Down(ctx, false))
	}
	if remove && err == nil {
		err = os.RemoveAll(w.cfg.Dir)
	}
	return err
}

// Up starts the nodes.
func (w *World) Up(ctx context.Context, nodes int, params *consensus.Params) (err error) {
	network := params.Name
	if _, preset := consensus.Preset(network); !preset {
		if network, err = w.writeParams(params); err != nil {
			return err
		}
	}
	w.net, err = testnet.Up(ctx, testnet.Config{Dir: w.cfg.Dir, Nodes: nodes, Network: network, Binary: w.cfg.Binary,
		Detach: w.cfg.Detach, Progress: w.cfg.Progress})
	w.begun = time.Now()
	return err
}

// writeParams puts the parameters where nodes can read them.
func (w *World) writeParams(params *consensus.Params) (path string, err error) {
	if err := os.MkdirAll(w.cfg.Dir, 0o700); err != nil {
		return "", err
	}
	path = filepath.Join(w.cfg.Dir, "script.toml")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	err = network.Write(f, params)
	return path, errors.Join(err, f.Close())
}

// Time is the wall clock's.
func (w *World) Time() time.Duration { return time.Since(w.begun) }

// The real world does not say when something changed: who waits looks again, soon at
// first and then less often, so that many nodes leave the machine time to work.
const (
	soon = 5 * time.Millisecond
	late = 50 * time.Millisecond
)

// Step lets a moment pass.
func (w *World) Step(ctx context.Context) error {
	w.ticks++
	t := time.NewTimer(min(late, soon*time.Duration(w.ticks)))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// did notes that something was done, which others will soon show.
func (w *World) did(err error) error {
	w.ticks = 0
	return err
}

func (w *World) Partition(ctx context.Context, groups [][]string) error {
	return w.did(w.net.Partition(ctx, groups))
}

func (w *World) Heal(ctx context.Context) error { return w.did(w.net.Heal(ctx)) }

func (w *World) Connect(ctx context.Context, pairs []topology.Pair) error {
	return w.did(w.net.Connect(ctx, pairs))
}

func (w *World) Link(ctx context.Context, l topology.Line) error { return w.did(w.net.Link(ctx, l)) }

func (w *World) Talking(context.Context) ([][]string, error) { return w.net.Talking(), nil }

func (w *World) Kill(ctx context.Context, node string) error { return w.did(w.net.Kill(ctx, node)) }

func (w *World) Restart(ctx context.Context, node string) error {
	return w.did(w.net.Restart(ctx, node))
}

func (w *World) Start(ctx context.Context, node string) error { return w.did(w.net.Start(ctx, node)) }

func (w *World) Wipe(ctx context.Context, node string) error { return w.net.Wipe(ctx, node) }

func (w *World) Corrupt(ctx context.Context, node string) error { return w.net.Corrupt(ctx, node) }

func (w *World) Reindex(ctx context.Context, node string) error { return w.net.Reindex(ctx, node) }

func (w *World) Pause(ctx context.Context, node string) error { return w.did(w.net.Pause(ctx, node)) }

func (w *World) Resume(ctx context.Context, node string) error {
	return w.did(w.net.Resume(ctx, node))
}

func (w *World) Clock(ctx context.Context, node string, offset time.Duration) error {
	return w.did(w.net.Clock(ctx, node, offset))
}

// Hashrate is setmining.
func (w *World) Hashrate(ctx context.Context, node string, rate int, to wallet.Address) error {
	c, err := w.net.Client(node)
	if err != nil {
		return err
	}
	address := ""
	if rate > 0 {
		address = to.Encode(w.net.Params().Prefixes)
	}
	_, err = c.SetMining(ctx, address, float64(rate))
	return w.did(err)
}

// Mine is generatetoaddress.
func (w *World) Mine(ctx context.Context, node string, n int, to wallet.Address) ([]block.Hash, error) {
	c, err := w.net.Client(node)
	if err != nil {
		return nil, err
	}
	made, err := c.Generate(ctx, n, to.Encode(w.net.Params().Prefixes))
	if err == nil && len(made) != n {
		err = fmt.Errorf("%s mined %d blocks instead of %d", node, len(made), n)
	}
	return made, w.did(err)
}

// Book is the node's RPC.
func (w *World) Book(node string) (purse.Node, error) {
	w.ticks = 0
	c, err := w.net.Client(node)
	if err != nil {
		return nil, err // and no interface around a nil client
	}
	return c, nil
}

// Look asks all nodes at once.
func (w *World) Look(ctx context.Context) ([]scenario.Glance, error) {
	all, err := w.net.Status(ctx)
	if err != nil {
		return nil, err
	}
	known := w.net.Names()
	out := make([]scenario.Glance, len(all))
	for i, s := range all {
		g := scenario.Glance{Node: s.Name, State: scenario.Up}
		switch {
		case !s.Running:
			g.State = scenario.Down
		case s.Paused:
			g.State = scenario.Paused
		case s.Error != "":
			g.State = scenario.Silent
		default:
			g.Tip, g.Height, g.Work = s.Tip, s.Height, s.Work
			g.Peers = slices.DeleteFunc(s.Peers, func(p string) bool { return !slices.Contains(known, p) })
			if g.Pool, err = w.pool(ctx, s); err != nil {
				g = scenario.Glance{Node: s.Name, State: scenario.Silent}
			}
		}
		out[i] = g
	}
	return out, nil
}

// pool returns a node's pending payments, and saves the question if there are none.
func (w *World) pool(ctx context.Context, s testnet.NodeStatus) ([]block.Hash, error) {
	if s.Pool == 0 {
		return nil, nil
	}
	c, err := w.net.Client(s.Name)
	if err != nil {
		return nil, err
	}
	return c.RawMempool(ctx)
}

func (w *World) Tree(ctx context.Context, node string) (rpc.Tree, error) {
	c, err := w.net.Client(node)
	if err != nil {
		return rpc.Tree{}, err
	}
	return c.Tree(ctx, 0)
}

func (w *World) Reorgs(ctx context.Context, node string) ([]rpc.Reorg, error) {
	c, err := w.net.Client(node)
	if err != nil {
		return nil, err
	}
	return c.Reorgs(ctx, 0)
}

// Bans is listbanned.
func (w *World) Bans(ctx context.Context, node string) (int, error) {
	c, err := w.net.Client(node)
	if err != nil {
		return 0, err
	}
	all, err := c.Bans(ctx)
	return len(all), err
}

// Memory is the system's word.
func (w *World) Memory(_ context.Context, node string) (int64, error) { return w.net.Memory(node) }

// Payment asks for a transaction; "no such transaction" is not an error here.
func (w *World) Payment(ctx context.Context, node string, id block.Hash) (block.Hash, error) {
	c, err := w.net.Client(node)
	if err != nil {
		return block.Hash{}, err
	}
	tx, err := c.Tx(ctx, id)
	var no *rpc.Error
	switch {
	case errors.As(err, &no):
		return block.Hash{}, nil
	case err != nil || tx.Confirmations == nil || *tx.Confirmations < 1:
		return block.Hash{}, err
	}
	return tx.BlockHash, nil
}

func (w *World) Block(ctx context.Context, node string, hash block.Hash) (*block.Block, error) {
	c, err := w.net.Client(node)
	if err != nil {
		return nil, err
	}
	return c.RawBlock(ctx, hash)
}

// Judge is submitblock. That the block is known already, or lies on a side branch, is no
// refusal.
func (w *World) Judge(ctx context.Context, node string, b *block.Block) (string, error) {
	c, err := w.net.Client(node)
	if err != nil {
		return "", err
	}
	reason, err := c.SubmitBlock(ctx, b)
	if reason == "duplicate" || reason == "inconclusive" {
		reason = ""
	}
	return reason, w.did(err)
}

// Refuses is testmempoolaccept.
func (w *World) Refuses(ctx context.Context, node string, tx *block.Tx) (string, error) {
	c, err := w.net.Client(node)
	if err != nil {
		return "", err
	}
	answer, err := c.TestAccept(ctx, tx)
	if err != nil || answer.Allowed == nil || *answer.Allowed {
		return "", err
	}
	return answer.RejectReason, nil
}
