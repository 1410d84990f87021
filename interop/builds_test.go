package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTwoBuilds: two programs whose rules differ, although nothing that they tell each other says
// so. One accepts a coinbase script of at most 20 bytes, the other one of 100 as Bitcoin does. They
// work together until a block keeps the rules of only one. Then there are two chains, and they stay
// two while the chain that only one accepts has more work; when the other has, both follow it. That
// is a soft fork, made by accident.
func TestTwoBuilds(t *testing.T) {
	const rule = "n > block.MaxCoinbase"
	wide := startBuild(t, buildWith(t, rule, rule), "--name", "a-name-of-27-bytes-in-blocks")
	strict := startBuild(t, buildWith(t, rule, "n > 20"), "--peer", wide.address(t))
	wide.until(t, "getconnectioncount", "1")

	strict.mine(t, "1")
	wide.until(t, "getblockcount", "1")

	wide.mine(t, "2")
	strict.untilLogged(t, "bad-cb-length")
	if h := strict.call(t, "getblockcount"); h != "1" {
		t.Errorf("the strict node is at height %s, on a chain that breaks its rule", h)
	}
	if h := wide.call(t, "getblockcount"); h != "3" {
		t.Errorf("the other node is at height %s, want 3", h)
	}

	strict.mine(t, "3")
	wide.until(t, "getblockcount", "4")
	if a, b := wide.call(t, "getbestblockhash"), strict.call(t, "getbestblockhash"); a != b {
		t.Errorf("tips %s and %s", a, b)
	}
	var reorgs []struct{ Depth int }
	if err := json.Unmarshal([]byte(wide.call(t, "getreorgs")), &reorgs); err != nil || len(reorgs) != 1 || reorgs[0].Depth != 2 {
		t.Errorf("what the other node took back: %+v, %v", reorgs, err)
	}
}

// built is a process of a build.
type built struct {
	program, dir string
	log          string // its file
}

// buildWith builds the program with one change in consensus/check.go. The change is an overlay: it
// is never in the tree.
func buildWith(t *testing.T, old, text string) (program string) {
	t.Helper()
	const file = "../consensus/check.go"
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(source, []byte(old)); n != 1 {
		t.Fatalf("%q is %d times in %s, want it once", old, n, file)
	}
	dir := t.TempDir()
	changed, program := filepath.Join(dir, "check.go"), filepath.Join(dir, "toychain")
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{changed: bytes.Replace(source, []byte(old), []byte(text), 1), filepath.Join(dir, "overlay.json"): overlay} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./cmd/toychain")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func startBuild(t *testing.T, program string, args ...string) *built {
	t.Helper()
	dir := t.TempDir()
	n := &built{program: program, dir: filepath.Join(dir, "data"), log: filepath.Join(dir, "log")}
	log, err := os.Create(n.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(program, append([]string{"node", "run", "--rpc", "127.0.0.1:0", "--datadir", n.dir}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if text, err := os.ReadFile(n.log); t.Failed() {
			t.Logf("log: %s %v", text, err)
		}
	})
	n.until(t, "getblockcount", "0")
	return n
}

// ask calls an RPC method.
func (n *built) ask(method string, args ...string) (string, error) {
	out, err := exec.Command(n.program, append([]string{"rpc", "--datadir", n.dir, method}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (n *built) call(t *testing.T, method string, args ...string) string {
	t.Helper()
	out, err := n.ask(method, args...)
	if err != nil {
		t.Fatalf("%s: %v: %s", method, err, out)
	}
	return out
}

// mine mines for the address whose key's hash is all zeros.
func (n *built) mine(t *testing.T, blocks string) {
	t.Helper()
	n.call(t, "generatetoaddress", blocks, "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8")
}

func (n *built) address(t *testing.T) string {
	t.Helper()
	var info struct{ Multiaddrs []string }
	if err := json.Unmarshal([]byte(n.call(t, "getnetworkinfo")), &info); err != nil || len(info.Multiaddrs) == 0 {
		t.Fatalf("%+v, %v", info, err)
	}
	return info.Multiaddrs[0]
}

// until waits for an answer of a method.
func (n *built) until(t *testing.T, method, want string) {
	t.Helper()
	n.wait(t, method+" is "+want, func() (string, bool) {
		got, err := n.ask(method)
		return got, err == nil && got == want
	})
}

// untilLogged waits for words in the log.
func (n *built) untilLogged(t *testing.T, words string) {
	t.Helper()
	n.wait(t, "logged: "+words, func() (string, bool) {
		text, err := os.ReadFile(n.log)
		return string(text), err == nil && strings.Contains(string(text), words)
	})
}

func (n *built) wait(t *testing.T, what string, look func() (is string, ok bool)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		is, ok := look()
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s; it is: %s", what, is)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
