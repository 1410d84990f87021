package report

import (
	"archive/zip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"toychain/testnet"
	"toychain/testnet/history"
)

// TestReport: what is read is what was written, but for secrets and the beginning of long logs.
func TestReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.zip")
	long := strings.Repeat("a line\n", maxLog/7+10)
	r := &Report{
		About:    About{Toychain: "1", System: "linux/amd64", Made: time.Unix(1e9, 0).UTC(), Network: "toy", Nodes: []testnet.NodeStatus{{Name: "n1"}}},
		Journals: []history.Journal{{Node: "n1"}, {Node: "n2", Silent: "paused"}},
		Actions:  []history.Action{{TimeMS: 1, Verb: "up", Args: []string{"2"}}, {TimeMS: 2, Verb: "heal"}},
		Logs:     map[string]string{"n1": "the password is hunter2", "n2": long},
		Scripts:  map[string]string{"a.txt": "nodes 2\n"},
	}
	if err := r.Write(path, []string{"hunter2", ""}); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	if got, want := strings.Join(names, " "), "README.txt report.json journals.json events.jsonl n1.log n2.log scripts/a.txt"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
	if n := len(got.Logs["n2"]); n > maxLog+40 || n < maxLog-10 || !strings.HasPrefix(got.Logs["n2"], "[the beginning is left out]\na line\n") {
		t.Errorf("%d bytes are left of a log of %d", n, len(long))
	}
	r.Logs["n1"], r.Logs["n2"] = "the password is [removed]", got.Logs["n2"]
	if !reflect.DeepEqual(r, got) {
		t.Errorf("wrote %+v\nread  %+v", r, got)
	}
	if err := r.Write(path, nil); !os.IsExist(err) {
		t.Errorf("over another file: %v", err)
	}
}

// TestNoReport: what is no report is refused, and said to be none.
func TestNoReport(t *testing.T) {
	dir := t.TempDir()
	for name, files := range map[string]map[string]string{
		"no report.json":      {"journals.json": "[]", "events.jsonl": ""},
		"report.json: unexpe": {"report.json": "{", "journals.json": "[]", "events.jsonl": ""},
		"events.jsonl: inv":   {"report.json": "{}", "journals.json": "[]", "events.jsonl": "what"},
		"more than 64 MB":     {"report.json": "{}", "journals.json": strings.Repeat(" ", maxFile+1), "events.jsonl": ""},
	} {
		path := filepath.Join(dir, "r.zip")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		z := zip.NewWriter(f)
		for file, text := range files {
			w, err := z.Create(file)
			if err == nil {
				_, err = w.Write([]byte(text))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want %q, is: %v", name, err)
		}
	}
}
