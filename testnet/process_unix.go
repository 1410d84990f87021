//go:build unix

package testnet

import "syscall"

// ownSession makes a child the head of a session and process group of its own.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// terminate asks p to end in good order, and wakes it in case it is paused.
func terminate(p *process) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.signal(syscall.SIGCONT)
}

// pause stops p where it stands: it computes nothing, answers nobody and does not
// know it. Its connections stay open.
func pause(p *process) error { return p.signal(syscall.SIGSTOP) }

// resume lets p go on.
func resume(p *process) error { return p.signal(syscall.SIGCONT) }
