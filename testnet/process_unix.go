//go:build unix

package testnet

import "syscall"

// ownSession puts a child into a new session and process group.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// terminate asks p to stop gracefully, and resumes it in case it is paused.
func terminate(p *process) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.signal(syscall.SIGCONT)
}

// pause stops p without its knowledge. Its connections stay open.
func pause(p *process) error { return p.signal(syscall.SIGSTOP) }

// resume lets p continue.
func resume(p *process) error { return p.signal(syscall.SIGCONT) }
