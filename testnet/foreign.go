package testnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"toychain/network"
	"toychain/testnet/topology"
)

// This file has testnets whose nodes somebody else runs, in containers for instance.
// What goes by RPC works on them as on our own: status, tree, settle, partition, heal.
// Their processes are not ours to end.

// Runner is who runs the nodes of a testnet, if not this package.
type Runner struct {
	Name string `json:"name"` // for people: Docker Compose
	// Commands are what to type for what this package cannot do, by its verb: kill,
	// pause, resume, restart, down. The word NODE stands for the node's name.
	Commands map[string]string `json:"commands"`
}

// Describe makes a folder with a testnet that runner runs, or will run: from then on
// Open finds it there. The nodes need a name, n1 and so on in this order, where their
// RPC answers, a file with its user and password, and how peers reach them. The folder
// must not have a testnet already.
func Describe(dir, name string, nodes []Node, runner Runner) (*Testnet, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := Vacant(dir); err != nil {
		return nil, err
	}
	for i, n := range nodes {
		if n.Name != topology.Name(i) || n.RPC == "" || n.Cookie == "" || n.PeerID == "" || n.Multiaddr == "" {
			return nil, fmt.Errorf("testnet: node %d, %q, is not fully described", i+1, n.Name)
		}
	}
	params, _, err := network.Load(name)
	if err != nil {
		return nil, err
	}
	t := &Testnet{dir: dir, params: params}
	t.state = state{File: File{Network: name, Nodes: nodes}, Runner: &runner}
	t.init()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return t, t.state.save(dir, true)
}

// Vacant returns an error if a testnet is in the folder, up or down.
func Vacant(dir string) error {
	_, err := os.Stat(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("a testnet is in %s already; take another folder, or remove that one when nothing of it runs", dir)
}

// Runner returns who runs the nodes, or nil if this package does.
func (t *Testnet) Runner() *Runner { return t.state.Runner }

// theirs is the error of a verb that is the runner's, or nil if the nodes are ours.
func (t *Testnet) theirs(verb, name string) error {
	r := t.state.Runner
	if r == nil {
		return nil
	}
	nodes := name
	if name == "" {
		nodes = "the nodes"
	}
	how := r.Commands[verb]
	if how == "" {
		return fmt.Errorf("%s: %s runs %s and cannot do that", verb, r.Name, nodes)
	}
	return fmt.Errorf("%s: %s runs %s; do it there with: %s", verb, r.Name, nodes, strings.ReplaceAll(how, "NODE", name))
}

// lookTime is how long a node that somebody else runs may take to say that it is well.
const lookTime = 2 * time.Second

// look returns what can be seen of a node from outside, and false if it does not run.
// Of one that somebody else runs only whether it answers.
func (t *Testnet) look(name string) (sight, bool) {
	if t.state.Runner == nil {
		return t.procs[name].look()
	}
	n := t.node(name)
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	c, err := t.Dial(*n)
	return sight{}, err == nil && c.Health(ctx) == nil
}

// looks is look for all nodes at once.
func (t *Testnet) looks() ([]sight, []bool) {
	seen, runs := make([]sight, len(t.state.Nodes)), make([]bool, len(t.state.Nodes))
	_ = eachIndex(t.state.names(), func(i int, name string) error {
		seen[i], runs[i] = t.look(name)
		return nil
	})
	return seen, runs
}
