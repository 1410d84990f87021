package testnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"toychain/testnet/topology"
)

// Add starts one more node and connects it as [topology.Network.Add] says. The name "" is the first
// of n1, n2, … that is free. If the node does not start, nothing of it is left. If it runs but is not
// connected, it stays, and the error says so.
func (t *Testnet) Add(ctx context.Context, name string) (n Node, err error) {
	if err := t.theirs("add", name); err != nil {
		return n, err
	}
	args := []string{name}
	err = t.change(ctx, "add", args, func() error {
		if args[0], err = t.freeName(name); err != nil {
			return err
		}
		name = args[0]
		if err := t.startNew(ctx, name); err != nil {
			return err
		}
		n = *t.node(name)
		err := t.join(ctx)
		if err == nil {
			err = t.mine(ctx, []string{name})
		}
		if err != nil {
			t.state.Incomplete = "restart " + name
			err = fmt.Errorf("%s runs, but is not connected as planned; once that is possible: toychain testnet restart %s --dir %s: %w", name, name, t.dir, err)
		}
		return err
	})
	return n, err
}

// freeName checks the name of a node to add, or chooses one.
func (t *Testnet) freeName(name string) (string, error) {
	switch names := t.state.names(); {
	case !t.Alive():
		return name, fmt.Errorf("no node runs in %s; start them with: toychain testnet up --dir %s", t.dir, t.dir)
	case len(names) >= topology.MaxNodes:
		return name, fmt.Errorf("there are %d nodes, and more are not possible", topology.MaxNodes)
	case slices.Contains(names, name):
		return name, fmt.Errorf("there is a node %s already; choose another name", name)
	case name == "":
		i := 0
		for slices.Contains(names, topology.Name(i)) {
			i++
		}
		name = topology.Name(i)
	}
	if err := topology.CheckName(name); err != nil {
		return name, err
	}
	data := filepath.Join(t.dir, name)
	if _, err := os.Stat(data); err == nil {
		if _, err := os.Stat(filepath.Join(data, logFile)); err != nil {
			return name, fmt.Errorf("%s is there, and is not the directory of a node; choose another name", data)
		}
	}
	return name, nil
}

// startNew starts a node that is not of the testnet yet, and makes it so once it answers.
func (t *Testnet) startNew(ctx context.Context, name string) error {
	before := t.state
	data := filepath.Join(t.dir, name)
	_, err := os.Stat(data)
	isNew := errors.Is(err, os.ErrNotExist)
	net := t.network()
	net.Add(name)
	t.state.Groups, t.state.Pairs = net.Groups, net.Pairs
	t.state.Nodes = append(slices.Clone(t.state.Nodes), t.newNode(name))
	if err = t.launch(name); err == nil {
		err = t.waitAnswer(ctx, []string{name})
	}
	if err == nil {
		return nil
	}
	err = errors.Join(err, t.procs[name].stop(context.WithoutCancel(ctx), stopTime))
	t.state = before
	delete(t.state.Born, name)
	delete(t.procs, name)
	if isNew {
		err = errors.Join(err, os.RemoveAll(data))
	}
	return err
}

// newNode returns a node that has not been started yet.
func (t *Testnet) newNode(name string) Node {
	data := filepath.Join(t.dir, name)
	return Node{Name: name, Datadir: data, Log: filepath.Join(data, logFile), Cookie: filepath.Join(data, t.params.Name, cookieFile)}
}
