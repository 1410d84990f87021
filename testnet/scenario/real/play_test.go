package real_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"toychain/internal/longtest"
	_ "toychain/node" // a part of the program: go test must not use the cached result of an older one
	"toychain/peer"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/scenario"
	"toychain/testnet/scenario/real"
)

var update = flag.Bool("update", false, "write what the scripts show into them")

// longest bounds one script: none takes nearly as long.
const longest = 5 * time.Minute

// program is toychain, built once for all scripts.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "scenario-")
	code := 1
	if err == nil {
		program = filepath.Join(dir, "toychain")
		out, err := exec.Command("go", "build", "-o", program, "toychain/cmd/toychain").CombinedOutput()
		if err == nil {
			flag.Set("test.parallel", "4") // scripts wait more than they compute
			code = m.Run()
		} else {
			fmt.Fprintf(os.Stderr, "building toychain: %v\n%s", err, out)
		}
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// floods are steps that send many of something.
var floods = regexp.MustCompile(`(?m)^flood n1 (orphan-blocks|orphan-txs) (\d+)`)

// calmed divides the largest floods of a script by ten, unless long tests are wanted.
func calmed(text []byte) []byte {
	return floods.ReplaceAllFunc(text, func(step []byte) []byte { return step[:len(step)-longtest.Pick(1, 0)] })
}

// TestScenarios plays every script on real processes.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../../scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("scripts: %v, %v", files, err)
	}
	readProgram(t)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !*update {
				text = calmed(text)
			}
			shown, s, err := play(t, name, string(text), *update)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(name, []byte(s.With(shown)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// readProgram reads the program's source: go test, which records the files that a test reads,
// then runs it again when they have changed.
func readProgram(t *testing.T) {
	t.Helper()
	for _, where := range []string{"../../../cmd/toychain/*.go", "../../../*/*.go"} {
		files, err := filepath.Glob(where)
		if err != nil || len(files) == 0 {
			t.Fatalf("the program's files: %v, %v", files, err)
		}
		for _, name := range files {
			if _, err := os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// play plays a script in a temporary directory. after is called after each step.
func play(t *testing.T, name, text string, update bool, after ...func(dir string, step scenario.Step)) ([][]string, *scenario.Script, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	s, err := scenario.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w := real.New(testnet.Config{Dir: dir, Binary: program})
	begun := time.Now()
	shown, err := scenario.Play(ctx, s, w, scenario.Options{Dir: filepath.Join(dir, "wallets"), Update: update,
		After: func(step scenario.Step, _ []string) error {
			t.Logf("%6.2f s  %s", time.Since(begun).Seconds(), step.Text)
			for _, f := range after {
				f(dir, step)
			}
			return nil
		}})
	checkBans(t, w)
	if err := w.Close(context.WithoutCancel(ctx), false); err != nil {
		t.Error(err)
	}
	return shown, s, err
}

// checkBans: whatever rogue peers did, no node of a network bans another one.
func checkBans(t *testing.T, w *real.World) {
	t.Helper()
	if w.Testnet != nil && !t.Failed() {
		for _, ban := range bansAmong(t, w.Testnet) {
			t.Error(ban)
		}
	}
}

// bansAmong returns which node bans which.
func bansAmong(t *testing.T, net *testnet.Testnet) (out []string) {
	t.Helper()
	all, err := net.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range net.Nodes() {
		if !all[i].Running || all[i].Paused {
			continue
		}
		c, err := net.Client(n.Name)
		if err != nil {
			t.Fatal(err)
		}
		bans, err := c.Bans(t.Context())
		c.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range net.Nodes() {
			if slices.ContainsFunc(bans, func(b rpc.Ban) bool { return b.Address == other.PeerID }) {
				out = append(out, n.Name+" bans "+other.Name)
			}
		}
	}
	return out
}

// TestBansAmong: a ban among the nodes is seen.
func TestBansAmong(t *testing.T) {
	var seen []string
	_, _, err := play(t, "ban.txt", "nodes 2\nmine n1 1\nsettle\n", false, func(dir string, step scenario.Step) {
		if step.Line != 2 {
			return
		}
		net, err := testnet.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		n, err := net.Client("n1")
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		for _, command := range []string{"add", "remove"} {
			if _, err := rpc.SetBan.Call(t.Context(), n, rpc.SetBanArgs{Peer: net.Nodes()[1].PeerID, Command: command}); err != nil {
				t.Fatal(err)
			}
			seen = append(seen, bansAmong(t, net)...)
		}
	})
	if err != nil || !slices.Equal(seen, []string{"n1 bans n2"}) {
		t.Errorf("seen %q, %v", seen, err)
	}
}

// TestFailure: the error of a failed script names the line, what was expected and what is.
func TestFailure(t *testing.T) {
	_, _, err := play(t, "wrong.txt", "nodes 2\nmine n1 1\nsettle\ntips\n----\nn1 n2   b1   height 2\n", false)
	const want = "wrong.txt:4: tips: expected\n    n1 n2   b1   height 2\nis\n    n1 n2   b1    height 1"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
	_, _, err = play(t, "poor.txt", "nodes 1\npay alice bob 20 on n1\n", false)
	if err == nil || !strings.HasPrefix(err.Error(), "poor.txt:2: alice → bob on n1: ") {
		t.Errorf("%v", err)
	}
}

// TestLinkReachesTheNodes: both nodes hold the faults that the verb sets.
func TestLinkReachesTheNodes(t *testing.T) {
	const script = "nodes 2\nlink n1 n2 delay 30ms jitter 20ms loss 40% bandwidth 50000 one-way\n"
	want := peer.Link{Delay: 30, Jitter: 20, Loss: 0.4, Bandwidth: 50_000}
	asked := 0
	_, _, err := play(t, "link.txt", script, false, func(dir string, step scenario.Step) {
		if step.Line != 2 {
			return
		}
		net, err := testnet.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range net.Names() {
			want := want
			want.OneWay = name == "n1" // the first one hears nothing
			n, err := net.Client(name)
			if err != nil {
				t.Fatal(err)
			}
			peers, err := rpc.GetPeerInfo.Call(t.Context(), n, rpc.None{})
			n.Close()
			if err != nil || len(peers) != 1 || peers[0].Link == nil || *peers[0].Link != want {
				t.Errorf("%s holds %+v, want %+v: %v", name, peers, want, err)
			}
			asked++
		}
	})
	if err != nil || asked != 2 {
		t.Errorf("%d nodes checked: %v", asked, err)
	}
}
