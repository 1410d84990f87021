//go:build unix

package testnet

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"toychain/chain"
	"toychain/testnet/purse"
	"toychain/wallet"
)

// realNodes makes the test's children real nodes.
func realNodes(t *testing.T) {
	t.Helper()
	t.Setenv("TESTNET_NODE", "real")
}

// stage lets the demo find its temporary folder where the test can see it, and returns
// a function that fails the test if a process or file of the demo is left.
func stage(t *testing.T) (empty func()) {
	t.Helper()
	tmp, pids := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("TESTNET_PIDS", pids)
	return func() {
		t.Helper()
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
			t.Errorf("left on disk: %v, %v", left, err)
		}
		files, err := os.ReadDir(pids)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			pid, err := strconv.Atoi(f.Name())
			if err != nil {
				t.Fatal(err)
			}
			born, err := os.ReadFile(filepath.Join(pids, f.Name()))
			if p := (&process{pid: pid, born: string(born)}); err != nil || p.alive() {
				t.Errorf("process %d still runs (%v)", pid, err)
			}
		}
	}
}

// changing are the parts of the story that are different each time.
var changing = []struct {
	pattern *regexp.Regexp
	as      string
}{
	{regexp.MustCompile(`[mn][1-9A-HJ-NP-Za-km-z]{25,33}\b`), "ADDRESS"},
	{regexp.MustCompile(`hash [0-9a-f]{16}`), "hash ################"},
	{regexp.MustCompile(`([ (])[0-9a-f]{8}\b`), "${1}########"},
	{regexp.MustCompile(`[0-9.]+ seconds`), "S seconds"},
}

// TestDemo plays the story on four real node processes and compares what it tells with
// the last time, but for hashes, addresses and the clock.
func TestDemo(t *testing.T) {
	realNodes(t)
	empty := stage(t)
	var out bytes.Buffer
	r, err := Demo(bounded(t), DemoConfig{Out: &out})
	if err != nil {
		t.Fatalf("%v\nafter telling\n%s", err, out.String())
	}
	empty()
	story := out.String()
	fitsTerminal(t, story)
	for _, c := range changing {
		story = c.pattern.ReplaceAllString(story, c.as)
	}
	const golden = "testdata/demo.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(story), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if story != string(want) {
		t.Errorf("told\n%s\nwant\n%s", story, want)
	}
	if r.Nodes != 4 || !r.Converged || r.Height != 17 || r.Tip.IsZero() || r.UTXOHash.IsZero() ||
		r.ReorgDepth != 2 || r.StaleBlocks != 2 || r.ReturnedTxs != 1 || r.ConflictedTxs != 1 {
		t.Errorf("result %+v", r)
	}
	var fates []string
	for _, p := range r.Payments {
		fates = append(fates, p.From+" "+p.To+" "+p.Fate)
	}
	if got, want := strings.Join(fates, "; "), "alice bob confirmed; alice bob conflicted; alice carol confirmed; "+
		"dave bob returned to the pool, then confirmed"; got != want {
		t.Errorf("payments %s, want %s", got, want)
	}
}

// fitsTerminal says that no line is wider than a terminal, even one that has "->" for
// every arrow.
func fitsTerminal(t *testing.T, story string) {
	t.Helper()
	for line := range strings.Lines(typewriter.Replace(story)) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns, of 80: %s", n, line)
		}
	}
}

// TestDemoKeeps: with Keep the network stays up, and so do the wallets.
func TestDemoKeeps(t *testing.T) {
	realNodes(t)
	empty := stage(t)
	var out bytes.Buffer
	r, err := Demo(bounded(t), DemoConfig{Out: &out, Keep: true, Command: "toy", ASCII: true, Colour: true})
	if err != nil {
		t.Fatalf("%v\nafter telling\n%s", err, out.String())
	}
	tn, err := Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := tn.Settle(bounded(t)); err != nil {
		t.Error(err)
	}
	if want := "toy testnet heal --dir " + r.Dir; !strings.Contains(out.String(), want) {
		t.Errorf("it does not tell to try %q", want)
	}
	params := chain.Toy()
	w, _, err := wallet.Open(filepath.Join(r.Dir, "wallets", "bob.json"), demoPassphrase, wallet.Network{Name: params.Name, Prefixes: params.Prefixes})
	if err != nil {
		t.Fatal(err)
	}
	c, err := tn.Client("n2")
	if err != nil {
		t.Fatal(err)
	}
	p, err := purse.Open(bounded(t), c, w, params.Digest(), params.Prefixes)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := p.Balance(bounded(t)); err != nil || b.Confirmed != firstAmount+daveAmount {
		t.Errorf("bob has %+v, %v", b, err)
	}
	// As the story says, a node can be killed and started again.
	if err := tn.Kill(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	if err := tn.Restart(bounded(t), "n2"); err != nil {
		t.Fatal(err)
	}
	if err := tn.Settle(bounded(t)); err != nil {
		t.Error(err)
	}
	if err := tn.Down(bounded(t), true); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(r.Dir); err != nil {
		t.Fatal(err)
	}
	empty()
}

// watcher is a writer that does something once a text has gone through it.
type watcher struct {
	text string
	then func() error
}

func (w *watcher) Write(b []byte) (int, error) {
	if w.then != nil && strings.Contains(string(b), w.text) {
		then := w.then
		w.then = nil
		return len(b), then()
	}
	return len(b), nil
}

// TestDemoInterrupted: whenever Ctrl-C comes, nothing stays behind.
func TestDemoInterrupted(t *testing.T) {
	realNodes(t)
	empty := stage(t)
	why := errors.New("Ctrl-C")
	chapters := []string{"Two histories", "Four nodes", "Money", "A payment", "meet again", "The check"}
	if testing.Short() {
		chapters = chapters[:1]
	}
	for _, when := range chapters {
		ctx, cancel := context.WithCancelCause(bounded(t))
		_, err := Demo(ctx, DemoConfig{Out: &watcher{when, func() error { cancel(why); return nil }}})
		if !errors.Is(err, why) {
			t.Errorf("at %q: %v", when, err)
		}
		cancel(nil)
		empty()
	}
}

// TestDemoFails: nodes that do not do what they should are told so.
func TestDemoFails(t *testing.T) {
	empty := stage(t)
	_, err := Demo(bounded(t), DemoConfig{Out: &watcher{}})
	if err == nil || !strings.Contains(err.Error(), "n1 mined: expected 1, but it is 0") || !strings.Contains(err.Error(), "the end of n4's log") {
		t.Errorf("nodes that mine nothing: %v", err)
	}
	empty()
	broken := errors.New("broken pipe")
	if _, err := Demo(bounded(t), DemoConfig{Out: &watcher{"Four", func() error { return broken }}}); !errors.Is(err, broken) {
		t.Errorf("nobody listens: %v", err)
	}
	empty()
	if _, err := Demo(bounded(t), DemoConfig{Out: &watcher{}, Pause: func(context.Context) error { return broken }}); !errors.Is(err, broken) {
		t.Errorf("the reader had enough: %v", err)
	}
	empty()
}

// TestRealPartition cuts real nodes, one of which is killed in the cut, and heals them.
func TestRealPartition(t *testing.T) {
	realNodes(t)
	tn, err := Up(bounded(t), Config{Dir: t.TempDir(), Nodes: 3, Network: "regtest", Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tn.Down(bounded(t), true); err != nil {
			t.Error(err)
		}
	})
	address := wallet.Address{}.Encode(tn.Params().Prefixes)
	mine := func(name string, n int) {
		t.Helper()
		c, err := tn.Client(name)
		if err == nil {
			_, err = c.Generate(bounded(t), n, address)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	mine("n1", 1)
	if err := tn.Settle(bounded(t)); err != nil {
		t.Fatal(err)
	}
	if err := tn.Partition(bounded(t), [][]string{{"n1"}, {"n2", "n3"}}); err != nil {
		t.Fatal(err)
	}
	mine("n1", 2)
	if err := tn.Kill(bounded(t), "n3"); err != nil {
		t.Fatal(err)
	}
	mine("n2", 3)
	if err := tn.Restart(bounded(t), "n3"); err != nil {
		t.Fatal(err)
	}
	if err := tn.Settle(bounded(t)); err != nil {
		t.Fatal(err)
	}
	wantPeers(t, tn, "n1: n2:n3 n3:n2")
	if err := tn.Heal(bounded(t)); err != nil {
		t.Fatal(err)
	}
	if err := tn.Settle(bounded(t)); err != nil {
		t.Fatal(err)
	}
	all, err := tn.Status(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Height != 4 || s.Tip != all[0].Tip {
			t.Errorf("%s is on %s at height %d", s.Name, s.Tip, s.Height)
		}
	}
	in, err := tn.Tree(bounded(t), 0)
	if err != nil || len(in.Blocks) != 1+1+2+3 {
		t.Errorf("%d blocks in the tree, %v", len(in.Blocks), err)
	}
}
