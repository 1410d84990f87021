//go:build unix

package demo

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"toychain/consensus"
	"toychain/internal/longtest"
	"toychain/payer"
	"toychain/testnet"
	"toychain/wallet"
)

// binary is toychain, built once for all tests.
var binary string

var update = flag.Bool("update", false, "write the golden file anew")

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "demo-test-")
	code := 1
	if err == nil {
		binary = filepath.Join(dir, "toychain")
		out, err := exec.Command("go", "build", "-o", binary, "toychain/cmd/toychain").CombinedOutput()
		if err == nil {
			code = m.Run()
		} else {
			fmt.Fprintf(os.Stderr, "building toychain: %v\n%s", err, out)
		}
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// bounded is a context for one step of a test.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// stage has the demo create its temporary directory in a directory of the test, and returns a
// function that fails the test if a process or file of the demo is left.
func stage(t *testing.T) (dir string, empty func()) {
	t.Helper()
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	return tmp, func() {
		t.Helper()
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
			t.Errorf("left on disk: %v, %v", left, err)
		}
		lines, _ := filepath.Glob("/proc/[0-9]*/cmdline") // none where the system has no /proc
		for _, name := range lines {
			if text, err := os.ReadFile(name); err == nil && bytes.Contains(text, []byte(tmp)) {
				t.Errorf("%s still runs: %q", name, text)
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

// TestDemo plays the story on four real node processes and compares its text with the golden
// file, except for hashes, addresses and the time that it took.
func TestDemo(t *testing.T) {
	_, empty := stage(t)
	var out bytes.Buffer
	r, err := Play(bounded(t), Config{Binary: binary, Out: &out})
	if err != nil {
		t.Fatalf("%v\nafter writing\n%s", err, out.String())
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
		t.Errorf("wrote\n%s\nwant\n%s", story, want)
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

// fitsTerminal checks that no line is wider than a terminal, also with "->" for every arrow.
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
	_, empty := stage(t)
	var out bytes.Buffer
	r, err := Play(bounded(t), Config{Binary: binary, Out: &out, Keep: true, ASCII: true, Colour: true})
	if err != nil {
		t.Fatalf("%v\nafter writing\n%s", err, out.String())
	}
	tn, err := testnet.Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := tn.Settle(bounded(t)); err != nil {
		t.Error(err)
	}
	if want := commandName() + " testnet heal --dir " + r.Dir; !strings.Contains(out.String(), want) {
		t.Errorf("the end of the story does not suggest %q", want)
	}
	params := consensus.Toy()
	w, err := wallet.Load(filepath.Join(r.Dir, "wallets", "bob.json"), wallet.Network{Name: params.Name, Prefixes: params.Prefixes})
	if err != nil {
		t.Fatal(err)
	}
	c, err := tn.Client("n2")
	if err != nil {
		t.Fatal(err)
	}
	p, err := payer.Open(bounded(t), c, w, params.Digest(), params.Prefixes)
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

// watcher is a writer that calls then once, when text was written.
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

// TestDemoInterrupted: at whatever moment Ctrl-C comes, no process and no file is left.
func TestDemoInterrupted(t *testing.T) {
	_, empty := stage(t)
	why := errors.New("Ctrl-C")
	chapters := []string{"Two histories", "Four nodes", "Money", "A payment", "meet again", "The check"}
	for _, when := range chapters[:longtest.Pick(2, len(chapters))] {
		ctx, cancel := context.WithCancelCause(bounded(t))
		_, err := Play(ctx, Config{Binary: binary, Out: &watcher{when, func() error { cancel(why); return nil }}})
		if !errors.Is(err, why) {
			t.Errorf("at %q: %v", when, err)
		}
		cancel(nil)
		empty()
	}
}

// TestDemoFails: a network that is not as the story expects ends it with an error that says why.
func TestDemoFails(t *testing.T) {
	tmp, empty := stage(t)
	meddle := func() error {
		dirs, err := filepath.Glob(filepath.Join(tmp, "toychain-demo-*"))
		if err != nil || len(dirs) != 1 {
			return fmt.Errorf("%d directories, %v", len(dirs), err)
		}
		tn, err := testnet.Open(dirs[0])
		if err != nil {
			return err
		}
		return tn.Partition(bounded(t), [][]string{{"n1"}, {"n2", "n3", "n4"}})
	}
	_, err := Play(bounded(t), Config{Binary: binary, Patience: time.Millisecond, Out: &watcher{"Money comes", meddle}})
	if err == nil || !strings.Contains(err.Error(), "tip: expected") || !strings.Contains(err.Error(), "the end of n4's log") {
		t.Errorf("a network that was partitioned: %v", err)
	}
	empty()
	broken := errors.New("broken pipe")
	if _, err := Play(bounded(t), Config{Binary: binary, Out: &watcher{"Four", func() error { return broken }}}); !errors.Is(err, broken) {
		t.Errorf("an output that cannot be written: %v", err)
	}
	empty()
	if _, err := Play(bounded(t), Config{Binary: binary, Out: &watcher{}, Pause: func(context.Context) error { return broken }}); !errors.Is(err, broken) {
		t.Errorf("a reader that ends it: %v", err)
	}
	empty()
}
