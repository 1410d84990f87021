package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The commands of docs/clients.md print what it shows, and its lines of Python, eight and
// one, find a node by testnet.json and call it.
func TestClientsPage(t *testing.T) {
	const page = "../../docs/clients.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, block := range regexp.MustCompile("(?s)```python\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	if len(lines) != 9 {
		t.Fatalf("%d lines of Python, want eight and one", len(lines))
	}
	s := openShell(t)
	if err := os.WriteFile(filepath.Join(s.home, "chain.py"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range commandsOf(t, page) {
		if _, err := exec.LookPath("python3"); err != nil && strings.HasPrefix(c.command, "python3") {
			t.Skip("python3 is not installed: apt-get install python3")
		}
		s.prints(c)
	}
}
