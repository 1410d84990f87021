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

// process is a child of this program, or one that an earlier command left running.
// A pid alone does not say which: the system gives it to somebody else once its
// owner is gone. So a process is a pid and the moment it was born, and nothing is
// ever signalled unless both still fit.
type process struct {
	pid  int
	born string // when, in the system's own words; "" if it cannot tell
	said int64  // where in the log its own life begins; 0 if we did not start it

	// Only for a child of ours:
	done  chan struct{} // closed once it is gone and its exit status was fetched
	exit  error         // how it ended; read after done
	stdin io.Closer     // what a tied child watches
}

// launch is what to start.
type launch struct {
	binary string   // absolute path
	args   []string // after the program's name
	dir    string   // working folder
	log    string   // file that takes its output, appended to
	tied   bool     // it ends when this program does, however that happens
}

// programName is what a child sees as its own name, whatever file it was started
// from: a test binary that can act as several programs chooses by it.
const programName = "toychain"

// settings begin the environment variables that would change what a node does. A
// node of a testnet is ruled by its arguments alone.
const settings = "TOYCHAIN_"

// cleanEnv is the environment without them.
func cleanEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, settings) })
}

// start launches a program in a session of its own, so that neither Ctrl-C nor the
// end of the terminal reaches it: ending it in good order is our business. A tied
// one gets a pipe as its standard input that nothing is ever written to and that
// breaks when this program is gone, killed or not.
func (l launch) start() (*process, error) {
	out, err := os.OpenFile(l.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close() // the child has its own
	cmd := exec.Command(l.binary, l.args...)
	cmd.Args[0] = programName
	cmd.Dir = l.dir
	cmd.Env = cleanEnv()
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
	// The child cannot vanish before Wait, so this is its own time of birth.
	if seen, ok := look(p.pid); ok {
		p.born = seen.born
	}
	go func() {
		p.exit = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// sight is what the system tells of a pid.
type sight struct {
	born   string // see process.born
	dead   bool   // ended, but nobody fetched its exit status yet: a zombie
	paused bool   // by SIGSTOP
	memory int64  // resident bytes; 0 if the system does not tell
}

// look returns what the system tells of this process, and false if it is gone: no
// such pid, another owner, or a zombie.
func (p *process) look() (sight, bool) {
	if p == nil || p.pid <= 0 {
		return sight{}, false
	}
	if p.done != nil {
		select {
		case <-p.done:
			return sight{}, false
		default:
		}
	}
	s, ok := look(p.pid)
	if !ok || s.dead || s.born != p.born {
		return sight{}, false
	}
	return s, true
}

func (p *process) alive() bool {
	_, ok := p.look()
	return ok
}

// errGone says that there is nothing left to signal.
var errGone = errors.New("it is not running")

// signal sends s. os.FindProcess holds on to the process itself where the system
// can do that (Linux's pidfd), so the look after it and the signal mean the same one.
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
		return fmt.Errorf("pid %d may belong to somebody else by now: this system does not tell when a process was born", p.pid)
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

// kill ends it at once, in the middle of whatever it is doing, and returns when it
// is gone. That it was gone already is no error.
func (p *process) kill(ctx context.Context) error {
	if err := p.signal(os.Kill); err != nil && !errors.Is(err, errGone) {
		return err
	}
	p.release()
	return p.wait(ctx)
}

// stop asks it to end and returns when it is gone: after grace, or when ctx ends, it
// is killed. The error says that it survived even that.
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
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), killGrace)
	defer cancel()
	if err := p.kill(last); err != nil {
		return fmt.Errorf("pid %d does not end: %w", p.pid, err)
	}
	return nil
}

// killGrace is how long the system may take to clear away a killed process.
const killGrace = 5 * time.Second

// release lets go of the pipe of a tied child, which is a second way to tell it to end.
func (p *process) release() {
	if p != nil && p.stdin != nil {
		p.stdin.Close()
	}
}

// pollEvery is how often a condition is looked at that nothing announces.
const pollEvery = 10 * time.Millisecond

// Poll asks again and again until done says true or an error, or ctx ends. It rests
// as long as a look takes: asking fifty nodes on two cores must not be what
// keeps them from getting there.
func Poll(ctx context.Context, done func() (bool, error)) error {
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		begun := time.Now()
		if ok, err := done(); ok || err != nil {
			return err
		}
		rest.Reset(max(pollEvery, time.Since(begun)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-rest.C:
		}
	}
}

// lastWords returns why a node ended, as the log says from here on: its last error, or
// else the last lines.
func lastWords(log string, from int64) string {
	end := linesFrom(log, from, 8)
	for _, line := range slices.Backward(strings.Split(end, "\n")) {
		if why, ok := strings.CutPrefix(line, "error: "); ok {
			return why
		}
	}
	if end == "" {
		return "it said nothing"
	}
	return "it said:\n" + indent(end)
}

// LogTail returns the last lines of a node's log, n at most, indented.
func (n Node) LogTail(lines int) string { return indent(linesFrom(n.Log, 0, lines)) }

// linesFrom returns the last lines, n at most, of what stands in a file from an offset on.
func linesFrom(path string, from int64, n int) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	const most = 16 << 10
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	if _, err := f.Seek(max(from, end-most), io.SeekStart); err != nil {
		return ""
	}
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-n):], []byte("\n")))
}
