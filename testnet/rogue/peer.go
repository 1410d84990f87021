package rogue

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/p2p"
	"toychain/peer"
)

// Config says whose network the liar is on, and whom it calls.
type Config struct {
	Params *consensus.Params
	Call   []string         // multiaddrs with /p2p/ of at least one node
	Now    func() time.Time // the clock that goes into its blocks; nil: time.Now
	Log    *slog.Logger     // nil: silence
}

// Peer is one liar with a name of its own. Its methods may be called from any
// goroutine, but one lie at a time: each changes what the next begins with.
type Peer struct {
	cfg  Config
	net  *p2p.Net
	end  context.CancelFunc
	done chan error    // Run's end
	wake chan struct{} // capacity 1: somebody may know more than we do

	mu      sync.Mutex // guards what follows
	tree    *chain.Tree
	disk    *disk
	extra   uint64 // of the next coinbase
	peers   map[peer.ID]peer.Status
	changed chan struct{} // closed and replaced when peers, or the tip, change
	private []*block.Block
	claim   *peer.Status   // what it says of itself instead of the truth
	shown   []block.Header // what it answers instead of the truth
	asked   int            // how often it was asked for headers
	held    []func()       // each ends something that a flood keeps open
}

// Join calls the nodes, and returns when all of them count the liar among their
// peers and it has what they have. It is there until Leave. The error says which of
// them it could not reach, or that ctx ended.
func Join(ctx context.Context, cfg Config) (*Peer, error) {
	if cfg.Params == nil || len(cfg.Call) == 0 {
		return nil, errors.New("rogue: want a network and whom to call")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	p := &Peer{cfg: cfg, done: make(chan error, 1), wake: make(chan struct{}, 1), disk: newDisk(),
		peers: make(map[peer.ID]peer.Status), changed: make(chan struct{})}
	var seed [8]byte
	rand.Read(seed[:])
	p.extra = binary.LittleEndian.Uint64(seed[:])
	var err error
	if p.tree, err = chain.NewTree(cfg.Params, chain.NewVerifier(consensus.P2PKH{}), p.disk, nil, block.Hash{}); err != nil {
		return nil, fmt.Errorf("rogue: %w", err)
	}
	p.net, err = p2p.New(p2p.Config{Digest: cfg.Params.Digest().String()[:8], Agent: "/rogue:0/", Seeds: cfg.Call,
		Alone: true, Log: cfg.Log}, voice{p})
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

// run is the liar's life.
func (p *Peer) run(ctx context.Context) error {
	var group sync.WaitGroup
	group.Go(func() { p.follow(ctx) })
	err := p.net.Run(ctx)
	group.Wait()
	p.Calm()
	return err
}

// arrive waits until all nodes know us, we know what they know, and what we publish
// reaches them: a lie is told only once.
func (p *Peer) arrive(ctx context.Context) error {
	err := p.until(ctx, func() bool {
		if len(p.peers) < len(p.cfg.Call) {
			return false
		}
		for _, s := range p.peers {
			if p.less(s) {
				return false
			}
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("joined %d of %d nodes, at height %d: %w", p.Welcome(), len(p.cfg.Call), p.Tip().Height, err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !p.heard() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("joined, but what it publishes does not reach everybody: %w", ctx.Err())
		}
	}
	return nil
}

// heard reports whether what we publish reaches all who know us.
func (p *Peer) heard() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.peers {
		if !p.net.Reaches(id) {
			return false
		}
	}
	return true
}

// until waits until ok, which is asked under mu, or until ctx ends.
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

// news wakes who waits in until. The caller holds mu.
func (p *Peer) news() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// Leave ends the liar and everything that it holds open.
func (p *Peer) Leave() error {
	p.end()
	err := <-p.done
	p.done <- nil // for another Leave
	return err
}

// ID is the name under which it is known, and banned.
func (p *Peer) ID() peer.ID { return p.net.ID() }

// Tip returns the end of the chain that it follows.
func (p *Peer) Tip() consensus.State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tree.Tip()
}

// Follow waits until it is at this block, which a node has told it of.
func (p *Peer) Follow(ctx context.Context, tip block.Hash) error {
	return p.until(ctx, func() bool { return p.tree.Tip().Hash == tip })
}

// Welcome returns how many nodes count it among their peers.
func (p *Peer) Welcome() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.peers)
}

// Refused waits until every node that it calls has hung up and refuses to be called
// again. The error, when ctx ends, says how many still listen; a node that is not
// there at all refuses nobody.
func (p *Peer) Refused(ctx context.Context) error {
	if err := p.until(ctx, func() bool { return len(p.peers) == 0 }); err != nil {
		return fmt.Errorf("%d nodes still talk to the liar: %w", p.Welcome(), err)
	}
	for _, addr := range p.cfg.Call {
		if err := p.net.Connect(ctx, addr); err == nil {
			return fmt.Errorf("the liar called %s and was let in", addr)
		}
		c, err := p.dial(ctx, addr)
		if err != nil {
			return fmt.Errorf("nobody refuses the liar, there is nobody: %w", err)
		}
		c.Close()
	}
	return nil
}

// voice is what the network hears of the liar: p2p's Handler.
type voice struct{ p *Peer }

func (v voice) Joined(peer.ID, bool) {}

func (v voice) Left(id peer.ID) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	delete(v.p.peers, id)
	v.p.news()
}

func (v voice) PeerStatus(id peer.ID, s peer.Status) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	v.p.peers[id] = s
	v.p.news()
	v.p.look()
}

func (v voice) Status(context.Context) (peer.Status, error) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	return v.p.status(), nil
}

// Block follows the chain by gossip. It passes on what is good, like anybody.
func (v voice) Block(_ context.Context, _ peer.ID, raw []byte) peer.Verdict {
	b, err := block.Parse(raw)
	if err != nil {
		return peer.Reject
	}
	if err := v.p.take(b); err != nil {
		v.p.look()
		return peer.Ignore
	}
	return peer.Accept
}

// Tx keeps payments to itself.
func (v voice) Tx(context.Context, peer.ID, []byte) peer.Verdict { return peer.Ignore }

func (v voice) Headers(_ context.Context, locator []block.Hash, stop block.Hash) ([]block.Header, error) {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	v.p.asked++
	v.p.news()
	if v.p.claim == nil {
		return v.p.tree.HeadersAfter(locator, stop, peer.MaxHeaders), nil
	}
	from := 0
	for i := range v.p.shown {
		if len(locator) > 0 && v.p.shown[i].Hash() == locator[0] {
			from = i + 1
		}
	}
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
