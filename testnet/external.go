package testnet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	parameters "toychain/network"
	"toychain/store"
	"toychain/testnet/topology"
)

// This file has testnets whose nodes an orchestrator runs, in containers for instance.
// What goes by RPC works on them as on our own: status, tree, settle, partition, heal.
// Their processes are not ours to end.

// Orchestrator runs the nodes of a testnet in place of this package.
type Orchestrator struct {
	Name string `json:"name"` // for people: Docker Compose
	// Commands are what to type for what this package cannot do, by its verb: kill,
	// pause, resume, restart, down. NODE stands for the node's name, DIR for the directory.
	Commands map[string]string `json:"commands"`
}

// Describe makes a directory with a testnet that an orchestrator runs, or will run: from
// then on Open finds it there. The nodes need a name, n1 and so on in this order, where
// their RPC answers, a file with its user and password, and how peers reach them. The
// directory must not have a testnet already.
func Describe(dir, network string, nodes []Node, by Orchestrator) (*Testnet, error) {
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
	p, err := parameters.Load(network)
	if err != nil {
		return nil, err
	}
	t := newTestnet(dir, p, state{File: File{Network: network, Nodes: nodes}, Runner: &by, Born: map[string]string{}})
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return t, t.state.save(dir, true)
}

// Vacant returns an error if a testnet is in the directory, up or down.
func Vacant(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, stateFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("a testnet is in %s already; take another directory, or remove that one when nothing of it runs", dir)
}

// Orchestrator returns what runs the nodes, or nil if this package does.
func (t *Testnet) Orchestrator() *Orchestrator { return t.state.Runner }

// theirs returns the error of a verb that only the orchestrator can do, or nil if the
// nodes are ours.
func (t *Testnet) theirs(verb, name string) error {
	by := t.state.Runner
	if by == nil {
		return nil
	}
	nodes := cmp.Or(name, "the nodes")
	how := by.Commands[verb]
	if how == "" {
		return fmt.Errorf("%s: %s runs %s and cannot do that", verb, by.Name, nodes)
	}
	return fmt.Errorf("%s: %s runs %s; do it there with: %s", verb, by.Name, nodes, strings.NewReplacer("NODE", name, "DIR", store.Quote(t.dir)).Replace(how))
}

// errNoAnswer is the error of a testnet whose orchestrator runs no node.
func (t *Testnet) errNoAnswer() error {
	return fmt.Errorf("no node answers; %s runs them, and has to start them first", t.state.Runner.Name)
}

// look returns what the system knows of a node's process, and false if it does not run.
// Of a node of an orchestrator it is known only whether it answers.
func (t *Testnet) look(name string) (procInfo, bool) {
	if t.state.Runner == nil {
		return t.procs[name].look()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second) // for a health check
	defer cancel()
	c, err := t.Dial(*t.node(name))
	return procInfo{}, err == nil && c.Health(ctx) == nil
}

// looks is look for all nodes at once.
func (t *Testnet) looks() ([]procInfo, []bool) {
	seen, runs := make([]procInfo, len(t.state.Nodes)), make([]bool, len(t.state.Nodes))
	_ = each(t.state.names(), func(i int, name string) error {
		seen[i], runs[i] = t.look(name)
		return nil
	})
	return seen, runs
}
