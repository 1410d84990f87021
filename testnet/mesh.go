package testnet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"toychain/rpc"
)

const (
	// fullMesh is up to how many nodes everybody is connected to everybody.
	fullMesh = 10
	// neighbours is how many connections a node has in a larger group: half of them
	// to the nodes after it in a circle, half to those before it. Eight is what a node
	// of Bitcoin keeps up by itself (Core: MAX_OUTBOUND_FULL_RELAY_CONNECTIONS).
	neighbours = 8
)

// pairs returns who is to be connected among the nodes of one group; the first of a
// pair calls the second.
func pairs(names []string) (out [][2]string) {
	n := len(names)
	reach := n - 1
	if n > fullMesh {
		reach = neighbours / 2
	}
	for i := range n {
		for d := 1; d <= reach; d++ {
			j := i + d
			if j >= n && n <= fullMesh {
				break // that pair was there already
			}
			out = append(out, [2]string{names[i], names[j%n]})
		}
	}
	return out
}

// groups returns who may talk to whom: the partition's groups, or all nodes as one.
func (t *Testnet) groups() [][]string {
	if len(t.state.Groups) > 0 {
		return t.state.Groups
	}
	return [][]string{t.state.names()}
}

// groupOf returns the number of a node's group.
func (t *Testnet) groupOf(name string) int {
	return slices.IndexFunc(t.groups(), func(g []string) bool { return slices.Contains(g, name) })
}

// Talking returns the nodes that run, are not paused and can reach each other, directly
// or through others, as connections are planned: one group for each part of the
// network. Over a line where one hears nothing of the other they do not reach each other.
func (t *Testnet) Talking() (parts [][]string) {
	left := t.awake()
	linked := map[string][]string{}
	for _, g := range t.groups() {
		for _, p := range t.pairs(g) {
			if t.deaf(p[0], p[1]) {
				continue
			}
			linked[p[0]], linked[p[1]] = append(linked[p[0]], p[1]), append(linked[p[1]], p[0])
		}
	}
	for len(left) > 0 {
		part := left[:1:1]
		left = left[1:]
		for i := 0; i < len(part); i++ {
			left = slices.DeleteFunc(left, func(name string) bool {
				near := slices.Contains(linked[part[i]], name)
				if near {
					part = append(part, name)
				}
				return near
			})
		}
		slices.SortFunc(part, byName)
		parts = append(parts, part)
	}
	return parts
}

// shut tells a node whom it may not talk to.
func (t *Testnet) shut(ctx context.Context, name string) error {
	var cut, apart []string
	for _, n := range t.state.Nodes {
		switch {
		case t.groupOf(n.Name) != t.groupOf(name):
			cut = append(cut, n.PeerID)
		case n.Name != name && !t.may(n.Name, name):
			apart = append(apart, n.PeerID)
		}
	}
	c, err := t.Client(name)
	if err != nil {
		return err
	}
	_, err = c.SetPartition(ctx, cut, apart...)
	return err
}

// calls returns the nodes that name calls within its group.
func (t *Testnet) calls(name string) (out []string) {
	for _, p := range t.pairs(t.groups()[t.groupOf(name)]) {
		if p[0] == name {
			out = append(out, p[1])
		}
	}
	return out
}

// join makes the connections between the awake nodes what the groups say, and returns
// when they are: nobody is connected to another group, and within a group everybody
// is connected as planned. Afterwards the nodes keep it so by themselves. Lines and
// clocks that are to be bad are so too, for nodes that have just started.
func (t *Testnet) join(ctx context.Context) error {
	awake := t.awake()
	if err := each(awake, func(name string) error { return t.shut(ctx, name) }); err != nil {
		return err
	}
	if err := t.afflict(ctx, awake); err != nil {
		return err
	}
	err := each(awake, func(name string) error {
		c, err := t.Client(name)
		if err != nil {
			return err
		}
		for _, to := range t.calls(name) {
			err := c.AddPeer(ctx, t.node(to).Multiaddr)
			var said *rpc.Error
			if errors.As(err, &said) && said.Code == rpc.CodeNodeAdded {
				continue
			}
			if err != nil {
				return fmt.Errorf("calling %s: %w", to, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(t.waitJoined(ctx, awake), t.untold(awake))
}

// untold returns an error if somebody else runs nodes that do not answer: nobody can tell
// them later, when they do, what these were told.
func (t *Testnet) untold(awake []string) error {
	silent := slices.DeleteFunc(t.state.names(), func(name string) bool { return slices.Contains(awake, name) })
	if t.state.Runner == nil || len(silent) == 0 {
		return nil
	}
	return fmt.Errorf("%s: no answer, so nothing was told there; say it again once %s runs it", strings.Join(silent, ", "), t.state.Runner.Name)
}

// waitJoined waits until the connections are as planned. The error of ctx comes with
// the first one that is not.
func (t *Testnet) waitJoined(ctx context.Context, awake []string) error {
	var amiss string
	err := poll(ctx, func() (bool, error) {
		peers, err := t.connections(ctx, awake)
		if err != nil {
			return false, err
		}
		amiss = t.amiss(awake, peers)
		return amiss == "", nil
	})
	if err != nil && amiss != "" {
		return fmt.Errorf("%s: %w", amiss, err)
	}
	return err
}

// connections returns for each node the names of those it is connected to.
func (t *Testnet) connections(ctx context.Context, names []string) (map[string][]string, error) {
	byID := map[string]string{}
	for _, n := range t.state.Nodes {
		byID[n.PeerID] = n.Name
	}
	rows := make([][]string, len(names))
	err := eachIndex(names, func(i int, name string) error {
		c, err := t.Client(name)
		if err != nil {
			return err
		}
		list, err := c.PeerInfo(ctx)
		for _, p := range list {
			if to := byID[p.PeerID]; to != "" && p.Joined {
				rows[i] = append(rows[i], to)
			}
		}
		return err
	})
	out := map[string][]string{}
	for i, name := range names {
		out[name] = rows[i]
	}
	return out, err
}

// amiss says which connection is missing or too many, or "".
func (t *Testnet) amiss(awake []string, peers map[string][]string) string {
	for _, name := range awake {
		for _, to := range peers[name] {
			if !t.may(to, name) {
				return fmt.Sprintf("%s is still connected to %s", name, to)
			}
		}
	}
	for _, g := range t.groups() {
		for _, p := range t.pairs(g) {
			a, b := p[0], p[1]
			if t.deaf(a, b) || !slices.Contains(awake, a) || !slices.Contains(awake, b) {
				continue
			}
			if !slices.Contains(peers[a], b) || !slices.Contains(peers[b], a) {
				return fmt.Sprintf("%s and %s are not connected", a, b)
			}
		}
	}
	return ""
}

// each calls f for all names at once and returns all errors, each with its name.
func each(names []string, f func(name string) error) error {
	return eachIndex(names, func(_ int, name string) error { return f(name) })
}

// eachIndex is each for those who fill in a slice.
func eachIndex(names []string, f func(i int, name string) error) error {
	errs := make(chan error)
	for i, name := range names {
		go func() {
			err := f(i, name)
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			errs <- err
		}()
	}
	var all []error
	for range names {
		if err := <-errs; err != nil {
			all = append(all, err)
		}
	}
	slices.SortFunc(all, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return joinErrors(all)
}

// joinErrors makes one line of several errors.
func joinErrors(all []error) error {
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return &several{all}
}

// several is more than one error, on one line.
type several struct{ all []error }

func (s *several) Error() string {
	var out []string
	for _, err := range s.all {
		out = append(out, err.Error())
	}
	return strings.Join(out, "; ")
}

func (s *several) Unwrap() []error { return s.all }
