// Package report writes what happened on a test network into one file, to be sent to whoever looks
// for the cause, and reads it there.
//
//	README.txt     what the file is, for people
//	report.json    versions, and the status of each node
//	journals.json  each node's block tree and reorganisations
//	events.jsonl   what was done to the network
//	n1.log, …      the end of each node's log
//	scripts/…      the scripts that were added
//
// # What it knows
//
// The format, which is a zip archive, and its limits. Only what is named above is ever put in: no
// key, no wallet and no password. Package testnet's directory and its nodes are the caller's.
//
// # Errors
//
// A file that is no report, or larger than a report may be, is refused with what is wrong.
package report

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"toychain/testnet"
	"toychain/testnet/history"
)

// Report is what happened on a network, and where.
type Report struct {
	About    About
	Journals []history.Journal
	Actions  []history.Action
	Logs     map[string]string // by node
	Scripts  map[string]string // by file name
}

// About is report.json.
type About struct {
	Toychain string               `json:"toychain"` // version
	Go       string               `json:"go"`
	System   string               `json:"system"` // like linux/amd64
	Made     time.Time            `json:"made"`
	Network  string               `json:"network"`
	Digest   string               `json:"digest"` // of the network's parameters
	Nodes    []testnet.NodeStatus `json:"nodes"`
}

// Limits of a report, in bytes.
const (
	maxLog  = 4 << 20  // of a log the end is kept
	maxFile = 64 << 20 // unpacked
)

const readme = `A report of a toychain test network: versions, block trees, journals, logs and scripts.
It has no keys, no wallets and no passwords. Its logs contain paths of the machine that it
was made on, and so perhaps the name of a user.

  toychain testnet replay %s
  toychain testnet replay --at 0s %[1]s

plays what happened; a script in scripts/ does it again: toychain testnet run FILE.
`

// Write writes the report to a file that must not be there yet. The secrets, such as passwords of
// the nodes, are replaced in every text, should a log contain them.
func (r *Report) Write(path string, secrets []string) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(r.write(f, filepath.Base(path), secrets), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func (r *Report) write(w io.Writer, name string, secrets []string) error {
	var hide []string
	for _, s := range secrets {
		if s != "" {
			hide = append(hide, s, "[removed]")
		}
	}
	replacer := strings.NewReplacer(hide...)
	z := zip.NewWriter(w)
	add := func(name, text string) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: r.About.Made})
		if err != nil {
			return err
		}
		_, err = replacer.WriteString(f, text)
		return err
	}
	about, err := json.MarshalIndent(&r.About, "", "  ")
	if err != nil {
		return err
	}
	journals, err := json.Marshal(r.Journals)
	if err != nil {
		return err
	}
	var events bytes.Buffer
	for _, a := range r.Actions {
		if err := json.NewEncoder(&events).Encode(a); err != nil {
			return err
		}
	}
	err = errors.Join(add("README.txt", fmt.Sprintf(readme, name)), add("report.json", string(about)+"\n"),
		add("journals.json", string(journals)+"\n"), add("events.jsonl", events.String()))
	for _, node := range sorted(r.Logs) {
		err = errors.Join(err, add(node+".log", end(r.Logs[node])))
	}
	for _, script := range sorted(r.Scripts) {
		err = errors.Join(err, add("scripts/"+script, r.Scripts[script]))
	}
	return errors.Join(err, z.Close())
}

// end returns the end of a log, from the beginning of a line.
func end(log string) string {
	if len(log) <= maxLog {
		return log
	}
	_, log, _ = strings.Cut(log[len(log)-maxLog:], "\n")
	return "[the beginning is left out]\n" + log
}

func sorted(m map[string]string) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Read reads a report. Of its texts it returns the logs and the scripts.
func Read(path string) (*Report, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s is no report of 'toychain testnet report': %w", path, err)
	}
	defer z.Close()
	r := &Report{Logs: map[string]string{}, Scripts: map[string]string{}}
	read := map[string]bool{}
	for _, f := range z.File {
		text, err := unpack(f)
		if err == nil {
			err = r.take(f.Name, text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, f.Name, err)
		}
		read[f.Name] = true
	}
	for _, name := range []string{"report.json", "journals.json", "events.jsonl"} {
		if !read[name] {
			return nil, fmt.Errorf("%s is no report of 'toychain testnet report': it has no %s", path, name)
		}
	}
	return r, nil
}

func unpack(f *zip.File) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("it has more than %d MB", maxFile>>20)
	}
	return text, err
}

// take takes one file into the report. Others than its own are ignored.
func (r *Report) take(name string, text []byte) error {
	script, isScript := strings.CutPrefix(name, "scripts/")
	node, isLog := strings.CutSuffix(name, ".log")
	switch {
	case name == "report.json":
		return json.Unmarshal(text, &r.About)
	case name == "journals.json":
		return json.Unmarshal(text, &r.Journals)
	case name == "events.jsonl":
		for line := range bytes.Lines(text) {
			var a history.Action
			if err := json.Unmarshal(line, &a); err != nil {
				return err
			}
			r.Actions = append(r.Actions, a)
		}
	case isScript:
		r.Scripts[script] = string(text)
	case isLog:
		r.Logs[node] = string(text)
	}
	return nil
}
