package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a child of this program.
type process struct {
	cmd  *exec.Cmd
	log  string         // file with its output
	hold io.WriteCloser // its stdin, which closes when this program ends
	done chan struct{}  // closed when it has ended
}

// start runs a program with a log file in dir. It is killed when ctx ends.
func start(ctx context.Context, dir, program string, args ...string) (*process, error) {
	p := &process{log: filepath.Join(dir, "log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own
	p.cmd = exec.CommandContext(ctx, program, args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	p.cmd.WaitDelay = graceful
	if p.hold, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in its log
		close(p.done)
	}()
	return p, nil
}

// graceful is the time that a node has to end when it is asked to.
const graceful = 20 * time.Second

// stop asks the process to end, waits, and kills it if it does not; then it returns an error.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	p.hold.Close()
	select {
	case <-p.done:
		return nil
	case <-time.After(graceful):
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s did not end in %s and was killed", filepath.Base(p.cmd.Path), graceful)
	}
}

// ended returns an error with the end of the log if the process has ended.
func (p *process) ended() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended: %s", filepath.Base(p.cmd.Path), p.lastWords())
	default:
		return nil
	}
}

// lastWords returns the end of the log.
func (p *process) lastWords() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	const enough = 2000
	return strings.TrimSpace(string(text[max(0, len(text)-enough):]))
}

// resident returns the process's resident memory in bytes (VmRSS in /proc/PID/status of Linux).
func (p *process) resident() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("memory of a process: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, "VmRSS:")
		if !ok {
			continue
		}
		kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
		return float64(kib) * 1024, err
	}
	return 0, fmt.Errorf("memory of a process: no VmRSS in %q", text)
}

// freePort returns an address of this machine that is free just now. Another program may take it
// before it is used; the caller then tries again.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// until calls done at this interval until it returns true or an error.
func until(ctx context.Context, every time.Duration, done func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}
