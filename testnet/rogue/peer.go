package rogue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/p2p"
	"toychain/peer"
	"toychain/testnet/rogue/forge"

	ma "github.com/multiformats/go-multiaddr"
)

// Config is the network of a rogue and the nodes that it connects to.
type Config struct {
	Params *consensus.Params
	Call   []string       // multiaddrs with /p2p/ of at least one node
	Tell   []ma.Multiaddr // complete with /p2p/, that it tells nodes which request addresses
}

// Peer is one adversarial peer with its own key. Its methods may be called from any goroutine,
// but one at a time: each changes the state that the next begins with.
type Peer struct {
	cfg  Config
	net  *p2p.Net
	end  context.CancelFunc
	done chan error    // result of run
	wake chan struct{} // capacity 1: a peer may have more work

	forge *forge.Maker // used by one method at a time

	mu      sync.Mutex // guards the fields below
	tree    *chain.Tree
	disk    *chaingen.Disk
	peers   map[peer.ID]peer.Status
	changed chan struct{}  // closed and replaced when peers, or the tip, change
	private []*block.Block // withheld
	claim   *peer.Status   // its false status; nil: the true one
	shown   []block.Header // its answer to getheaders while claim is set
	asked   int            // number of getheaders requests
	held    []func()       // each closes something that a flood holds open
}

// Join connects to the nodes, and returns when all of them count the rogue among their peers
// and it has their blocks. It is connected until Leave.
func Join(ctx context.Context, cfg Config) (*Peer, error) {
	if cfg.Params == nil || len(cfg.Call) == 0 {
		return nil, errors.New("rogue: want a network and the addresses of nodes")
	}
	p := &Peer{cfg: cfg, done: make(chan error, 1), wake: make(chan struct{}, 1), disk: chaingen.NewDisk(),
		forge: &forge.Maker{Params: cfg.Params, Extra: mathrand.Uint64(), Now: time.Now, Rand: rand.Reader, Solve: forge.Search},
		peers: make(map[peer.ID]peer.Status), changed: make(chan struct{})}
	var err error
	if p.tree, err = chain.NewTree(cfg.Params, chain.NewVerifier(consensus.P2PKH{}), p.disk, nil, block.Hash{}); err != nil {
		return nil, fmt.Errorf("rogue: %w", err)
	}
	p.net, err = p2p.New(p2p.Config{Digest: cfg.Params.Digest().String()[:8], Agent: "/rogue:0/", Seeds: cfg.Call, Alone: true,
		Tell: func() []ma.Multiaddr { return cfg.Tell }}, voice{p})
	if err != nil {
		return nil, fmt.Errorf("rogue: %w", err)
	}
	run, end := context.WithCancel(context.Background())
	p.end = end
	go func() { p.done <- p.run(run) }()
	if err := p.arrive(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("rogue: %w", err), p.Leave())
	}
	return p, nil
}

// run runs the peer until ctx ends.
func (p *Peer) run(ctx context.Context) error {
	var group sync.WaitGroup
	group.Go(func() { p.follow(ctx) })
	err := p.net.Run(ctx)
	group.Wait()
	p.StopFloods()
	return err
}

// arrive waits until all nodes have joined, we have their blocks, and what we publish reaches
// them: gossip is sent only once.
func (p *Peer) arrive(ctx context.Context) error {
	err := p.until(ctx, func() bool {
		return len(p.peers) >= len(p.cfg.Call) && !slices.ContainsFunc(slices.Collect(maps.Values(p.peers)), p.less)
	})
	if err != nil {
		return fmt.Errorf("joined %d of %d nodes, at height %d: %w", p.Connected(), len(p.cfg.Call), p.Tip().Height, err)
	}
	deaf := func(id peer.ID) bool { return !p.net.Reaches(id) }
	for slices.ContainsFunc(p.nodes(), deaf) {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("joined, but what it publishes does not reach every node: %w", ctx.Err())
		}
	}
	return nil
}

// until waits until ok, which is called under mu, or until ctx ends.
func (p *Peer) until(ctx context.Context, ok func() bool) error {
	for {
		p.mu.Lock()
		done, changed := ok(), p.changed
		p.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// notify wakes callers of until. The caller holds mu.
func (p *Peer) notify() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// Leave disconnects the rogue and closes everything that it holds open.
func (p *Peer) Leave() error {
	p.end()
	err := <-p.done
	p.done <- nil // for another Leave
	return err
}

// ID returns its peer ID, which is banned.
func (p *Peer) ID() peer.ID { return p.net.ID() }

// Tip returns the tip of its chain.
func (p *Peer) Tip() consensus.State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tree.Tip()
}

// Follow waits until this block is its tip.
func (p *Peer) Follow(ctx context.Context, tip block.Hash) error {
	return p.until(ctx, func() bool { return p.tree.Tip().Hash == tip })
}

// Connected returns how many nodes count it among their peers.
func (p *Peer) Connected() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.peers)
}

// Refused waits until every node has disconnected it and refuses new connections. The error,
// when ctx ends, says how many are still connected; a node that does not run refuses nothing.
func (p *Peer) Refused(ctx context.Context) error {
	if err := p.until(ctx, func() bool { return len(p.peers) == 0 }); err != nil {
		return fmt.Errorf("%d nodes are still connected to the rogue: %w", p.Connected(), err)
	}
	for _, addr := range p.cfg.Call {
		if err := p.net.Connect(ctx, addr); err == nil {
			return fmt.Errorf("%s accepted a connection of the rogue", addr)
		}
		c, err := p.dial(ctx, addr)
		if err != nil {
			return fmt.Errorf("no node is there to refuse the rogue: %w", err)
		}
		c.Close()
	}
	return nil
}

// voice is the rogue's p2p.Handler.
type voice struct{ p *Peer }

func (v voice) Joined(peer.ID, bool) {}

func (v voice) Left(id peer.ID) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	delete(v.p.peers, id)
	v.p.notify()
}

func (v voice) PeerStatus(id peer.ID, s peer.Status) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	v.p.peers[id] = s
	v.p.notify()
	v.p.look()
}

func (v voice) Status(context.Context) (peer.Status, error) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	return v.p.status(), nil
}

// Block follows the chain by gossip. It relays valid blocks, as any peer does.
func (v voice) Block(_ context.Context, _ peer.ID, raw []byte) (peer.Verdict, time.Duration) {
	b, err := block.Parse(raw)
	if err != nil {
		return peer.Reject, 0
	}
	if err := v.p.take(b); err != nil {
		v.p.look()
		return peer.Ignore, 0
	}
	return peer.Accept, 0
}

// Tx relays no transaction.
func (v voice) Tx(context.Context, peer.ID, []byte) (peer.Verdict, time.Duration) {
	return peer.Ignore, 0
}

func (v voice) Headers(_ context.Context, locator []block.Hash, stop block.Hash) ([]block.Header, error) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	v.p.asked++
	v.p.notify()
	if v.p.claim == nil {
		return v.p.tree.HeadersAfter(locator, stop, peer.MaxHeaders), nil
	}
	from := 1 + slices.IndexFunc(v.p.shown, func(h block.Header) bool { return len(locator) > 0 && h.Hash() == locator[0] })
	return v.p.shown[from:min(from+peer.MaxHeaders, len(v.p.shown))], nil
}

func (v voice) BlockBytes(_ context.Context, id block.Hash) ([]byte, error) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	if b, err := v.p.tree.Block(id); err == nil {
		return b.Bytes(), nil
	}
	return nil, nil
}

func (v voice) PoolIDs(context.Context) ([]block.Hash, error)       { return nil, nil }
func (v voice) TxBytes(context.Context, block.Hash) ([]byte, error) { return nil, nil }
