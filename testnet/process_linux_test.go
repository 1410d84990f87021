package testnet

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func init() {
	if len(os.Args) > 1 && os.Args[0] == programName && os.Args[1] == "headless" {
		runtime.LockOSThread() // main stays on the first thread
	}
	endThread = func() { syscall.Syscall(syscall.SYS_EXIT, 0, 0, 0) }
}

// A process is not gone while one of its threads is left, although the system calls it a zombie
// as soon as the first has ended: a node that is killed holds its directory until the last has.
func TestZombieWithThreads(t *testing.T) {
	p, _ := begin(t, "headless", true)
	err := Poll(bounded(t), func() (bool, error) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
		return bytes.Contains(stat, []byte(") Z ")), err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !p.alive() {
		t.Error("it counts as gone while it runs on")
	}
	if err := p.stop(bounded(t), time.Minute); err != nil || p.exit != nil {
		t.Errorf("%v, ended with %v", err, p.exit)
	}
	if p.alive() {
		t.Error("it is gone and counts as running")
	}
}
