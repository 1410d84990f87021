//go:build !unix

package testnet

import (
	"errors"
	"os"
	"syscall"
)

// Elsewhere a node can be started, killed, and stopped by closing its input, which is enough
// for the demo. A testnet left running is ended by "toychain rpc stop".

func ownSession() *syscall.SysProcAttr { return nil }

func terminate(p *process) error {
	p.release()
	if p.stdin == nil {
		return p.signal(os.Kill)
	}
	return nil
}

var errPause = errors.New("this system cannot pause a process")

func pause(*process) error  { return errPause }
func resume(*process) error { return errPause }

// look knows no start time, so that only children of this program are ever signalled.
func look(pid int) (procInfo, bool) {
	p, err := os.FindProcess(pid)
	if err != nil {
		return procInfo{}, false
	}
	p.Release()
	return procInfo{}, true
}

// mostMemory returns 0: it is not known.
func mostMemory(int) int64 { return 0 }

// workDir returns "": it is not known.
func workDir(int) string { return "" }
