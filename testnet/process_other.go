//go:build !unix

package testnet

import (
	"errors"
	"os"
	"syscall"
)

// Elsewhere a node can be started, killed and told to end by its closed input, which
// is enough for the demo. A testnet left running is ended by "toychain rpc stop".

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

// look knows no time of birth, so nothing but a child of our own is ever signalled.
func look(pid int) (sight, bool) {
	p, err := os.FindProcess(pid)
	if err != nil {
		return sight{}, false
	}
	p.Release()
	return sight{}, true
}

// mostMemory: the system does not tell.
func mostMemory(int) int64 { return 0 }
