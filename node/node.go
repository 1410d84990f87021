package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/curve"
	"toychain/mempool"
	"toychain/p2p"
	"toychain/store"
)

// Config is what a node is started with.
type Config struct {
	Params   *consensus.Params
	Verifier consensus.Verifier // how signatures are checked; nil: on all cores, each once
	Dir      string             // the network's own folder, <datadir>/<network>; made with mode 0700
	Name     string             // what people call it; goes into its coinbases. May be empty
	Version  string             // of the software, x.y.z

	Listen []string // multiaddrs to listen on; nil: loopback, any port
	Peers  []string // multiaddrs of nodes to stay connected with
	MDNS   bool     // look for nodes on the local network
	Key    string   // see p2p.Config; "": in the file node.key of Dir

	Pool     mempool.Policy
	MineTo   []byte  // output script that the background miner pays; nil: do not mine
	Hashrate float64 // its cap in hashes per second; 0: none
	Threads  int     // of the miner; 0: one for each core

	Clock time.Duration // how far the node's clock is from the machine's, see SetClock

	Log *slog.Logger
}

// Node runs an Engine on libp2p, LevelDB and the wall clock. Its methods are safe
// for use by several goroutines.
type Node struct {
	cfg         Config
	db          *store.DB
	net         *p2p.Net
	log         *slog.Logger
	miner       *miner
	subscribers subscribers
	started     time.Time
	restored    atomic.Bool  // see restoreMempool
	clock       atomic.Int64 // how far Now is from the machine's clock, in nanoseconds

	mailbox chan task      // to the goroutine that owns engine
	looks   chan task      // likewise; these only read, so they may come in the middle of an input
	over    chan struct{}  // closed when that goroutine has ended
	engine  *engine.Engine // owned by the goroutine of loop
	tipMove chan struct{}  // owned likewise; closed and replaced when the tip moves
	posted  time.Time      // owned likewise; when what is done now was handed in
	broken  bool           // owned likewise; the engine met trouble and must not be used
	idle    idleState      // owned likewise
	moving  time.Time      // owned likewise; when the log last told how far a move of the tip is
	deep    bool           // owned likewise; the input at hand moves the tip over many blocks
	memory  func()         // owned likewise; reports to the memory budget what the engine holds
	fatal   context.CancelCauseFunc
	tasks   sync.WaitGroup // goroutines that carry out effects
}

// ErrStopped: the node has ended.
var ErrStopped = errors.New("the node has stopped")

// Open opens the node's store and its listening sockets. Run must follow, also to
// close them again.
func Open(cfg Config) (*Node, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Verifier == nil {
		cfg.Verifier = chain.NewVerifier(curve.P2PKH())
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	db, err := store.Open(filepath.Join(cfg.Dir, "chain"), cfg.Params)
	if err != nil {
		return nil, err
	}
	n := &Node{
		cfg: cfg, db: db, log: cfg.Log, started: time.Now(),
		miner:   &miner{threads: cfg.Threads, script: cfg.MineTo, cap: cfg.Hashrate, changed: make(chan struct{})},
		mailbox: make(chan task),
		looks:   make(chan task),
		over:    make(chan struct{}),
		tipMove: make(chan struct{}),

		subscribers: subscribers{all: make(map[chan engine.Event]struct{})},
	}
	if n.miner.threads <= 0 {
		n.miner.threads = runtime.GOMAXPROCS(0)
	}
	n.miner.extra.Store(rand.Uint64())
	n.clock.Store(int64(cfg.Clock))
	if n.engine, err = openEngine(cfg, db, n.Now()); err == nil {
		n.engine.Between(n.between)
		db.Waiting = n.waitForDisk
		n.net, err = p2p.New(n.netConfig(), handler{n})
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	n.memory = reserve(n.net, n.engine)
	return n, nil
}

// reserve reserves of the network's memory budget what the engine may hold of peers' blocks.
func reserve(net *p2p.Net, e *engine.Engine) (report func()) {
	_, mostOrphans := e.OrphanBytes()
	_, mostBodies := e.Tree().BodiesKept()
	orphans, bodies := net.Reserve("orphans", mostOrphans), net.Reserve("bodies", mostBodies)
	return func() {
		used, _ := e.OrphanBytes()
		orphans(used)
		used, _ = e.Tree().BodiesKept()
		bodies(used)
	}
}

// CheckKey returns what is wrong with a Config's Key.
func CheckKey(key string) error { return p2p.CheckKey(key) }

// openEngine rebuilds the tree from the store, after a look at its last blocks, and
// starts an engine on it.
func openEngine(cfg Config, db *store.DB, now time.Time) (*engine.Engine, error) {
	tree, err := db.Tree(cfg.Verifier, checkBlocks)
	if err != nil {
		return nil, err
	}
	e := engine.New(tree, mempool.New(cfg.Pool), cfg.agent())
	change, err := e.Start(now)
	if err != nil {
		return nil, err
	}
	if change.Moved() {
		cfg.Log.Info("connected blocks that were stored before the node ended", "blocks", len(change.Applied),
			"tip", change.To.Hash, "height", change.To.Height)
	}
	return e, nil
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
		Key:       n.cfg.Key,
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
	group.Go(func() { n.restored.Store(n.restoreMempool(ctx)) })
	group.Go(func() {
		if err := n.net.Run(ctx); err != nil && ctx.Err() == nil {
			n.fatal(fmt.Errorf("network: %w", err))
		}
	})
	<-ctx.Done()
	group.Wait()
	close(end)
	<-n.over
	n.tasks.Wait()
	if n.restored.Load() && !n.broken {
		if err := n.writeMempool(savedOf(n.engine)); err != nil {
			n.log.Warn("pending transactions are not saved", "err", err)
		}
	}
	n.subscribers.close()

	err := context.Cause(ctx)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	if !n.broken {
		if unsaved := n.engine.Stop(); unsaved != nil {
			err = errors.Join(err, n.inTrouble(unsaved))
		}
	}
	return errors.Join(err, n.db.Close())
}

// SubmitBlock hands in a block of our own. Nil means that it was stored, not that
// it is the tip; chain.ErrKnown that it was here already; see also chain.RuleOf.
func (n *Node) SubmitBlock(ctx context.Context, b *block.Block) error {
	return n.submit(ctx, engine.BlockReceived{Block: b})
}

// SubmitBlocks hands in many blocks of our own, each after its parent, and returns what
// SubmitBlock would for each. They are written to the disk as one, which is what takes
// long. If it returns an error, nothing is known of any.
func (n *Node) SubmitBlocks(ctx context.Context, blocks []*block.Block) ([]error, error) {
	return n.submitMany(ctx, engine.BlocksSubmitted{Blocks: blocks})
}

// SubmitHeaders hands in headers.
func (n *Node) SubmitHeaders(ctx context.Context, hs []block.Header) error {
	return n.submit(ctx, engine.HeadersReceived{Headers: hs})
}

// SubmitTx hands in a payment of our own. Nil means that it is in the pool and on
// its way to the peers.
func (n *Node) SubmitTx(ctx context.Context, tx *block.Tx) error {
	return n.submit(ctx, engine.TxReceived{Tx: tx})
}

// Overrule follows the user's word against the fork choice.
func (n *Node) Overrule(ctx context.Context, hash block.Hash, how engine.Action) error {
	return n.submit(ctx, engine.Override{Hash: hash, Action: how})
}

// Prioritise adds to the fee of a transaction, pending or not, wherever this node compares fees.
func (n *Node) Prioritise(ctx context.Context, id block.Hash, delta block.Amount) error {
	return n.submit(ctx, engine.Prioritise{TxID: id, Delta: delta})
}

// MempoolLoaded reports whether the mempool of the last run was restored, as far as it could be.
func (n *Node) MempoolLoaded() bool { return n.restored.Load() }

// Watch returns every event from now on until ctx ends. Who reads too slowly
// misses events: they are hints, the truth is to be asked for.
func (n *Node) Watch(ctx context.Context) <-chan engine.Event { return n.subscribers.add(ctx) }

// Config returns what Open was given, or took instead of nothing. Its Verifier is safe for
// concurrent use.
func (n *Node) Config() Config { return n.cfg }

// Params returns the network's parameters.
func (n *Node) Params() *consensus.Params { return n.cfg.Params }

// Name returns what people call the node.
func (n *Node) Name() string { return n.cfg.Name }

// Started returns when Open was called.
func (n *Node) Started() time.Time { return n.started }

// Now returns the node's time: what its blocks say, and what it holds the times of
// others' blocks against. Bans and time limits between peers go by the machine's clock.
func (n *Node) Now() time.Time { return time.Now().Add(n.Clock()) }

// SetClock makes the node's clock go wrong: from now on it is so far ahead of the
// machine's, or behind it if offset is negative.
func (n *Node) SetClock(ctx context.Context, offset time.Duration) error {
	n.clock.Store(int64(offset))
	return n.submit(ctx, engine.ClockSet{})
}

// Clock returns what SetClock set.
func (n *Node) Clock() time.Duration { return time.Duration(n.clock.Load()) }

// Net returns the node's network.
func (n *Node) Net() *p2p.Net { return n.net }

// Store returns the node's store, for reading indexes.
func (n *Node) Store() *store.DB { return n.db }
