package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// TestNodeDropsPassphrase: a node, which opens no wallet, does not keep the passphrase of wallets
// in its environment, where other programs of its user could read it.
func TestNodeDropsPassphrase(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows the environment of another process in /proc")
	}
	cmd := exec.Command("toychain", "node", "run", "--rpc", "127.0.0.1:0", "--datadir", t.TempDir())
	cmd.Env = append(os.Environ(), "TOYCHAIN_PASSPHRASE=correct horse", "TOYCHAIN_NAME=kept", "HOME="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	if !bufio.NewScanner(out).Scan() { // it runs once it prints its addresses
		t.Fatal("the node does not start")
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(environ); strings.Contains(text, "PASSPHRASE") || !strings.Contains(text, "TOYCHAIN_NAME=kept") {
		t.Errorf("the environment of the node: %q", text)
	}
}
