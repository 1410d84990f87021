package testnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// process is a child of this program, or one that an earlier command left running. A pid
// alone does not identify it: the system reuses a pid once its process is gone. So a
// process is a pid and its start time, and a signal is sent only if both still match.
type process struct {
	pid  int
	born string // start time as the system writes it; "" if it is not known
	said int64  // offset in the log where its own output begins; 0 if we did not start it

	// Only for a child of ours:
	done  chan struct{} // closed once it is gone and its exit status was collected
	exit  error         // read after done
	stdin io.Closer     // a tied child ends when it is closed
}

// launch is what to start.
type launch struct {
	binary string   // absolute path
	args   []string // after the program's name
	dir    string   // working directory
	log    string   // file that its output is appended to
	tied   bool     // it ends when this program does, in whatever way
}

// programName is argument 0 of a child, whatever file it was started from: a test binary
// that can act as several programs chooses by it.
const programName = "toychain"

// start starts a program in a new session, so that neither Ctrl-C nor the end of the
// terminal reaches it: stopping it gracefully is our task. A tied one gets a pipe as its
// standard input that is never written to and that breaks when this program is gone, killed
// or not.
func (l launch) start() (*process, error) {
	out, err := os.OpenFile(l.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close() // the child has a copy
	cmd := exec.Command(l.binary, l.args...)
	cmd.Args[0] = programName
	cmd.Dir = l.dir
	// Variables of this prefix change what a node does: here its arguments alone do.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TOYCHAIN_") })
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = ownSession()
	p := &process{done: make(chan struct{})}
	if p.said, err = out.Seek(0, io.SeekEnd); err != nil {
		return nil, err
	}
	if l.tied {
		if p.stdin, err = cmd.StdinPipe(); err != nil {
			return nil, err
		}
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(l.binary), err)
	}
	p.pid = cmd.Process.Pid
	// The child cannot vanish before Wait, so this is its own start time.
	if seen, ok := look(p.pid); ok {
		p.born = seen.born
	}
	go func() {
		p.exit = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// procInfo is what the system reports about a process.
type procInfo struct {
	born   string // see process.born
	dead   bool   // a zombie: ended, its exit status not collected yet
	paused bool   // by SIGSTOP
	memory int64  // resident bytes; 0 if it is not known
}

// look returns what the system reports about this process, and false if it is gone: no
// such pid, another process with this pid, or a zombie.
func (p *process) look() (procInfo, bool) {
	if p == nil || p.pid <= 0 {
		return procInfo{}, false
	}
	if p.done != nil {
		select {
		case <-p.done:
			return procInfo{}, false
		default:
		}
	}
	s, ok := look(p.pid)
	if !ok || s.dead || s.born != p.born {
		return procInfo{}, false
	}
	return s, true
}

func (p *process) alive() bool {
	_, ok := p.look()
	return ok
}

// errGone is returned when no process is left to signal.
var errGone = errors.New("it is not running")

// signal sends s. os.FindProcess keeps a handle of the process itself where the system has
// one (Linux's pidfd), so the check after it and the signal mean the same process.
func (p *process) signal(s os.Signal) error {
	if p == nil || p.pid <= 0 {
		return errGone
	}
	target, err := os.FindProcess(p.pid)
	if err != nil {
		return errGone
	}
	defer target.Release()
	if !p.alive() {
		return errGone
	}
	if p.born == "" && p.done == nil {
		return fmt.Errorf("pid %d may be another process by now: this system does not report when a process was started", p.pid)
	}
	if err := target.Signal(s); errors.Is(err, os.ErrProcessDone) {
		return errGone
	} else if err != nil {
		return fmt.Errorf("signal pid %d: %w", p.pid, err)
	}
	return nil
}

// wait returns when the process is gone, or the error of ctx.
func (p *process) wait(ctx context.Context) error {
	if p != nil && p.done != nil {
		select {
		case <-p.done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return Poll(ctx, func() (bool, error) { return !p.alive(), nil })
}

// kill ends it at once and returns when it is gone. That it was gone already is no error.
func (p *process) kill(ctx context.Context) error {
	if err := p.signal(os.Kill); err != nil && !errors.Is(err, errGone) {
		return err
	}
	p.release()
	return p.wait(ctx)
}

// stop asks it to end and returns when it is gone. After grace, or when ctx ends, it is
// killed.
func (p *process) stop(ctx context.Context, grace time.Duration) error {
	if p == nil || !p.alive() {
		p.release()
		return nil
	}
	if err := terminate(p); err != nil && !errors.Is(err, errGone) {
		return err
	}
	p.release()
	patience, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if p.wait(patience) == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // the system removes it
	defer cancel()
	if err := p.kill(last); err != nil {
		return fmt.Errorf("pid %d does not end: %w", p.pid, err)
	}
	return nil
}

// release closes the pipe of a tied child, which also asks it to end.
func (p *process) release() {
	if p != nil && p.stdin != nil {
		p.stdin.Close()
	}
}

// Poll calls done until it returns true or an error, or ctx ends. It pauses for as long as
// a call takes: calling fifty nodes on two cores must not be what delays them.
func Poll(ctx context.Context, done func() (bool, error)) error {
	for {
		begun := time.Now()
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(10*time.Millisecond, time.Since(begun))):
		}
	}
}

// exitReason returns why a node ended, from its log after an offset: its last error, or else
// the last lines.
func exitReason(log string, from int64) string {
	end := linesFrom(log, from, 8)
	for _, line := range slices.Backward(strings.Split(end, "\n")) {
		if why, ok := strings.CutPrefix(line, "error: "); ok {
			return why
		}
	}
	if end == "" {
		return "its log is empty"
	}
	return "the end of its log:\n" + indent(end)
}

// LogTail returns the last lines of a node's log, n at most, indented.
func (n Node) LogTail(lines int) string { return indent(linesFrom(n.Log, 0, lines)) }

// linesFrom returns the last lines, n at most, of a file after an offset.
func linesFrom(path string, from int64, n int) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	const most = 16 << 10
	end, _ := f.Seek(0, io.SeekEnd)
	b, err := io.ReadAll(io.NewSectionReader(f, max(from, end-most), most))
	if err != nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-n):], []byte("\n")))
}
