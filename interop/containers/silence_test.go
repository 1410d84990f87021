package containers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSilentPartition: between two networks all packets are dropped, and no connection is closed.
// Both sides notice it by themselves, each mines its own history, and once packets arrive again
// they agree by themselves.
func TestSilentPartition(t *testing.T) {
	t.Parallel() // it mostly waits
	if !apart(t, "iptables") {
		return
	}
	run(t, "ip", "netns", "add", "left")
	run(t, "ip", "netns", "add", "right")
	run(t, "ip", "link", "add", "cable", "netns", "left", "type", "veth", "peer", "name", "cable", "netns", "right")
	for i, side := range []string{"left", "right"} {
		for _, args := range []string{fmt.Sprintf("addr add 10.0.0.%d/24 dev cable", i+1), "link set cable up", "link set lo up"} {
			run(t, "ip", append([]string{"-netns", side}, strings.Fields(args)...)...)
		}
	}
	program := staticProgram(t)
	left := startFar(t, program, "left", "10.0.0.1")
	right := startFar(t, program, "right", "10.0.0.2", "--peer", left.multiaddr(t))
	wait(t, "connected", func() error { return left.want("getconnectioncount", "1") })
	left.mine(t, 1)
	wait(t, "one chain", func() error { return right.want("getblockcount", "1") })

	silence := func(do string) time.Time {
		run(t, "ip", "netns", "exec", "right", "iptables", do, "INPUT", "-i", "cable", "-j", "DROP")
		run(t, "ip", "netns", "exec", "right", "iptables", do, "OUTPUT", "-o", "cable", "-j", "DROP")
		return time.Now()
	}
	start := silence("-A")
	left.mine(t, 1)
	right.mine(t, 2)
	if err := left.want("getconnectioncount", "1"); err != nil && time.Since(start) < 10*time.Second {
		t.Errorf("the connection did not outlive the silence: %v", err)
	}
	for _, n := range []*far{left, right} {
		wait(t, "silence is noticed", func() error { return n.want("getconnectioncount", "0") })
		t.Logf("%s notices the silence after %.1f s", n.side, time.Since(start).Seconds())
	}
	if err := left.want("getblockcount", "2"); err != nil {
		t.Error(err)
	}
	start = silence("-D")
	wait(t, "one chain again", func() error { return left.want("getblockcount", "3") })
	t.Logf("one chain again %.1f s after the first packet", time.Since(start).Seconds())
	var reorgs []struct{ Depth int }
	if err := json.Unmarshal([]byte(left.call(t, "getreorgs")), &reorgs); err != nil || len(reorgs) != 1 || reorgs[0].Depth != 1 {
		t.Errorf("reorganisations of the losing side: %+v, %v", reorgs, err)
	}
}

// far is a node in a network namespace.
type far struct {
	side, program, dir string
}

func startFar(t *testing.T, program, side, ip string, args ...string) *far {
	t.Helper()
	n := &far{side: side, program: program, dir: filepath.Join(t.TempDir(), side)}
	cmd := n.command(append([]string{"node", "run", "--listen", "/ip4/" + ip + "/tcp/4001"}, args...)...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", side, log.String())
		}
	})
	wait(t, side+" runs", func() error { return n.want("getblockcount", "0") })
	return n
}

func (n *far) command(args ...string) *exec.Cmd {
	args = append(append([]string{"netns", "exec", n.side, n.program}, args...), "--datadir", n.dir)
	return exec.Command("ip", args...)
}

// call calls an RPC method, from inside.
func (n *far) call(t *testing.T, method string, args ...string) string {
	t.Helper()
	out, err := n.command(append([]string{"rpc", method}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %s: %v: %s", n.side, method, err, out)
	}
	return strings.TrimSpace(string(out))
}

// want reports how the answer of a method differs.
func (n *far) want(method, want string) error {
	out, err := n.command("rpc", method).CombinedOutput()
	if got := strings.TrimSpace(string(out)); err != nil || got != want {
		return fmt.Errorf("%s: %s is %s, want %s: %v", n.side, method, got, want, err)
	}
	return nil
}

func (n *far) mine(t *testing.T, blocks int) {
	t.Helper()
	n.call(t, "generatetoaddress", fmt.Sprint(blocks), nobody)
}

func (n *far) multiaddr(t *testing.T) string {
	t.Helper()
	var info struct{ Multiaddrs []string }
	if err := json.Unmarshal([]byte(n.call(t, "getnetworkinfo")), &info); err != nil || len(info.Multiaddrs) == 0 {
		t.Fatalf("%+v, %v", info, err)
	}
	return info.Multiaddrs[0]
}
