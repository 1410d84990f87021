package main

import (
	"bufio"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"toychain/internal/longtest"

	"toychain/cmd/internal/cli"
)

// Ctrl-C may come at any line of the story: nothing is left running, and nothing is
// left on disk.
func TestDemoInterrupted(t *testing.T) {
	for range longtest.Pick(2, 8) {
		const storyLines = 110
		interruptDemo(t, 1+rand.IntN(storyLines))
	}
}

// interruptDemo interrupts a demo after so many lines.
func interruptDemo(t *testing.T, after int) {
	t.Helper()
	ctx, cancel := contextWithPatience()
	defer cancel()
	tmp := t.TempDir()
	cmd := exec.CommandContext(ctx, "toychain", "demo")
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "HOME="+tmp)
	var talk strings.Builder
	cmd.Stderr = &talk
	story, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(story)
	for range after {
		if _, err := lines.ReadString('\n'); err != nil {
			break // it was faster than we are
		}
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, lines); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	var ended *exec.ExitError
	switch {
	case err == nil: // it had told all
	case !errors.As(err, &ended) || ended.ExitCode() != cli.ExitSignal+int(syscall.SIGINT):
		t.Errorf("interrupted after %d lines: %v, want exit code 130; it says:\n%s", after, err, talk.String())
	}
	if left := processesAt(tmp); len(left) > 0 {
		t.Errorf("interrupted after %d lines: still running: %s", after, strings.Join(left, "; "))
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("interrupted after %d lines: left behind: %v %v", after, left, err)
	}
}
