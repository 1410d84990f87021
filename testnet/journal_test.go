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

// TestTornActions: without events.jsonl there are no actions. What a power failure tore is skipped,
// which is said, and does not take the next line with it.
func TestTornActions(t *testing.T) {
	tn := &Testnet{dir: t.TempDir()}
	if all, err := tn.Actions(); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	path := filepath.Join(tn.dir, eventsFile)
	for range 3 {
		if err := tn.note(time.Now(), "heal", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err == nil {
		err = os.Truncate(path, info.Size()-20)
	}
	if err != nil {
		t.Fatal(err)
	}
	for want := 2; want <= 3; want++ {
		var said []string
		tn.Notify(func(s string) { said = append(said, s) })
		all, err := tn.Actions()
		if err != nil || len(all) != want || len(said) != 1 || said[0] != path+": line 3 is torn and was skipped" {
			t.Errorf("%d actions, want %d; %q, %v", len(all), want, said, err)
		}
		if err := tn.note(time.Now(), "down", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
}
