package tab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"toychain/consensus"
	"toychain/explorer"
	"toychain/testnet/scenario/virtual"
	"toychain/testnet/topology"
	"toychain/wallet"
)

// controls returns what the page may do. Each shows the command that does the same on a testnet.
func controls() []explorer.Control {
	out := slices.Clone(explorer.Common)
	for i := range out {
		out[i].Command = "toychain " + out[i].Command
	}
	return out
}

const (
	// maxNodes and maxBlocks are what a page may ask for. Ours: what a tab has room and time for.
	maxNodes  = 16
	maxBlocks = 100
	// maxStep is how much virtual time passes at once.
	maxStep = time.Second
)

// Tab is nodes in a tab.
type Tab struct {
	world *world
	log   *explorer.Log
	told  *explorer.Told
	names []string
	sent  int64            // seq of the last event that was handed out
	seen  map[string]int64 // of each node's tree
	rates map[string]float64
	done  int // of world.did
}

// New starts so many nodes, which follow from the seed.
func New(ctx context.Context, seed uint64, nodes int) (*Tab, error) {
	if nodes < 1 || nodes > maxNodes {
		return nil, fmt.Errorf("%d nodes: want 1 to %d", nodes, maxNodes)
	}
	params, _ := consensus.Preset("toy")
	t := &Tab{world: &world{World: virtual.New(max(seed, 1))}, names: topology.Names(nodes), seen: map[string]int64{}, rates: map[string]float64{},
		log: explorer.NewLog(fmt.Sprintf("%d nodes in this tab, from the seed %d", nodes, max(seed, 1)), true)}
	if err := t.world.Up(ctx, nodes, params, 0); err != nil {
		return nil, err
	}
	tree, _, err := t.world.Changed(t.names[0], 0)
	if err != nil {
		return nil, err
	}
	t.told = explorer.NewTold(t.log, t.names, tree.Blocks[0])
	return t, t.tell()
}

// tell tells the log what changed.
func (t *Tab) tell() error {
	for ; t.done < len(t.world.did); t.done++ {
		t.told.Did(t.world.did[t.done])
	}
	for _, name := range t.names {
		tree, ok, err := t.world.Changed(name, t.seen[name])
		if err != nil {
			return err
		}
		if ok && tree.Seq != t.seen[name] {
			t.seen[name] = tree.Seq
			t.told.Tree(name, tree, t.world.Wall())
		}
	}
	return nil
}

// Do carries out a control.
func (t *Tab) Do(ctx context.Context, verb string, values map[string]string) error {
	return errors.Join(t.do(ctx, verb, values), t.tell())
}

func (t *Tab) do(ctx context.Context, verb string, values map[string]string) error {
	node := values["node"]
	switch verb {
	case "mine":
		n, err := strconv.Atoi(values["blocks"])
		if err != nil || n < 1 || n > maxBlocks {
			return fmt.Errorf("%q blocks: want 1 to %d", values["blocks"], maxBlocks)
		}
		at, err := t.world.Node(node)
		if err == nil {
			_, err = at.Generate(ctx, n, addressOf(node))
		}
		return err
	case "start", "stop":
		return t.mining(ctx, node, verb == "start", values["rate"])
	case "kill":
		return t.world.Kill(ctx, node)
	case "restart":
		return t.world.Restart(ctx, node)
	case "cut":
		return t.world.Partition(ctx, topology.ParseGroups(strings.Fields(values["groups"])))
	case "heal":
		return t.world.Heal(ctx)
	case "link", "perfect":
		words := []string{"perfect"}
		if verb == "link" {
			words = []string{"delay", values["delay"], "loss", values["loss"]}
		}
		l, err := topology.ParseLink(t.names, node, values["other"], words)
		if err != nil {
			return err
		}
		return t.world.Link(ctx, l)
	}
	return fmt.Errorf("there is no control %q", verb)
}

// mining has a node mine with a hash rate, or stop.
func (t *Tab) mining(ctx context.Context, node string, on bool, rate string) error {
	at, err := t.world.Node(node)
	if err != nil {
		return err
	}
	hashes, address := 0.0, ""
	if on {
		if hashes, err = strconv.ParseFloat(rate, 64); err != nil || !(hashes >= 1 && hashes <= math.MaxUint32) {
			return fmt.Errorf("%q hashes a second: want 1 to %d", rate, uint32(math.MaxUint32))
		}
		address = addressOf(node)
	}
	if _, err = at.SetMining(ctx, address, hashes); err == nil {
		t.rates[node] = hashes
	}
	return err
}

// addressOf returns the address that a node mines for. No key exists: nothing is paid here.
func addressOf(node string) string {
	params, _ := consensus.Preset("toy")
	return wallet.KeyAddress([]byte(node)).Encode(params.Prefixes)
}

// facts returns the nodes' figures.
func (t *Tab) facts(ctx context.Context) (map[string]explorer.Facts, error) {
	all, err := t.world.Status(ctx)
	out := make(map[string]explorer.Facts)
	for _, s := range all {
		if n, err := t.world.Node(s.Node); err == nil {
			pool, err := n.MempoolInfo(ctx)
			if err != nil {
				return nil, err
			}
			out[s.Node] = explorer.Facts{TimeMS: t.world.Wall().UnixMilli(), Peers: append([]string{}, s.Peers...), Hashrate: t.rates[s.Node], Mining: t.rates[s.Node] > 0,
				Mempool: pool.Size, Bytes: pool.Bytes, Fees: pool.TotalFee, Memory: int64(pool.Usage)}
		}
	}
	return out, err
}

// Order is what a page asks for: one of its fields.
type Order struct {
	StepMS int64             `json:"step_ms,omitempty"` // let virtual time pass
	Verb   string            `json:"verb,omitempty"`    // carry out a control
	Values map[string]string `json:"values,omitempty"`
}

// Answer is what a page gets: a snapshot if it must begin, else what changed.
type Answer struct {
	Snapshot json.RawMessage           `json:"snapshot,omitempty"`
	Events   []json.RawMessage         `json:"events"`
	Facts    map[string]explorer.Facts `json:"facts"`
	Controls []explorer.Control        `json:"controls,omitempty"` // with a snapshot
	Error    string                    `json:"error,omitempty"`
}

// Answer carries out an order, and returns what changed since the last one. An empty order asks for a
// snapshot.
func (t *Tab) Answer(ctx context.Context, o Order) (a Answer, err error) {
	switch {
	case o.Verb != "":
		if err := t.Do(ctx, o.Verb, o.Values); err != nil {
			a.Error = err.Error()
		}
	case o.StepMS > 0:
		if err := t.world.RunFor(ctx, min(time.Duration(o.StepMS)*time.Millisecond, maxStep)); err != nil {
			return a, err
		}
		if err := t.tell(); err != nil {
			return a, err
		}
	default:
		t.sent = -1
	}
	a.Events = []json.RawMessage{}
	for {
		texts, ok := t.log.Since(t.sent)
		if !ok {
			a.Controls = controls()
			a.Snapshot, t.sent = t.log.Snapshot()
			continue
		}
		if len(texts) == 0 {
			break
		}
		for _, text := range texts {
			a.Events = append(a.Events, text)
		}
		t.sent += int64(len(texts))
	}
	a.Facts, err = t.facts(ctx)
	return a, err
}
