package testnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"toychain/consensus"
	"toychain/internal/atomicfile"
	"toychain/network"
	"toychain/rpc"
	"toychain/testnet/topology"
	"toychain/wallet"
)

// How long one thing may take before it is an error. They are bounds, not waits.
const (
	startTime = 60 * time.Second // a node, until it answers
	joinTime  = 60 * time.Second // connections, until they are as planned
	stopTime  = 10 * time.Second // a node, until it is killed
)

// Config is what to bring up.
type Config struct {
	Dir      string             // made if it is missing
	Nodes    int                // 1 to topology.MaxNodes: n1, n2, …
	Names    []string           // of the nodes, in place of Nodes, if there are any
	Network  string             // toy, regtest, main, or the path of a parameters file
	Params   *consensus.Params  // in place of Network, if it is not nil
	Hashrate float64            // cap of each node's background miner in hashes per second; 0: none
	Mine     bool               // the nodes mine by themselves, as soon as all are connected
	Rates    map[string]float64 // by name, in place of Hashrate and Mine, see Hashrate
	BlockMax int                // the largest block that a node makes, in bytes; 0: as large as any may be
	MineTo   string             // address that all miners pay; "": one for each node, see MinersWords
	Binary   string             // what to start nodes from; "" is this program's own file
	Detach   bool               // the nodes outlive this program
	Progress func(string)       // called with what is going on; may be nil
}

// Testnet is the nodes below one directory. One goroutine uses it at a time; clients may be
// used by many. Several programs may have the same directory open: every change is made
// under its lock and begins with the state that the others left.
type Testnet struct {
	dir    string
	params *consensus.Params
	tied   bool         // nodes end with this program
	say    func(string) // see Notify; during Up: Config.Progress
	state  state
	procs  map[string]*process
	lost   map[string]bool // nodes that the command could not reach

	reading sync.Mutex             // held with the directory's lock, which this program can hold once
	mu      sync.Mutex             // guards the clients and lost
	clients map[string]*rpc.Client // by host and port
}

// Up starts the nodes, waits until each answers and all are connected, and writes
// testnet.json. The chains of an earlier testnet in the directory are continued. On an
// error, or if ctx ends, the nodes are stopped again and only their directories remain, and the
// state of the earlier testnet.
func Up(ctx context.Context, cfg Config) (_ *Testnet, err error) {
	t, err := cfg.prepare()
	if err != nil {
		return nil, fmt.Errorf("testnet up: %w", err)
	}
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return nil, fmt.Errorf("testnet up: %w", err)
	}
	unlock, err := lock(ctx, t.dir, false, t.say)
	if err != nil {
		return nil, fmt.Errorf("testnet up: %w", err)
	}
	defer unlock()
	old, err := t.claim()
	if err != nil {
		return nil, fmt.Errorf("testnet up: %w", err)
	}
	names, said := cfg.Names, cfg.Names
	if numbered := topology.Names(cfg.Nodes); names == nil || slices.Equal(names, numbered) {
		names, said = numbered, []string{strconv.Itoa(cfg.Nodes)}
	}
	for _, name := range names {
		t.state.Nodes = append(t.state.Nodes, t.newNode(name))
	}
	begun := time.Now()
	err = t.bringUp(ctx)
	err = errors.Join(err, t.note(begun, "up", said, err))
	if err == nil {
		return t, nil
	}
	ended := t.end(context.WithoutCancel(ctx))
	if ended == nil && old.Nodes != nil {
		ended = old.save(t.dir, false)
	}
	return nil, fmt.Errorf("testnet up: %w", errors.Join(err, ended))
}

// Earlier returns what to give [Up] so that it starts the testnet that an earlier one left in a
// directory: its nodes, its network, and which of them mine. The error is an fs.ErrNotExist if there
// is none, or only one that an orchestrator runs.
func Earlier(dir string) (cfg Config, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return cfg, err
	}
	s, err := loadState(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cfg, err
	}
	cfg = Config{Dir: dir, Names: s.names(), Network: s.Network, Hashrate: s.Hashrate, Mine: s.Mine, MineTo: s.MineTo, Rates: s.Rates, BlockMax: s.BlockMax}
	if s.Nodes == nil { // no state.json: the directories are what is left
		cfg.Names, _ = nodeDirs(dir)
		slices.SortFunc(cfg.Names, topology.Compare)
	}
	if len(cfg.Names) == 0 || s.Runner != nil {
		return cfg, fmt.Errorf("no testnet in %s: %w", dir, fs.ErrNotExist)
	}
	return cfg, nil
}

func newTestnet(dir string, params *consensus.Params, s state) *Testnet {
	return &Testnet{dir: dir, params: params, say: func(string) {}, state: s, procs: map[string]*process{}, lost: map[string]bool{}}
}

// prepare checks cfg.
func (cfg *Config) prepare() (*Testnet, error) {
	if cfg.Names != nil {
		cfg.Nodes = len(cfg.Names)
	}
	if cfg.Nodes < 1 || cfg.Nodes > topology.MaxNodes {
		return nil, fmt.Errorf("%d nodes: want 1 to %d", cfg.Nodes, topology.MaxNodes)
	}
	if cfg.Hashrate < 0 {
		return nil, fmt.Errorf("a hashrate of %v: want 0 (no cap) or more", cfg.Hashrate)
	}
	if cfg.Dir == "" {
		return nil, errors.New("no directory named")
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	params := cfg.Params
	if params == nil {
		if params, err = network.Load(cfg.Network); err != nil {
			return nil, err
		}
	}
	if cfg.Binary == "" {
		if cfg.Binary, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	if cfg.MineTo != "" {
		if _, err := wallet.ParseAddress(cfg.MineTo, params.Prefixes); err != nil {
			return nil, fmt.Errorf("mining for %s: %w", cfg.MineTo, err)
		}
	}
	t := newTestnet(dir, params, state{File: File{Network: params.Name}, Binary: cfg.Binary, Hashrate: cfg.Hashrate, Mine: cfg.Mine,
		Rates: cfg.Rates, MineTo: cfg.MineTo, BlockMax: cfg.BlockMax, Born: map[string]string{}})
	t.tied = !cfg.Detach
	if cfg.Progress != nil {
		t.say = cfg.Progress
	}
	return t, nil
}

// claim checks that no testnet is up in the directory, stores the parameters file, and returns the
// state of an earlier testnet.
func (t *Testnet) claim() (old state, err error) {
	old, err = loadState(t.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return old, err
	}
	if old.Runner != nil {
		return old, Vacant(t.dir)
	}
	var up []string
	for _, n := range old.Nodes {
		if (&process{pid: n.PID, born: old.Born[n.Name]}).alive() {
			up = append(up, n.Name)
		}
	}
	if len(up) > 0 {
		return old, fmt.Errorf("a testnet is up in %s (%s); end it with: toychain testnet down --dir %s, or take another directory with --dir",
			t.dir, topology.List(up), t.dir)
	}
	os.Remove(filepath.Join(t.dir, publicFile)) // of nodes that are dead
	if _, preset := consensus.Preset(t.params.Name); preset {
		return old, nil
	}
	t.state.Network = filepath.Join(t.dir, networkFile)
	return old, atomicfile.Replace(t.state.Network, func(f *os.File) error { return errors.Join(network.Write(f, t.params), f.Sync()) })
}

// bringUp starts all nodes and connects them.
func (t *Testnet) bringUp(ctx context.Context) error {
	t.say(fmt.Sprintf("starting %s on the network %s", topology.List(t.state.names()), t.params.Name))
	for _, n := range t.state.Nodes {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.launch(n.Name); err != nil {
			return err
		}
	}
	if err := t.state.save(t.dir, false); err != nil {
		return err
	}
	if err := t.waitAnswer(ctx, t.state.names()); err != nil {
		return err
	}
	if len(t.state.Nodes) > 1 {
		t.say("connecting them")
	}
	if err := t.join(ctx); err != nil {
		return err
	}
	if err := t.mine(ctx, t.state.names()); err != nil {
		return err
	}
	return t.state.save(t.dir, true)
}

// Open returns the testnet in a directory. If the directory was moved, the paths in its files are
// made right. The error is an fs.ErrNotExist if there is no testnet.
func Open(dir string) (*Testnet, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s, err := loadState(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no testnet in %s (%w); start one with: toychain testnet up 4 --dir %s", dir, fs.ErrNotExist, dir)
	}
	if err != nil {
		return nil, err
	}
	params, err := network.Load(s.Network)
	if err != nil {
		return nil, err
	}
	t := newTestnet(dir, params, s)
	t.adopt()
	if s.moved { // if that cannot be stored now, the next command does it
		_ = t.locked(context.Background(), false, func() error {
			_, down := os.Stat(filepath.Join(dir, publicFile))
			return t.state.save(dir, down == nil)
		})
	}
	return t, nil
}

// Refresh reads what other commands have changed since the testnet was opened.
func (t *Testnet) Refresh() error {
	s, err := loadState(t.dir)
	if err == nil {
		t.state = s
		t.adopt()
	}
	return err
}

// Notify sets what is called, with a sentence, when a command waits for another one or leaves
// something out.
func (t *Testnet) Notify(say func(string)) {
	var mu sync.Mutex
	t.say = func(s string) { mu.Lock(); defer mu.Unlock(); say(s) }
}

// adopt updates the processes from the state. Children of this program are kept.
func (t *Testnet) adopt() {
	for _, n := range t.state.Nodes {
		if p := t.procs[n.Name]; p == nil || p.pid != n.PID {
			t.procs[n.Name] = &process{pid: n.PID, born: t.state.Born[n.Name]}
		}
	}
}

// Dir returns the testnet's directory.
func (t *Testnet) Dir() string { return t.dir }

// Params returns the network's parameters.
func (t *Testnet) Params() *consensus.Params { return t.params }

// File returns the content of testnet.json.
func (t *Testnet) File() File { return File{Network: t.state.Network, Nodes: t.Nodes()} }

// Nodes returns how to reach its nodes, n1 first. They need not be running.
func (t *Testnet) Nodes() []Node { return slices.Clone(t.state.Nodes) }

// Names returns their names, n1 first.
func (t *Testnet) Names() []string { return t.state.names() }

// node returns the node of this name, or nil.
func (t *Testnet) node(name string) *Node {
	if i := t.numberOf(name); i >= 0 {
		return &t.state.Nodes[i]
	}
	return nil
}

// numberOf returns a node's index, or -1.
func (t *Testnet) numberOf(name string) int {
	return slices.IndexFunc(t.state.Nodes, func(n Node) bool { return n.Name == name })
}

// named returns the node of this name, or an error that lists those that there are.
func (t *Testnet) named(name string) (*Node, error) {
	if n := t.node(name); n != nil {
		return n, nil
	}
	return nil, topology.NoNode(name, t.state.names())
}

// Runs reports whether a node runs. A paused node does.
func (t *Testnet) Runs(name string) bool {
	_, ok := t.look(name)
	return ok
}

// awake returns the nodes that run and are not paused.
func (t *Testnet) awake() (out []string) {
	seen, runs := t.looks()
	for i, n := range t.state.Nodes {
		if runs[i] && !seen[i].paused && !t.lost[n.Name] {
			out = append(out, n.Name)
		}
	}
	return out
}

// Client returns a client of a node, which stays usable when the node is started again. If
// the node is not running, the error wraps rpc.ErrUnreachable.
func (t *Testnet) Client(name string) (*rpc.Client, error) {
	n, err := t.named(name)
	if err != nil {
		return nil, err
	}
	if t.state.Runner == nil {
		switch s, ok := t.procs[name].look(); {
		case !ok:
			return nil, fmt.Errorf("%s is not running (%w); start it with: toychain testnet restart %s --dir %s", name, rpc.ErrUnreachable, name, t.dir)
		case s.paused:
			return nil, fmt.Errorf("%s is paused (%w); wake it with: toychain testnet resume %s --dir %s", name, rpc.ErrUnreachable, name, t.dir)
		}
	}
	return t.Dial(*n)
}

// Dial returns a client of a node, whether it runs or not. It is the same one each time.
func (t *Testnet) Dial(n Node) (*rpc.Client, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.clients[n.RPC]; c != nil {
		return c, nil
	}
	c, err := rpc.Dial(n.RPC, n.Cookie)
	if err != nil {
		return nil, err
	}
	if t.clients == nil {
		t.clients = map[string]*rpc.Client{}
	}
	t.clients[n.RPC] = c
	return c, nil
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }
