package testnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// This file has what happens to the disks of nodes that do not run.

// atRest changes a node's files. It must not run, and what names the change.
func (t *Testnet) atRest(ctx context.Context, what, name string, f func(ctx context.Context, n *Node, folder string) error) error {
	return t.one(ctx, what, name, func(ctx context.Context, p *process) error {
		if p.alive() {
			return fmt.Errorf("%s runs: end it first, with: toychain testnet kill %s --dir %s", name, name, t.dir)
		}
		n := t.node(name)
		return f(ctx, n, filepath.Join(n.Datadir, t.params.Name))
	})
}

// Wipe removes everything that a node keeps, as a new disk would: when it is started
// again it knows nothing, has a new name among its peers, and asks them for the chain.
// Its log stays.
func (t *Testnet) Wipe(ctx context.Context, name string) error {
	return t.atRest(ctx, "wipe", name, func(ctx context.Context, n *Node, folder string) error {
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
		return t.forget(ctx, n)
	})
}

// forget has the others call a node no more that will not come back under its name.
func (t *Testnet) forget(ctx context.Context, n *Node) error {
	return each(t.awake(), func(peer string) error {
		c, err := t.Client(peer)
		if err == nil {
			_ = c.ForgetPeer(ctx, n.Multiaddr) // who did not know it is fine
		}
		return err
	})
}

// damageEvery is the distance between two bytes that Corrupt changes: twice the size of
// the pieces that the database reads, so that about half of it can still be read.
const damageEvery = 8 << 10

// Corrupt changes bytes all over a node's database, as a disk does that dies: in its
// largest file, one in every 8 KiB, and at least one.
func (t *Testnet) Corrupt(ctx context.Context, name string) error {
	return t.atRest(ctx, "corrupt", name, func(_ context.Context, _ *Node, folder string) error {
		path, err := largest(filepath.Join(folder, "chain"))
		if err != nil {
			return err
		}
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

// largest returns the largest file in a folder.
func largest(folder string) (path string, err error) {
	files, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: the node has kept nothing yet", folder)
	}
	most := int64(0)
	for _, f := range files {
		if info, err := f.Info(); err == nil && info.Size() > most {
			path, most = filepath.Join(folder, f.Name()), info.Size()
		}
	}
	if path == "" && err == nil {
		err = fmt.Errorf("%s: there is nothing to damage", folder)
	}
	return path, err
}

// Reindex rebuilds what a node keeps from the blocks that can still be read: it is
// "toychain chain reindex". What that prints goes to the node's log.
func (t *Testnet) Reindex(ctx context.Context, name string) error {
	return t.atRest(ctx, "reindex", name, func(ctx context.Context, n *Node, _ string) error {
		binary, err := program(t.state.Binary)
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, binary, "chain", "reindex", "--network", t.state.Network, "--datadir", n.Datadir)
		cmd.Args[0] = programName
		cmd.Env = cleanEnv()
		out, err := cmd.CombinedOutput()
		log, opened := os.OpenFile(n.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if opened == nil {
			_, opened = log.Write(out)
			opened = errors.Join(opened, log.Close())
		}
		if err != nil {
			return fmt.Errorf("%w:\n%s", err, indent(string(out)))
		}
		return opened
	})
}

// Start starts a node that does not run, and does not wait for it: it may be killed
// while it is still reading its disk. See Restart.
func (t *Testnet) Start(ctx context.Context, name string) error {
	return t.one(ctx, "start", name, func(_ context.Context, p *process) error {
		if p.alive() {
			return fmt.Errorf("%s runs already", name)
		}
		if n := t.node(name); !portsFree(*n) {
			n.RPC = "" // it gets others
		}
		return t.launch(name, t.neighboursOf(name))
	})
}

// portsFree reports whether a node that does not run can have its old ports again.
func portsFree(n Node) bool {
	parts := strings.Split(n.Multiaddr, "/") // "", ip4, host, tcp, port, p2p, id
	if n.RPC == "" || len(parts) < 5 {
		return true // it never had any
	}
	for _, addr := range []string{n.RPC, net.JoinHostPort(parts[2], parts[4])} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}
