package testnet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"toychain/internal/atomicfile"
	"toychain/testnet/topology"
)

// File is testnet.json: how any program reaches the nodes of a testnet.
type File struct {
	Network string `json:"network"` // a preset's name, or the path of a parameters file
	Nodes   []Node `json:"nodes"`
}

// Node is how to reach one node.
type Node struct {
	Name      string `json:"name"`    // n1, n2, …
	RPC       string `json:"rpc"`     // 127.0.0.1:PORT
	Cookie    string `json:"cookie"`  // file with its user and password
	Datadir   string `json:"datadir"` // as "toychain node run --datadir" takes it
	Log       string `json:"log"`     // file with its output
	PID       int    `json:"pid"`     // of the process that was started last; it may have ended
	PeerID    string `json:"peer_id"`
	Multiaddr string `json:"multiaddr"` // where peers reach it, ready for --peer
}

// state is state.json: File and what only this package needs. It is written as soon as there
// is a process, testnet.json only once all nodes answer.
type state struct {
	File
	Dir        string             `json:"dir"`                  // where the paths are
	Incomplete string             `json:"incomplete,omitempty"` // the last change, if it failed half way and could not be undone
	Binary     string             `json:"binary"`               // program of the nodes
	Hashrate   float64            `json:"hashrate"`             // cap of each node's miner; 0: none
	Mine       bool               `json:"mine,omitempty"`       // the nodes mine by themselves
	Rates      map[string]float64 `json:"rates,omitempty"`      // by name, in place of hashrate and mine: the cap of its miner; below 0: it does not mine
	MineTo     string             `json:"mine_to,omitempty"`    // address that is paid; "": one for each node
	BlockMax   int                `json:"block_max,omitempty"`  // the largest block that a node makes, in bytes; 0: as large as any may be
	Groups     [][]string         `json:"groups,omitempty"`     // of the partition; none: there is no partition
	Pairs      []topology.Pair    `json:"pairs,omitempty"`      // see Connect; none: a mesh
	Links      []topology.Link    `json:"lines,omitempty"`      // bad ones
	Clocks     map[string]int64   `json:"clocks,omitempty"`     // seconds by which a clock is fast; none: it is right
	Born       map[string]string  `json:"born"`                 // by name, see process.born
	Runner     *Orchestrator      `json:"runner,omitempty"`     // runs the nodes; none: this package

	moved bool // its directory was moved or copied since it was written
}

// The files in a testnet's directory.
const (
	publicFile  = "testnet.json"
	stateFile   = "state.json"
	networkFile = "network.toml"
	eventsFile  = "events.jsonl"
	lockFile    = "lock"
	logFile     = "node.log"
	addrFile    = "rpc.addr" // in a node's network directory: the host and port that it got, written by the node
	cookieFile  = ".cookie"  // likewise
)

// Secrets returns what must not leave the machine: the nodes' keys as peers, and the passwords of
// their RPC. A node without such a file has none.
func (t *Testnet) Secrets() (out []string, err error) {
	for _, n := range t.state.Nodes {
		for _, path := range []string{n.Cookie, filepath.Join(n.Datadir, t.params.Name, losable["key"])} {
			text, err := os.ReadFile(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			_, secret, found := strings.Cut(strings.TrimSpace(string(text)), ":") // user:password
			if !found {
				secret = strings.TrimSpace(string(text))
			}
			out = append(out, secret)
		}
	}
	return out, nil
}

// loadState reads state.json, see place. No such file is fs.ErrNotExist.
func loadState(dir string) (state, error) {
	path := filepath.Join(dir, stateFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return state{}, err
	}
	s := state{Born: map[string]string{}}
	err = json.Unmarshal(b, &s)
	for _, n := range s.Nodes {
		if bad := topology.CheckName(n.Name); bad != nil {
			err = errors.Join(err, fmt.Errorf("the node %w", bad))
		}
	}
	if err != nil {
		return state{}, fmt.Errorf("%s is damaged (%w): end each node that runs, with: toychain rpc stop --datadir %s; then remove the file, and "+
			"'toychain testnet up' continues the chains", path, err, filepath.Join(dir, topology.Name(0)))
	}
	return s, s.place(dir)
}

// place makes the paths those of dir, which may have been moved or copied. Nodes that run in
// another directory are an error: nothing may be done to them.
func (s *state) place(dir string) error {
	was := s.Dir
	if was == "" && len(s.Nodes) > 0 { // written by an earlier version
		was = filepath.Dir(s.Nodes[0].Datadir)
	}
	paths := []*string{&s.Network}
	for i := range s.Nodes {
		paths = append(paths, &s.Nodes[i].Cookie, &s.Nodes[i].Datadir, &s.Nodes[i].Log)
	}
	for _, p := range paths {
		if rel, err := filepath.Rel(was, *p); err == nil && filepath.IsLocal(rel) {
			*p = filepath.Join(dir, rel)
		}
	}
	s.Dir, s.moved = dir, was != dir
	for _, n := range s.Nodes {
		at := filepath.Dir(cmp.Or(workDir(n.PID), filepath.Join(was, n.Name)))
		there, _ := os.Stat(at)
		here, _ := os.Stat(dir)
		if !os.SameFile(here, there) && (&process{pid: n.PID, born: s.Born[n.Name]}).alive() {
			return fmt.Errorf("%s is a copy of the testnet in %s, whose nodes run (%s: pid %d): name that one with --dir, or end it first with: toychain testnet down --dir %s",
				dir, at, n.Name, n.PID, at)
		}
	}
	return nil
}

func (s *state) names() []string {
	var out []string
	for _, n := range s.Nodes {
		out = append(out, n.Name)
	}
	return out
}

// save writes state.json, and testnet.json too if public is set.
func (s *state) save(dir string, public bool) error {
	s.Dir = dir
	if err := saveJSON(filepath.Join(dir, stateFile), s); err != nil || !public {
		return err
	}
	return saveJSON(filepath.Join(dir, publicFile), s.File)
}

// saveJSON replaces the file at path by v as JSON.
func saveJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(atomicfile.Replace(path, atomicfile.Synced(append(b, '\n'))), atomicfile.SyncDir(filepath.Dir(path)))
}

// lock locks a testnet's directory while one command changes something, and returns how to
// unlock it. A lock whose owner is gone is ignored. If wait is false, the lock of another
// command is an error at once; else it says after a second what it waits for.
func lock(ctx context.Context, dir string, wait bool, say func(string)) (unlock func(), err error) {
	path := filepath.Join(dir, lockFile)
	self, _ := look(os.Getpid())
	mine := fmt.Sprintf("%d %s\n", os.Getpid(), self.born)
	begun := time.Now()
	err = Poll(ctx, func() (bool, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = f.WriteString(mine)
			return true, errors.Join(err, f.Close())
		}
		if !errors.Is(err, fs.ErrExist) {
			return false, err
		}
		owner, known := lockOwner(path)
		switch {
		case known && !owner.alive():
			os.Remove(path)
		case !wait:
			return false, fmt.Errorf("another command works on the testnet in %s; wait until it is done (or, if there is none, remove %s)", dir, path)
		case time.Since(begun) > time.Second:
			say(fmt.Sprintf("waiting for another command (process %d) that works on the testnet in %s", owner.pid, dir))
			begun = begun.Add(time.Hour)
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	return func() { os.Remove(path) }, nil
}

// lockOwner reads which process holds the lock. It is not known while the owner is still
// writing the file, nor after it removed it.
func lockOwner(path string) (owner process, known bool) {
	b, err := os.ReadFile(path)
	pid, born, ok := strings.Cut(strings.TrimSpace(string(b)), " ")
	if err != nil || !ok || !strings.HasSuffix(string(b), "\n") {
		// A file that stays incomplete is that of a program that died while writing it.
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > time.Second {
			return process{}, true
		}
		return process{}, false
	}
	owner.pid, err = strconv.Atoi(pid)
	owner.born = born
	return owner, err == nil
}

// clearDir removes all that this package and its nodes wrote, those of earlier testnets
// too, and the directory itself if nothing else is in it.
func clearDir(dir string) error {
	names, err := nodeDirs(dir)
	errs := []error{err}
	for _, name := range names {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
	}
	for _, file := range []string{publicFile, stateFile, networkFile, eventsFile, lockFile} {
		if err := os.Remove(filepath.Join(dir, file)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if left, err := os.ReadDir(dir); err == nil && len(left) == 0 {
		errs = append(errs, os.Remove(dir))
	}
	return errors.Join(errs...)
}

// nodeDirs returns the names of the nodes that have a directory there, whether they belong to the
// testnet or to an earlier one.
func nodeDirs(dir string) (names []string, err error) {
	all, err := os.ReadDir(dir)
	for _, e := range all {
		if _, err := os.Stat(filepath.Join(dir, e.Name(), logFile)); err == nil && e.IsDir() && topology.CheckName(e.Name()) == nil {
			names = append(names, e.Name())
		}
	}
	return names, err
}
