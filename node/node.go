package node

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/mempool"
	"toychain/p2p"
	"toychain/store"
)

// Config is what a node is started with.
type Config struct {
	Params  *chain.Params
	Dir     string // the network's own folder, <datadir>/<network>; made with mode 0700
	Name    string // what people call it; goes into its coinbases. May be empty
	Version string // of the software, x.y.z

	Listen []string // multiaddrs to listen on; nil: loopback, any port
	Peers  []string // multiaddrs of nodes to stay connected with
	MDNS   bool     // look for nodes on the local network

	Pool     mempool.Policy
	MineTo   []byte  // output script that the background miner pays; nil: do not mine
	Hashrate float64 // its cap in hashes per second; 0: none
	Threads  int     // of the miner; 0: one for each core

	Log *slog.Logger
}

// Node runs an Engine on libp2p, LevelDB and the wall clock. Its methods are safe
// for use by several goroutines.
type Node struct {
	cfg     Config
	db      *store.DB
	net     *p2p.Net
	log     *slog.Logger
	miner   *miner
	watch   watchers
	started time.Time

	mail    chan job      // to the goroutine that owns engine
	over    chan struct{} // closed when that goroutine has ended
	engine  *Engine       // owned by the goroutine of loop
	tipMove chan struct{} // owned likewise; closed and replaced when the tip moves
	broken  bool          // owned likewise; the engine met trouble and must not be used
	fatal   context.CancelCauseFunc
	chores  sync.WaitGroup // goroutines that carry out effects
}

// job is a function for the goroutine that owns the engine. It is given the
// context of Run.
type job struct {
	f    func(run context.Context)
	done chan struct{}
}

// ErrStopped: the node has ended.
var ErrStopped = errors.New("the node has stopped")

// Open opens the node's store and its listening sockets. Run must follow, also to
// close them again.
func Open(cfg Config) (*Node, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	db, err := store.Open(filepath.Join(cfg.Dir, "chain"), cfg.Params)
	if err != nil {
		return nil, err
	}
	n := &Node{
		cfg: cfg, db: db, log: cfg.Log, started: time.Now(),
		miner:   &miner{message: cfg.message(), threads: threads(cfg.Threads), script: cfg.MineTo, cap: cfg.Hashrate, changed: make(chan struct{})},
		mail:    make(chan job),
		over:    make(chan struct{}),
		tipMove: make(chan struct{}),
	}
	if n.engine, err = openEngine(cfg, db); err == nil {
		n.net, err = p2p.New(n.netConfig(), handler{n})
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	var seed [8]byte
	rand.Read(seed[:])
	n.miner.extra.Store(binary.LittleEndian.Uint64(seed[:]))
	return n, nil
}

// openEngine rebuilds the tree from the store, after a look at its last blocks.
func openEngine(cfg Config, db *store.DB) (*Engine, error) {
	params := *cfg.Params
	if params.Spending == nil {
		params.Spending = chain.P2PKH{}
	}
	params.Spending = chain.NewMemo(params.Spending)
	tree, err := db.Tree(&params, checkBlocks)
	if err != nil {
		return nil, err
	}
	if err := tree.Flush(); err != nil { // writes genesis into an empty store
		return nil, err
	}
	return NewEngine(tree, mempool.New(cfg.Pool), cfg.agent()), nil
}

func (c *Config) agent() string { return "/toychain:" + c.Version + "/" }

// message is what the node's coinbases say.
func (c *Config) message() string {
	if c.Name == "" {
		return "toychain"
	}
	return c.Name
}

func (n *Node) netConfig() p2p.Config {
	return p2p.Config{
		Listen:    n.cfg.Listen,
		KeyFile:   filepath.Join(n.cfg.Dir, "node.key"),
		PeersFile: filepath.Join(n.cfg.Dir, "peers.json"),
		Seeds:     n.cfg.Peers,
		MDNS:      n.cfg.MDNS,
		Digest:    n.cfg.Params.Digest().String()[:8],
		Agent:     n.cfg.agent(),
		Log:       n.log,
	}
}

// Run lives the node's life until ctx ends, and closes everything. It returns nil
// after a clean end, or the trouble that ended it.
func (n *Node) Run(ctx context.Context) error {
	ctx, n.fatal = context.WithCancelCause(ctx)
	defer n.fatal(nil)

	// The loop outlives everybody who talks to it.
	end := make(chan struct{})
	go n.loop(ctx, end)

	var group sync.WaitGroup
	group.Go(func() { n.mine(ctx) })
	group.Go(func() {
		if err := n.net.Run(ctx); err != nil && ctx.Err() == nil {
			n.fatal(fmt.Errorf("network: %w", err))
		}
	})
	<-ctx.Done()
	group.Wait()
	close(end)
	<-n.over
	n.chores.Wait()
	n.watch.close()

	err := context.Cause(ctx)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return errors.Join(err, n.db.Close())
}

// loop is the goroutine that owns the engine, until end is closed.
func (n *Node) loop(run context.Context, end <-chan struct{}) {
	defer close(n.over)
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case j := <-n.mail:
			j.f(run)
			close(j.done)
		case <-ticker.C:
			n.miner.measure(time.Now())
			_, _ = n.step(run, Tick{}) // trouble has been told: see step
		case <-end:
			return
		}
	}
}

// do runs f on the engine's goroutine. If it returns an error, f did not run.
func (n *Node) do(ctx context.Context, f func(run context.Context)) error {
	j := job{f, make(chan struct{})}
	select {
	case n.mail <- j:
		<-j.done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-n.over:
		return ErrStopped
	}
}

// Look runs f on the goroutine that owns the engine: for quick reads that copy out
// what they need. If it returns an error, f did not run.
func (n *Node) Look(ctx context.Context, f func(*Engine)) error {
	return n.do(ctx, func(context.Context) { f(n.engine) })
}

// tipMoves is Look, and returns a channel that is closed when the tip that f saw is
// the tip no more.
func (n *Node) tipMoves(ctx context.Context, f func(*Engine)) (<-chan struct{}, error) {
	var moves chan struct{}
	err := n.do(ctx, func(context.Context) {
		f(n.engine)
		moves = n.tipMove
	})
	return moves, err
}

// submit hands an input to the engine and returns its Answer.
func (n *Node) submit(ctx context.Context, in Input) error {
	var answer, trouble error
	err := n.do(ctx, func(run context.Context) { answer, trouble = n.step(run, in) })
	return cmp.Or(err, trouble, answer)
}

// step runs on the engine's goroutine: one input, then its effects. Our own
// trouble ends the node: what is in memory is ahead of the disk, so nothing may be
// built on it.
func (n *Node) step(run context.Context, in Input) (answer, trouble error) {
	if n.broken {
		return nil, ErrStopped
	}
	effects, err := n.engine.Step(n.Now(), in)
	if err != nil {
		err = fmt.Errorf("the node stops, its data folder %s is in trouble: %w", n.cfg.Dir, err)
		n.log.Error(err.Error())
		n.broken = true
		n.fatal(err)
		return nil, err
	}
	for _, f := range effects {
		if a, ok := f.(Answer); ok {
			answer = a.Err
			continue
		}
		n.perform(run, f)
	}
	return answer, nil
}

// SubmitBlock hands in a block of our own. Nil means that it was stored, not that
// it is the tip; chain.ErrKnown that it was here already; see also chain.RuleOf.
func (n *Node) SubmitBlock(ctx context.Context, b *block.Block) error {
	return n.submit(ctx, GotBlock{Block: b})
}

// SubmitHeaders hands in headers.
func (n *Node) SubmitHeaders(ctx context.Context, hs []block.Header) error {
	return n.submit(ctx, GotHeaders{Headers: hs})
}

// SubmitTx hands in a payment of our own. Nil means that it is in the pool and on
// its way to the peers.
func (n *Node) SubmitTx(ctx context.Context, tx *block.Tx) error {
	return n.submit(ctx, GotTx{Tx: tx})
}

// Overrule follows the user's word against the fork choice.
func (n *Node) Overrule(ctx context.Context, hash block.Hash, how Overruling) error {
	return n.submit(ctx, Overrule{hash, how})
}

// SetMining starts the background miner, with a cap in hashes per second or 0 for
// none, or stops it if script is nil.
func (n *Node) SetMining(script []byte, cap float64) { n.miner.set(script, cap) }

// Mining tells what the miner is doing.
func (n *Node) Mining() Mining { return n.miner.report() }

// Watch returns every event from now on until ctx ends. Who reads too slowly
// misses events: they are hints, the truth is to be asked for.
func (n *Node) Watch(ctx context.Context) <-chan Event { return n.watch.add(ctx) }

// Params returns the network's parameters.
func (n *Node) Params() *chain.Params { return n.cfg.Params }

// Name returns what people call the node.
func (n *Node) Name() string { return n.cfg.Name }

// Version returns the version of the software.
func (n *Node) Version() string { return n.cfg.Version }

// Started returns when Open was called.
func (n *Node) Started() time.Time { return n.started }

// Now returns the node's time.
func (n *Node) Now() time.Time { return time.Now() }

// Net returns the node's network.
func (n *Node) Net() *p2p.Net { return n.net }

// Store returns the node's store, for reading indexes.
func (n *Node) Store() *store.DB { return n.db }

// Policy returns the pool's policy.
func (n *Node) Policy() mempool.Policy { return n.cfg.Pool }
