//go:build unix

package testnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/rpc"
	"toychain/testnet/topology"
)

// up starts a testnet of fake nodes, which is stopped when the test ends.
func up(t *testing.T, nodes int) *Testnet {
	t.Helper()
	tn, err := Up(bounded(t), Config{Dir: t.TempDir(), Nodes: nodes, Network: "toy", Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tn.Down(bounded(t), true); err != nil {
			t.Error(err)
		}
	})
	return tn
}

// peersOf returns the connections of each node, like "n1:n2,n3 n2:n1 n3:n1".
func peersOf(ctx context.Context, tn *Testnet) (string, error) {
	all, err := tn.Status(ctx)
	var out []string
	for _, s := range all {
		out = append(out, s.Name+":"+strings.Join(s.Peers, ",")+s.Error)
	}
	return strings.Join(out, " "), err
}

// wantPeers waits until peersOf returns this. On a busy machine a fake node may seem gone for a
// moment.
func wantPeers(t *testing.T, tn *Testnet, want string) {
	t.Helper()
	ctx, got := bounded(t), ""
	err := Poll(ctx, func() (ok bool, err error) {
		got, err = peersOf(ctx, tn)
		return got == want, err
	})
	if err != nil {
		t.Fatalf("peers %s, want %s: %v", got, want, err)
	}
}

func TestUpAndDown(t *testing.T) {
	var said []string
	dir := filepath.Join(t.TempDir(), "new", "net")
	tn, err := Up(bounded(t), Config{Dir: dir, Nodes: 3, Network: "toy", Hashrate: 100, Detach: true,
		Progress: func(s string) { said = append(said, s) }})
	if err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1:n2,n3 n2:n1,n3 n3:n1,n2")
	if want := []string{"starting n1 n2 n3 on the network toy", "connecting them"}; !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
	checkPublicFile(t, dir)

	if _, err := Up(bounded(t), Config{Dir: dir, Nodes: 2, Network: "toy"}); err == nil || !strings.Contains(err.Error(), "n1 n2 n3") {
		t.Errorf("a second one in the same directory: %v", err)
	}
	other, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !other.Alive() {
		t.Error("another command does not see it run")
	}
	for range 2 {
		if err := other.Down(bounded(t), false); err != nil {
			t.Fatal(err)
		}
	}
	if tn.Alive() || other.Alive() {
		t.Error("a node outlived Down")
	}
	if _, err := os.Stat(filepath.Join(dir, publicFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s after Down: %v", publicFile, err)
	}
	for _, name := range tn.Names() {
		await(t, filepath.Join(dir, name, logFile), "goodbye")
	}
	mine := filepath.Join(dir, "mine.txt")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := other.Down(bounded(t), true); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || left[0].Name() != "mine.txt" {
		t.Errorf("left after removing: %v, %v", left, err)
	}
	os.Remove(mine)
	if err := other.Down(bounded(t), true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
	if err := other.Down(bounded(t), true); err != nil {
		t.Errorf("Down without a directory: %v", err)
	}
	if _, err := Open(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open without a directory: %v", err)
	}
}

// checkPublicFile checks the content of testnet.json.
func checkPublicFile(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, publicFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Network string
		Nodes   []map[string]any
	}
	if err := json.Unmarshal(b, &file); err != nil || file.Network != "toy" || len(file.Nodes) != 3 {
		t.Fatalf("%s: %v, %v", path, file, err)
	}
	keys := slices.Sorted(maps.Keys(file.Nodes[0]))
	if want := []string{"cookie", "datadir", "log", "multiaddr", "name", "peer_id", "pid", "rpc"}; !slices.Equal(keys, want) {
		t.Errorf("fields %v, want %v", keys, want)
	}
	for i, n := range file.Nodes {
		if n["name"] != topology.Name(i) || !strings.HasPrefix(n["rpc"].(string), "127.0.0.1:") ||
			!strings.HasSuffix(n["multiaddr"].(string), "/p2p/"+n["peer_id"].(string)) {
			t.Errorf("node %d: %v", i, n)
		}
		for _, key := range []string{"cookie", "log", "datadir"} {
			if _, err := os.Stat(n[key].(string)); err != nil {
				t.Error(err)
			}
		}
	}
	for _, file := range []string{publicFile, stateFile} {
		if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, lockFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the lock is still there: %v", err)
	}
}

func TestKillAndRestart(t *testing.T) {
	tn := up(t, 3)
	before := tn.Nodes()[1]
	if err := tn.Kill(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	all, err := tn.Status(bounded(t))
	if err != nil || all[1].Running || !all[0].Running {
		t.Fatalf("status %+v, %v", all, err)
	}
	if _, err := tn.Client("n2"); !errors.Is(err, rpc.ErrUnreachable) || !strings.Contains(err.Error(), "restart n2") {
		t.Errorf("client of a dead node: %v", err)
	}
	if err := tn.Kill(bounded(t), "n2"); !errors.Is(err, errGone) {
		t.Errorf("killing it again: %v", err)
	}
	// A partition while it is down holds for it too.
	if err := tn.Partition(bounded(t), [][]string{{"n1"}, {"n2", "n3"}}); err != nil {
		t.Fatal(err)
	}
	if err := tn.Restart(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1: n2:n3 n3:n2")
	after := tn.Nodes()[1]
	if after.PID == before.PID || after.PeerID != before.PeerID || !returned(before, after) {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if err := tn.Restart(bounded(t), "n3"); err != nil {
		t.Errorf("restarting one that runs: %v", err)
	}
	await(t, after.Log, "fake node")
	await(t, tn.Nodes()[2].Log, "goodbye")
}

// returned reports whether a node has its old addresses, unless another process has its ports.
func returned(before, after Node) bool {
	where := func(n Node) string { addr, _, _ := strings.Cut(n.Multiaddr, "/p2p/"); return n.RPC + " " + addr }
	return where(before) == where(after) || !portsFree(before)
}

func TestPauseAndResume(t *testing.T) {
	tn := up(t, 2)
	if err := tn.Pause(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	all, err := tn.Status(bounded(t))
	if err != nil || !all[1].Running || !all[1].Paused || all[1].Memory == 0 {
		t.Fatalf("status %+v, %v", all, err)
	}
	if _, err := tn.Client("n2"); !errors.Is(err, rpc.ErrUnreachable) || !strings.Contains(err.Error(), "resume n2") {
		t.Errorf("client of a paused node: %v", err)
	}
	if in, err := tn.Tree(bounded(t), 0); err != nil || !slices.Equal(in.Silent, []string{"n2"}) || len(in.Tips) != 1 {
		t.Errorf("tree %+v, %v", in, err)
	}
	if err := tn.Partition(bounded(t), [][]string{{"n1"}, {"n2"}}); err != nil {
		t.Fatal(err)
	}
	if err := tn.Resume(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1: n2:")
	if err := tn.Resume(bounded(t), "n3"); err == nil || !strings.Contains(err.Error(), "n1, n2") {
		t.Errorf("resuming a node that there is not: %v", err)
	}
}

// TestUpFails: if a node does not start, the others are stopped, and the error has the end of its
// log.
func TestUpFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "n2"), 0o700); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(dir, "n2", "broken")
	if err := os.WriteFile(broken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Up(bounded(t), Config{Dir: dir, Nodes: 3, Network: "toy", Detach: true})
	if err == nil || !strings.Contains(err.Error(), "n2: the node ended by itself") || !strings.Contains(err.Error(), "the database is damaged") {
		t.Errorf("%v", err)
	}
	tn, err := Open(dir)
	if err != nil || tn.Alive() {
		t.Fatalf("after that: %v", err)
	}
	// Without the cause it comes up in the same directory.
	os.Remove(broken)
	tn, err = Up(bounded(t), Config{Dir: dir, Nodes: 2, Network: "toy", Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := tn.Down(bounded(t), true); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err == nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestUpIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(bounded(t))
	dir := t.TempDir()
	_, err := Up(ctx, Config{Dir: dir, Nodes: 3, Network: "toy", Detach: true, Progress: func(s string) {
		if s == "connecting them" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if tn, err := Open(dir); err != nil || tn.Alive() {
		t.Errorf("after that: %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	damaged := filepath.Join(t.TempDir(), "my.toml")
	if err := os.WriteFile(damaged, []byte("name = 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, cfg := range map[string]Config{
		"0 nodes: want 1 to 50": {Dir: "d", Network: "toy"},
		"51 nodes":              {Dir: "d", Network: "toy", Nodes: 51},
		"a hashrate of -1":      {Dir: "d", Network: "toy", Nodes: 1, Hashrate: -1},
		"no directory":          {Network: "toy", Nodes: 1},
		"neither toy, regtest":  {Dir: "d", Network: "toj", Nodes: 1},
		"not a network file":    {Dir: "d", Network: damaged, Nodes: 1},
	} {
		if _, err := Up(bounded(t), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", cfg, err, want)
		}
	}
}

func TestStateIsChecked(t *testing.T) {
	for _, text := range []string{"", "{", `{"nodes": [{"name": "../../etc"}]}`, `{"nodes": [{"name": "n0"}]}`, `{"nodes": [{"name": "n01"}]}`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, stateFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "is damaged") ||
			!strings.Contains(err.Error(), "toychain rpc stop --datadir "+filepath.Join(dir, "n1")) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestLock: one command at a time; the lock of a process that has ended is ignored.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lock(bounded(t), dir, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(bounded(t), dir, false, nil); err == nil || !strings.Contains(err.Error(), "another command") {
		t.Errorf("taken twice: %v", err)
	}
	ctx, cancel := context.WithTimeout(bounded(t), 50*time.Millisecond)
	defer cancel()
	if _, err := lock(ctx, dir, true, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for it: %v", err)
	}
	said := make(chan string, 1)
	done := make(chan error, 1)
	go func() {
		second, err := lock(bounded(t), dir, true, func(s string) { said <- s; unlock() })
		if err == nil {
			second()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Errorf("waiting until it is free: %v", err)
	}
	if got, want := <-said, fmt.Sprintf("waiting for another command (process %d) that works on the testnet in %s", os.Getpid(), dir); got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	if err := os.WriteFile(filepath.Join(dir, lockFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if unlock, err = lock(bounded(t), dir, true, nil); err != nil {
		t.Fatalf("an empty one: %v", err)
	}
	unlock()
	p, _ := begin(t, "polite", false)
	if err := p.kill(bounded(t)); err != nil {
		t.Fatal(err)
	}
	dead := fmt.Sprintf("%d %s\n", p.pid, p.born)
	if err := os.WriteFile(filepath.Join(dir, lockFile), []byte(dead), 0o600); err != nil {
		t.Fatal(err)
	}
	unlock, err = lock(bounded(t), dir, false, nil)
	if err != nil {
		t.Fatalf("left by a dead one: %v", err)
	}
	unlock()
}
