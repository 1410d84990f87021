package testnet

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"toychain/testnet/history"
)

// note writes down what was done since begun, whatever came of it.
func (t *Testnet) note(begun time.Time, verb string, args []string, failed error) error {
	a := history.Action{TimeMS: begun.UnixMilli(), TookMS: time.Since(begun).Milliseconds(), Verb: verb, Args: append([]string{}, args...)}
	if failed != nil {
		a.Error = failed.Error()
	}
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(t.dir, eventsFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n')) // one write: a line is there or it is not
	return errors.Join(err, f.Close())
}

// Actions returns everything that was done to the testnet in this folder, the oldest
// first. A folder of an earlier version has no journal: then there is none.
func (t *Testnet) Actions() ([]history.Action, error) {
	path := filepath.Join(t.dir, eventsFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []history.Action
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a history.Action
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, len(out)+1, err)
		}
		out = append(out, a)
	}
	return out, lines.Err()
}
