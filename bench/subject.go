package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"toychain/block"
	"toychain/rpc"
)

// subject is a program to measure.
type subject struct {
	name   string
	binary string
	// args returns the arguments that start a node of regtest in dir, without peers, which
	// listens for peers and clients at these addresses of this machine.
	args func(dir, peers, clients string) []string
	// address returns where a running node listens for peers.
	address func(ctx context.Context, n *node) (string, error)
}

// user and password of every node's RPC.
const user, password = "bench", "bench"

func toychain(binary string) *subject {
	return &subject{name: "toychain", binary: binary,
		args: func(dir, peers, clients string) []string {
			return []string{"node", "run", "--network", "regtest", "--datadir", dir, "--rpc", clients,
				"--rpc-user", user, "--rpc-password", password, "--exit-on-stdin-close"}
		},
		address: func(ctx context.Context, n *node) (string, error) {
			var info struct{ Multiaddrs []string }
			if err := n.Call(ctx, "getnetworkinfo", nil, &info); err != nil {
				return "", err
			}
			if len(info.Multiaddrs) == 0 {
				return "", errors.New("getnetworkinfo names no multiaddrs")
			}
			return info.Multiaddrs[0], nil
		}}
}

// btcd runs with its defaults, except for its listen addresses and that it does not search for
// peers. network is regtest or simnet: btcd deletes regtest's data when it starts, so simnet, the
// other network without difficulty, replaces regtest where a node restarts. Without --nobanning
// btcd would ban a peer for payments that were announced, and confirmed before they were
// requested.
func btcd(binary, network string) *subject {
	return &subject{name: "btcd", binary: binary,
		args: func(dir, peers, clients string) []string {
			return []string{"--" + network, "--configfile", filepath.Join(dir, "none"), "--datadir", dir, "--logdir", filepath.Join(dir, "logs"),
				"--listen", peers, "--rpclisten", clients, "--notls", "--rpcuser", user, "--rpcpass", password, "--nodnsseed", "--nobanning"}
		},
		address: func(_ context.Context, n *node) (string, error) { return n.peers, nil }}
}

// library ends the names of programs whose signatures Bitcoin Core's library checks.
const library = "-libsecp256k1"

// compilesC reports whether a C compiler is here, which the library needs.
var compilesC = sync.OnceValue(func() bool {
	out, err := exec.Command("go", "env", "CC").Output()
	if err == nil {
		_, err = exec.LookPath(strings.TrimSpace(string(out)))
	}
	return err == nil
})

// build compiles the programs to measure into dir: toychain, btcd at the version in
// interop/go.mod, portable, which is this program without assembly, and toychain and
// this program with the library. It runs in this module's directory, as bench/run does.
func build(ctx context.Context, dir string) error {
	type program struct {
		module, name string
		args         []string
	}
	all := []program{
		{"..", "toychain", []string{"./cmd/toychain"}},
		{".", "portable", []string{"-tags", "portable", "."}},
		{"../interop", "btcd", []string{"github.com/btcsuite/btcd"}},
	}
	if compilesC() {
		all = append(all, program{"..", "toychain" + library, []string{"-tags", "libsecp256k1", "./cmd/toychain"}},
			program{".", "bench" + library, []string{"-tags", "libsecp256k1", "."}})
	}
	for _, b := range all {
		cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", filepath.Join(dir, b.name)}, b.args...)...)
		cmd.Dir = b.module
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w %s: %w\n%s", errBuild, b.name, err, out)
		}
	}
	return nil
}

// errBuild begins the error of a program that cannot be built here.
var errBuild = errors.New("cannot build")

// node is a running node.
type node struct {
	*process
	*rpc.Client
	subject *subject
	dir     string
	peers   string        // the address where it listens for peers
	took    time.Duration // from its start to its first answer
}

// run starts a node in dir and returns once it answers. Ports are found by trying, so there are
// several attempts.
func (s *subject) run(ctx context.Context, dir string) (*node, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		n, err := s.attempt(ctx, dir)
		if err == nil || attempt == 3 || ctx.Err() != nil {
			return n, err
		}
	}
}

func (s *subject) attempt(ctx context.Context, dir string) (*node, error) {
	peers, err := freePort()
	if err != nil {
		return nil, err
	}
	clients, err := freePort()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	p, err := start(ctx, dir, s.binary, s.args(dir, peers, clients)...)
	if err != nil {
		return nil, err
	}
	n := &node{process: p, Client: rpc.NewClient(clients, user, password), subject: s, dir: dir, peers: peers}
	err = until(ctx, time.Millisecond, func() (bool, error) {
		if err := p.ended(); err != nil {
			return false, err
		}
		_, err := n.BlockCount(ctx)
		return err == nil, nil
	})
	n.took = time.Since(begin)
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return n, nil
}

// stop ends the node gracefully.
func (n *node) stop() error {
	n.Client.Close()
	return n.process.stop()
}

// explain adds the end of a node's log to an error.
func (n *node) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w\n%s", n.subject.name, err, n.lastWords())
}

// submit submits blocks one after the other and returns an error unless each is accepted.
func (n *node) submit(ctx context.Context, blocks []sealed) error {
	for i := range blocks {
		if err := n.offer(ctx, &blocks[i], ""); err != nil {
			return fmt.Errorf("block %d of %d: %w", i+1, len(blocks), err)
		}
	}
	return nil
}

// offer submits one block. also is a reason that is accepted besides none.
func (n *node) offer(ctx context.Context, b *sealed, also string) error {
	var reason *string
	if err := n.Call(ctx, "submitblock", []any{b.hex}, &reason); err != nil {
		return n.explain(err)
	}
	if reason != nil && *reason != also {
		return n.explain(fmt.Errorf("submitblock: %s", *reason))
	}
	return nil
}

// send submits payments to the node's mempool, in which gossip may have put them already.
func (n *node) send(ctx context.Context, payments []string) error {
	for i, tx := range payments {
		err := n.Call(ctx, "sendrawtransaction", []any{tx}, nil)
		if err != nil && !strings.Contains(err.Error(), "already have transaction") {
			return n.explain(fmt.Errorf("payment %d of %d: %w", i+1, len(payments), err))
		}
	}
	return nil
}

// connect gives n the address of another node and returns at once.
func (n *node) connect(ctx context.Context, to *node) error {
	at, err := to.subject.address(ctx, to)
	if err != nil {
		return to.explain(err)
	}
	return n.explain(n.Call(ctx, "addnode", []any{at, "add"}, nil))
}

// connected waits until the node has a peer.
func (n *node) connected(ctx context.Context) error {
	return until(ctx, 5*time.Millisecond, func() (bool, error) {
		var peers int
		err := n.Call(ctx, "getconnectioncount", nil, &peers)
		return peers > 0, n.explain(err)
	})
}

// reach waits until the tip is this block.
func (n *node) reach(ctx context.Context, hash block.Hash, every time.Duration) error {
	return until(ctx, every, func() (bool, error) {
		tip, err := n.BestBlockHash(ctx)
		return tip == hash, n.explain(err)
	})
}
