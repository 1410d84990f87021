//go:build unix

package testnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the programs that the tests start: then its name is the one
// that every child gets, and its first argument says what it does.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == programName {
		os.Exit(child(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// endThread ends the thread that it runs on, and no other. Only Linux needs it.
var endThread func()

// child is a program that a test starts.
func child(args []string) int {
	if len(args) > 1 && args[0] == "node" && args[1] == "run" {
		if dir := os.Getenv("TESTNET_PIDS"); dir != "" {
			self, _ := look(os.Getpid())
			os.WriteFile(filepath.Join(dir, strconv.Itoa(os.Getpid())), []byte(self.born), 0o600)
		}
		if os.Getenv("TESTNET_NODE") == "real" {
			return runRealNode(args[2:])
		}
		return runFakeNode(args[2:])
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	fmt.Println("child", args[0])
	switch args[0] {
	case "fail":
		fmt.Fprintln(os.Stderr, "first line\nthe port is taken")
		return 3
	case "polite":
		<-told
		fmt.Println("goodbye")
	case "stubborn":
		for range told {
			fmt.Println("no")
		}
	case "tied":
		io.Copy(io.Discard, os.Stdin)
	case "env":
		fmt.Println(os.Getenv("TOYCHAIN_MINE"), os.Getenv("OTHER"))
	case "headless":
		go func() {
			<-told
			os.Exit(0)
		}()
		endThread()
	case "parent":
		p, err := launch{binary: os.Args[2], args: []string{"tied"}, log: args[2], tied: true}.start()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println("pid", p.pid, p.born)
		<-told
	}
	return 0
}

// begin starts the test binary as a child of the given kind and waits until it runs.
func begin(t *testing.T, kind string, tied bool) (*process, string) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	p, err := launch{binary: binary, args: []string{kind}, dir: t.TempDir(), log: log, tied: tied}.start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.kill(bounded(t)); err != nil {
			t.Error(err)
		}
	})
	await(t, log, "child "+kind)
	return p, log
}

// await waits until the file at path has text in it.
func await(t *testing.T, path, text string) string {
	t.Helper()
	var got string
	err := Poll(bounded(t), func() (bool, error) {
		b, err := os.ReadFile(path)
		got = string(b)
		return strings.Contains(got, text), err
	})
	if err != nil {
		t.Fatalf("waiting for %q in %s: %v; it has %q", text, path, err, got)
	}
	return got
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestStopIsPolite(t *testing.T) {
	p, log := begin(t, "polite", false)
	if !p.alive() {
		t.Fatal("it does not run")
	}
	if err := p.stop(bounded(t), time.Minute); err != nil {
		t.Fatal(err)
	}
	if p.alive() || p.exit != nil {
		t.Errorf("alive %v, ended with %v", p.alive(), p.exit)
	}
	await(t, log, "goodbye")
	if err := p.stop(bounded(t), time.Minute); err != nil {
		t.Errorf("stopping it again: %v", err)
	}
	if err := p.signal(os.Kill); !errors.Is(err, errGone) {
		t.Errorf("signalling what is gone: %v", err)
	}
}

func TestStopKillsTheStubborn(t *testing.T) {
	p, log := begin(t, "stubborn", false)
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await(t, log, "no")
	if err := p.stop(bounded(t), 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if p.alive() || !errors.As(p.exit, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("alive %v, ended with %v", p.alive(), p.exit)
	}
}

func TestStopWakesThePaused(t *testing.T) {
	p, log := begin(t, "polite", false)
	if err := pause(p); err != nil {
		t.Fatal(err)
	}
	paused := func(want bool) {
		t.Helper()
		if err := Poll(bounded(t), func() (bool, error) { s, ok := p.look(); return ok && s.paused == want, nil }); err != nil {
			t.Fatalf("waiting for paused %v: %v", want, err)
		}
	}
	paused(true)
	if err := resume(p); err != nil {
		t.Fatal(err)
	}
	paused(false)
	if err := pause(p); err != nil {
		t.Fatal(err)
	}
	paused(true)
	if err := p.stop(bounded(t), time.Minute); err != nil {
		t.Fatal(err)
	}
	await(t, log, "goodbye")
}

func TestTiedEndsWithItsInput(t *testing.T) {
	p, _ := begin(t, "tied", true)
	p.release()
	if err := p.wait(bounded(t)); err != nil || p.exit != nil {
		t.Errorf("waiting: %v, ended with %v", err, p.exit)
	}
}

// TestTiedEndsWithItsParent: a child ends even if its parent is killed.
func TestTiedEndsWithItsParent(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "parent")
	parent, err := launch{binary: binary, args: []string{"parent", binary, filepath.Join(dir, "child")}, dir: dir, log: log}.start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { parent.kill(bounded(t)) })
	line := await(t, log, "@")
	f := strings.Fields(line[strings.Index(line, "pid "):])
	pid, err := strconv.Atoi(f[1])
	if err != nil {
		t.Fatal(err)
	}
	child := &process{pid: pid, born: strings.Join(f[2:], " ")}
	await(t, filepath.Join(dir, "child"), "child tied")
	if !child.alive() {
		t.Fatal("the child does not run")
	}
	if err := parent.kill(bounded(t)); err != nil {
		t.Fatal(err)
	}
	if err := child.wait(bounded(t)); err != nil {
		t.Errorf("the child outlived its parent: %v", err)
	}
}

// TestAdopted: a process of an earlier command is identified by its pid and start time; with
// another start time it is another process and left alone.
func TestAdopted(t *testing.T) {
	p, _ := begin(t, "polite", false)
	stranger := &process{pid: p.pid, born: "1@before"}
	for name, act := range map[string]func() error{
		"signal": func() error { return stranger.signal(os.Kill) },
		"pause":  func() error { return pause(stranger) },
	} {
		if err := act(); !errors.Is(err, errGone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := stranger.stop(bounded(t), time.Minute); err != nil || stranger.alive() {
		t.Errorf("stop: %v, alive %v", err, stranger.alive())
	}
	if err := stranger.kill(bounded(t)); err != nil {
		t.Errorf("kill: %v", err)
	}
	if !p.alive() {
		t.Fatal("it was signalled with another start time")
	}
	adopted := &process{pid: p.pid, born: p.born}
	if s, ok := adopted.look(); !ok || s.memory <= 0 {
		t.Errorf("look: %+v, %v", s, ok)
	}
	if err := adopted.stop(bounded(t), time.Minute); err != nil || adopted.alive() || p.alive() {
		t.Errorf("stop: %v, alive %v", err, adopted.alive())
	}
	for _, none := range []*process{nil, {}, {pid: -1}} {
		if none.alive() || !errors.Is(none.signal(os.Kill), errGone) {
			t.Errorf("%+v: alive", none)
		}
	}
}

func TestFailureIsInItsLog(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	p, err := launch{binary: binary, args: []string{"fail"}, log: log}.start()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.wait(bounded(t)); err != nil || p.exit == nil {
		t.Fatalf("waiting: %v, ended with %v", err, p.exit)
	}
	if got, want := linesFrom(log, 0, 2), "first line\nthe port is taken"; got != want {
		t.Errorf("last lines %q, want %q", got, want)
	}
	if got := linesFrom(filepath.Join(t.TempDir(), "none"), 0, 2); got != "" {
		t.Errorf("of no file: %q", got)
	}
	if info, err := os.Stat(log); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("log: %v, %v", info.Mode(), err)
	}
}

func TestNoSuchProgram(t *testing.T) {
	_, err := launch{binary: filepath.Join(t.TempDir(), "toychain"), log: filepath.Join(t.TempDir(), "log")}.start()
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestSettingsStayBehind: the user's TOYCHAIN_MINE would make every node of a testnet mine.
func TestSettingsStayBehind(t *testing.T) {
	t.Setenv("TOYCHAIN_MINE", "yes")
	t.Setenv("OTHER", "other")
	_, log := begin(t, "env", false)
	if got := await(t, log, "other"); strings.Contains(got, "yes") {
		t.Errorf("the child saw %q", got)
	}
}
