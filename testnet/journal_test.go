//go:build unix

package testnet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestActions: every command on a testnet is recorded, also one that fails.
func TestActions(t *testing.T) {
	begun := time.Now()
	dir := t.TempDir()
	tn, err := Up(bounded(t), Config{Dir: dir, Nodes: 3, Network: "toy", Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := bounded(t)
	if err := tn.Partition(ctx, [][]string{{"n1", "n3"}, {"n2"}}); err != nil {
		t.Error(err)
	}
	if err := tn.Heal(ctx); err != nil {
		t.Error(err)
	}
	if err := tn.Kill(ctx, "n2"); err != nil {
		t.Error(err)
	}
	if err := tn.Kill(ctx, "n2"); err == nil {
		t.Error("killed twice")
	}
	if err := tn.Restart(ctx, "n2"); err != nil {
		t.Error(err)
	}
	for range 2 { // the second has nothing to end
		if err := tn.Down(ctx, false); err != nil {
			t.Error(err)
		}
	}
	all, err := tn.Actions()
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	last := begun.UnixMilli()
	for _, a := range all {
		said = append(said, strings.TrimSpace(fmt.Sprintf("%s %s %.1s", a.Verb, strings.Join(a.Args, "|"), a.Error)))
		if a.TimeMS < last || a.TookMS < 0 || time.Since(a.Begun()) > time.Since(begun)+time.Millisecond {
			t.Errorf("%s at %d, took %d ms; the one before was at %d", a.Verb, a.TimeMS, a.TookMS, last)
		}
		last = a.TimeMS
	}
	if got, want := strings.Join(said, "; "), "up 3; partition n1,n3|n2; heal; kill n2; kill n2 n; restart n2; down"; got != want {
		t.Errorf("actions %s, want %s", got, want)
	}
	if err := tn.Down(ctx, true); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, eventsFile)); err == nil {
		t.Error("the journal outlives its network")
	}
}

// TestActionsAreChecked: without events.jsonl there are no actions; the error of a damaged one names the line.
func TestActionsAreChecked(t *testing.T) {
	tn := &Testnet{dir: t.TempDir()}
	if all, err := tn.Actions(); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	text := `{"time_ms": 5, "verb": "heal", "args": []}` + "\n" + `{"time_ms`
	if err := os.WriteFile(filepath.Join(tn.dir, eventsFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := tn.Actions(); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a damaged one: %v", err)
	}
}
