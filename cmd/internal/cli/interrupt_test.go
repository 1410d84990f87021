//go:build unix

package cli_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"toychain/cmd/internal/cli"
)

// TestSecondSignal: the first Ctrl-C ends the context, a second one the process, even if what is
// under way never ends.
func TestSecondSignal(t *testing.T) {
	const stuck = "TOYCHAIN_TEST_STUCK"
	if os.Getenv(stuck) != "" {
		ctx, stop := cli.Interruptible(context.Background())
		defer stop()
		fmt.Println("begun")
		<-ctx.Done()
		fmt.Println("clearing up")
		select {}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestSecondSignal$")
	cmd.Env = append(os.Environ(), stuck+"=yes")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for _, want := range []string{"begun", "clearing up"} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("it says %q, want %q", lines.Text(), want)
		}
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
	}
	_ = cmd.Wait()
	if by, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || by.Signal() != syscall.SIGINT {
		t.Errorf("it ended by %v, want by the second signal", cmd.ProcessState)
	}
}
