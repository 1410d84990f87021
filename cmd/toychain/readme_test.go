package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shown is a command of the README and the lines that it shows of the output.
type shown struct {
	command string
	lines   []string
}

// readmeCommands returns what stands in the README's console blocks, in order.
func readmeCommands(t *testing.T) (out []shown) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		command, is := strings.CutPrefix(line, "$ ")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case !inside:
		case is:
			out = append(out, shown{command: command})
		default:
			last := &out[len(out)-1]
			last.lines = append(last.lines, line)
		}
	}
	return out
}

// Every command that the README shows works, in that order, and what it shows of the
// output comes: … stands for anything.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a testnet")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	bin := filepath.Join(work, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "toychain")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { endTestnets(work) })
	env := append(os.Environ(), "HOME="+work, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"TOYCHAIN_PASSPHRASE=a passphrase", "TERM=dumb")
	all := readmeCommands(t)
	if len(all) < 10 {
		t.Fatalf("only %d commands in the README", len(all))
	}
	for _, s := range all {
		cmd := exec.Command("sh", "-c", s.command)
		cmd.Dir, cmd.Env = work, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("$ %s\n%s%v", s.command, out, err)
		}
		rest := string(out)
		for _, line := range s.lines {
			pattern := "(?m)^" + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*")
			at := regexp.MustCompile(pattern).FindStringIndex(rest)
			if at == nil {
				t.Fatalf("$ %s\nthe README shows %q; what is left of the output has no such line:\n%s", s.command, line, rest)
			}
			rest = rest[at[1]:]
		}
	}
}
