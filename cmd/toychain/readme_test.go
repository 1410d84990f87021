package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shown is a command of a page and the output that it shows there.
type shown struct {
	command string
	output  string
}

// commandsOf returns what stands in a page's console blocks, in order.
func commandsOf(t *testing.T, page string) (out []shown) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(text)) {
		command, is := strings.CutPrefix(line, "$ ")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console\n"
		case !inside:
		case is:
			out = append(out, shown{command: strings.TrimSpace(command)})
		default:
			out[len(out)-1].output += line
		}
	}
	return out
}

// Every command that the README shows works, in that order, in one shell, and gives
// the output that it shows there. "…" stands for anything in a line, and alone on one
// for any lines; hashes, addresses, ports and the like need only be of their kind.
func TestReadme(t *testing.T) {
	all := commandsOf(t, "../../README.md")
	if len(all) < 30 {
		t.Fatalf("only %d commands in the README", len(all))
	}
	s := openShell(t)
	for _, c := range all {
		c.command = strings.Replace(c.command, "go run ./cmd/toychain", "toychain", 1)
		if strings.HasPrefix(c.command, "toychain node run") {
			s.window(c)
			continue
		}
		s.prints(c)
	}
}

// prints runs a command, which must print what the page shows.
func (s *shell) prints(c shown) {
	s.t.Helper()
	got, code := s.run(c.command)
	if code != 0 {
		s.t.Fatalf("$ %s\n%sexit code %d", c.command, got, code)
	}
	if !s.looksLike(got, c.output) {
		s.t.Fatalf("$ %s\nthe page shows:\n%sit prints:\n%s", c.command, c.output, got)
	}
}

// shell is a person at a keyboard: one shell, and a window more for every node that
// runs until Ctrl-C.
type shell struct {
	t    *testing.T
	home string
	in   io.Writer
	out  *bufio.Reader

	windows []int // processes that run until Ctrl-C
}

// openShell starts a shell in a home that is empty but for the scripts, which stand
// where they are in the project.
func openShell(t *testing.T) *shell {
	home := t.TempDir()
	scripts, err := filepath.Abs("../../testnet/scenarios")
	if err == nil {
		err = os.Mkdir(filepath.Join(home, "testnet"), 0o700)
	}
	if err == nil {
		err = os.Symlink(scripts, filepath.Join(home, "testnet", "scenarios"))
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh")
	cmd.Dir = home
	// TOYCHAIN_RPC: nodes answer at a port of the system's choice, clients find it by
	// the file that the node leaves.
	cmd.Env = append(os.Environ(), "HOME="+home, "TERM=dumb", "LC_ALL=C.UTF-8", "TOYCHAIN_RPC=127.0.0.1:0")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*patience)
	stop := make(chan struct{})
	go func() { // a command that hangs must not hang the test
		select {
		case <-ctx.Done():
			cmd.Process.Kill()
			out.Close()
		case <-stop:
		}
	}()
	s := &shell{t: t, home: home, in: in, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		for _, id := range s.windows {
			if p, err := os.FindProcess(id); err == nil {
				p.Signal(syscall.SIGTERM) // SIGINT does not reach what a shell runs in the background
			}
		}
		io.WriteString(in, "wait\n")
		in.Close()
		io.Copy(io.Discard, s.out)
		cmd.Wait()
		close(stop)
		cancel()
		endTestnets(home)
	})
	return s
}

// run types a command and returns what it printed and its exit code.
func (s *shell) run(command string) (string, int) {
	s.t.Helper()
	const end = "\x01"
	fmt.Fprintf(s.in, "%s </dev/null\nprintf '%s%%d%s' $?\n", command, `\001`, `\001`)
	text, err := s.out.ReadString(end[0])
	if err != nil {
		s.t.Fatalf("$ %s\n%v", command, err)
	}
	code, err := s.out.ReadString(end[0])
	if err != nil {
		s.t.Fatalf("$ %s\n%v", command, err)
	}
	n, err := strconv.Atoi(strings.Trim(code, end))
	if err != nil {
		s.t.Fatalf("$ %s\nexit code %q", command, code)
	}
	return strings.Trim(text, end), n
}

// window runs a node in a window of its own until the test ends, and returns when it
// has printed what the README shows.
func (s *shell) window(c shown) {
	s.t.Helper()
	file, err := os.CreateTemp(s.home, "window-")
	if err != nil {
		s.t.Fatal(err)
	}
	file.Close()
	pid, code := s.run("{ " + c.command + " >" + file.Name() + " 2>" + file.Name() + ".log & } ; echo $!; true")
	id, err := strconv.Atoi(strings.TrimSpace(pid))
	if err != nil || code != 0 {
		s.t.Fatalf("$ %s\n%s", c.command, pid)
	}
	s.windows = append(s.windows, id)
	ctx, cancel := contextWithPatience()
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		text, err := os.ReadFile(file.Name())
		if err == nil && s.looksLike(string(text), c.output) {
			return
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(file.Name() + ".log")
			s.t.Fatalf("$ %s\nthe README shows:\n%sit prints:\n%s%s", c.command, c.output, text, log)
		case <-tick.C:
		}
	}
}

// looksLike reports whether an output is what the README shows.
func (s *shell) looksLike(got, want string) bool {
	pattern := new(strings.Builder)
	for line := range strings.Lines(want) {
		line = strings.TrimRight(line, " \n")
		if strings.TrimSpace(line) == "…" {
			pattern.WriteString(`(?:.*\n)*?`)
			continue
		}
		parts := strings.Split(s.plain(line), "…")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		pattern.WriteString(strings.Join(parts, ".*") + "\n")
	}
	return regexp.MustCompile(`\A` + pattern.String() + `\z`).MatchString(s.plain(got))
}

// variable is what differs from run to run, and what it is replaced by.
var variable = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "HASH"},
	{regexp.MustCompile(`\b12D3KooW\w+`), "PEER"},
	{regexp.MustCompile(`\b[mn][1-9A-HJ-NP-Za-km-z]{25,34}\b`), "ADDRESS"},
	{regexp.MustCompile(`(^|[^.,\d])\b[0-9a-f]{8}\b`), "${1}SHORT"}, // but not the decimals of an amount
	{regexp.MustCompile(`\b[0-9a-f]{16}\b`), "LONG"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`(network \w+), height \d+`), "$1, height H"}, // a node that starts is being told, or mines
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "RPC"},
	{regexp.MustCompile(`/tcp/\d+`), "/tcp/PORT"},
	{regexp.MustCompile(`\bpid \d+`), "pid PID"},
	{regexp.MustCompile(`\b[\d.]+ (s|min) ago|just now`), "AGO"},
	{regexp.MustCompile(`[\d,]+ bytes|\b\d+ kB`), "SIZE"},
	{regexp.MustCompile(`[\d.,]+ [kMG]?H/s`), "RATE"},
	{regexp.MustCompile(`\b[\d.]+ ms +[\d.]+ s\b`), "PING SINCE"},
	{regexp.MustCompile(`in [\d.]+ seconds`), "in SECONDS"},
	// What the clock decides of a network that sets its difficulty.
	{regexp.MustCompile(`about [\d,]+ hashes`), "about HASHES"},
	{regexp.MustCompile(`[\d.]+ times (the easiest|harder)`), "FACTOR times $1"},
	{regexp.MustCompile(`now (many per second|one every [\d.]+ s)`), "now and then"},
	{regexp.MustCompile(`(?m), [\d.]+ s$`), ", SECONDS"},
	{regexp.MustCompile(`(?m) +$`), ""},
}

// plain replaces what differs from run to run, and the home folder.
func (s *shell) plain(text string) string {
	if real, err := filepath.EvalSymlinks(s.home); err == nil {
		text = strings.ReplaceAll(text, real, "/home/you")
	}
	text = strings.ReplaceAll(text, s.home, "/home/you")
	for _, v := range variable {
		text = v.pattern.ReplaceAllString(text, v.by)
	}
	return text
}

// The script that the README shows is the one that it plays.
func TestReadmeShowsTheScript(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("../../testnet/scenarios/partition.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```\n"+string(script)+"```\n") {
		t.Error("testnet/scenarios/partition.txt does not stand in README.md as it is")
	}
}
