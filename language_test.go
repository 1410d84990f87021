package toychain_test

import (
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
)

// vague are words for a party that has a name: the peer, the sender, the caller, the user.
var vague = regexp.MustCompile(`(?i)\b(nobody|somebody|whoever|whom)\b`)

// maxVague is how many of them all code without tests and all pages may have together.
const maxVague = 30

// Code and pages name the party that they speak of.
func TestPartiesAreNamed(t *testing.T) {
	list, err := exec.Command("git", "ls-files").Output()
	if err != nil {
		t.Skip("not a git repository, whose list of files says what is ours: ", err)
	}
	var found []string
	for file := range strings.Lines(string(list)) {
		file = strings.TrimSpace(file)
		if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "testdata/") || strings.HasPrefix(file, "interop/") || !isProse(file) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue // deleted, and not committed yet
		}
		for _, word := range vague.FindAllString(string(text), -1) {
			found = append(found, file+": "+word)
		}
	}
	if len(found) > maxVague {
		t.Errorf("%d vague words, at most %d:\n%s", len(found), maxVague, strings.Join(found, "\n"))
	}
}

// isProse reports whether a file holds text that people read.
func isProse(file string) bool {
	switch path.Ext(file) {
	case ".go", ".md", ".txt", ".toml", ".yml", ".json", "":
		return true
	}
	return false
}
