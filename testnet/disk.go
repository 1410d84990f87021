package testnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"toychain/rpc"
)

// This file has what happens to the disks of nodes that do not run.

// atRest changes the files of a node, which must not run; verb names the change.
func (t *Testnet) atRest(ctx context.Context, verb, name string, f func(ctx context.Context, n *Node, dir string) error) error {
	return t.one(ctx, verb, name, func(ctx context.Context, p *process) error {
		if p.alive() {
			return fmt.Errorf("%s runs: end it first, with: toychain testnet kill %s --dir %s", name, name, t.dir)
		}
		if err := t.within(name); err != nil {
			return err
		}
		n := t.node(name)
		return f(ctx, n, filepath.Join(n.Datadir, t.params.Name))
	})
}

// within returns an error if a symbolic link leads from a node's directory out of the testnet's:
// nothing is removed, changed or started there.
func (t *Testnet) within(name string) error {
	root, err := os.OpenRoot(t.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	data, _ := filepath.Rel(t.dir, filepath.Join(t.node(name).Datadir, t.params.Name, "chain")) // "" is an error
	if _, err := root.Stat(data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: its data is outside of %s (%w): put a directory in place of the symbolic link", name, t.dir, err)
	}
	return nil
}

// Wipe removes all data of a node, as a new disk would: when it is started again, it has
// a new peer ID and requests the chain from its peers. Its log stays.
func (t *Testnet) Wipe(ctx context.Context, name string) error {
	return t.atRest(ctx, "wipe", name, func(ctx context.Context, n *Node, dir string) error {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		return t.forget(ctx, n)
	})
}

// losable are the files of a node that Lose removes, by what they hold. Its chain is not
// among them: that is Wipe.
var losable = map[string]string{
	"key":   "node.key",   // its peer ID follows from it
	"peers": "peers.json", // addresses
	"pool":  "pool.txt",   // the mempool when it stopped
}

// Lose removes a file of a node that does not run: its key, its peers or its pool. A node
// that lost its key has a new peer ID when it is started again.
func (t *Testnet) Lose(ctx context.Context, name, what string) error {
	file, ok := losable[what]
	if !ok {
		return fmt.Errorf("lose: %q: want one of %s", what, strings.Join(slices.Sorted(maps.Keys(losable)), ", "))
	}
	return t.atRest(ctx, "lose", name, func(ctx context.Context, n *Node, dir string) error {
		if err := os.Remove(filepath.Join(dir, file)); err != nil {
			return fmt.Errorf("%s has lost its %s already, or never had any: %w", name, what, err)
		}
		if what != "key" {
			return nil
		}
		return t.forget(ctx, n)
	})
}

// Disk returns all files of a node that does not run, its log as well, to be read at once.
func (t *Testnet) Disk(ctx context.Context, name string) (disk fs.FS, err error) {
	err = t.atRest(ctx, "read the disk of", name, func(_ context.Context, n *Node, _ string) error {
		disk = os.DirFS(n.Datadir)
		return nil
	})
	return disk, err
}

// forget has the other nodes stop dialing a node that will not return under its peer ID.
func (t *Testnet) forget(ctx context.Context, n *Node) error {
	return t.reach(ctx, func(ctx context.Context, _ string, c *rpc.Client) error {
		_ = c.ForgetPeer(ctx, n.Multiaddr) // it may not have known it
		return nil
	})
}

// damageEvery is the distance between two bytes that Corrupt changes: twice the size of
// the blocks that LevelDB reads, so that about half of the file can still be read.
const damageEvery = 8 << 10

// Corrupt changes bytes all over a node's database, as a failing disk does: in its largest table
// or journal, one in every 8 KiB, and at least one. It says in which file (see Notify).
func (t *Testnet) Corrupt(ctx context.Context, name string) error {
	return t.atRest(ctx, "corrupt", name, func(_ context.Context, _ *Node, dir string) error {
		path, err := largest(filepath.Join(dir, "chain"))
		if err != nil {
			return err
		}
		t.say("changing bytes of " + path)
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := min(damageEvery, len(b)) / 2; i < len(b); i += damageEvery {
			b[i] ^= 0xff
		}
		return os.WriteFile(path, b, 0o600)
	})
}

// largest returns the path of the largest table or journal of a database. LevelDB does not read
// its other large file, LOG.
func largest(dir string) (path string, err error) {
	tables, _ := filepath.Glob(filepath.Join(dir, "*.ldb"))
	journals, _ := filepath.Glob(filepath.Join(dir, "*.log"))
	most := int64(0)
	for _, f := range append(tables, journals...) {
		if info, err := os.Stat(f); err == nil && info.Size() > most {
			path, most = f, info.Size()
		}
	}
	if path == "" {
		err = fmt.Errorf("%s: the node has stored nothing yet", dir)
	}
	return path, err
}

// Reindex runs "toychain chain reindex" on a node's data. Its output goes to the node's log.
func (t *Testnet) Reindex(ctx context.Context, name string) error {
	return t.atRest(ctx, "reindex", name, func(ctx context.Context, n *Node, _ string) error {
		binary, err := program(t.state.Binary)
		if err != nil {
			return err
		}
		args := []string{"chain", "reindex", "--network", t.state.Network, "--datadir", n.Datadir}
		p, err := launch{binary: binary, args: args, log: n.Log}.start()
		if err != nil {
			return err
		}
		if err := p.wait(ctx); err != nil {
			return errors.Join(err, p.kill(context.WithoutCancel(ctx)))
		}
		if p.exit != nil {
			return fmt.Errorf("%w:\n%s", p.exit, indent(linesFrom(n.Log, p.said, 20)))
		}
		return nil
	})
}

// Start starts a node that does not run, without waiting for it: it may be killed while it
// is still opening its database. See Restart.
func (t *Testnet) Start(ctx context.Context, name string) error {
	return t.one(ctx, "start", name, func(_ context.Context, p *process) error {
		if p.alive() {
			return fmt.Errorf("%s runs already", name)
		}
		return t.launch(name)
	})
}
