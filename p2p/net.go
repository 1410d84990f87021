package p2p

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"toychain/peer"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
	basichost "github.com/libp2p/go-libp2p/p2p/host/basic"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"
)

// Net is one node's view of the network. Its methods may be called from any goroutine;
// those that need the network return errNotRunning unless Run runs.
type Net struct {
	cfg      Config
	log      *slog.Logger
	handler  Handler
	names    protocols
	host     *basichost.BasicHost
	swarm    *swarm.Swarm
	gater    *gater
	links    *links
	dialWake chan struct{} // capacity 1: the dialer is to look into addrman
	seed     maphash.Seed  // see selectToEvict

	memory                      *budget // of all peers together
	serving, receiving, judging *part   // of it

	ignored atomic.Int64 // see Ignored

	mu       sync.Mutex // guards what follows
	addrman  *addrMan
	unsaved  bool // addrman changed since it was written to PeersFile
	sessions map[corepeer.ID]*session
	opened   int                     // number of sessions so far
	warnings map[corepeer.ID]warning // see Warnings
	evicted  map[corepeer.ID]time.Time
	junk     map[corepeer.ID]*bucket // see charge
	running  *running                // nil unless Run runs
	ran      bool                    // Run was called
}

// running is the part of a Net that exists only while Run runs.
type running struct {
	gossip  *gossip
	session func(corepeer.ID) *session // see Net.session
	tasks   sync.WaitGroup             // every goroutine that may call the Handler
}

var errNotRunning = errors.New("the network is not running")

// New opens the host: it listens from now on, but refuses every connection until Run.
// When New returns an error, nothing is left open. A Net must be run: to discard one, call
// Run with a context that has ended.
func New(cfg Config, h Handler) (*Net, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	seeds, err := parseSeeds(cfg.Seeds)
	if err != nil {
		return nil, err
	}
	key, err := ownKey(cfg)
	if err != nil {
		return nil, err
	}
	n := &Net{cfg: cfg, log: cfg.Log, handler: h, names: protocolsOf(cfg.Digest), gater: newGater(time.Now),
		links: &links{}, dialWake: make(chan struct{}, 1), sessions: map[corepeer.ID]*session{}, warnings: map[corepeer.ID]warning{},
		seed: maphash.MakeSeed(), evicted: map[corepeer.ID]time.Time{}, junk: map[corepeer.ID]*bucket{},
		memory: newBudget(maxMemory)}
	n.serving, n.receiving, n.judging = n.memory.reserve("serving", minServing), n.memory.reserve("receiving", minReceiving), n.memory.reserve("judging", minJudging)
	n.host, n.swarm, err = openHost(cfg, key, n.gater, n.names.sync, &shapedTransport{links: n.links, closed: n.closedWith})
	if err != nil {
		return nil, err
	}
	n.gater.alone = cfg.Alone
	n.addrman = newAddrMan(n.host.ID())
	n.addrman.load(loadPeers(cfg.PeersFile, cfg.Log))
	for _, s := range seeds {
		n.addrman.name(s.ID, s.Addrs)
	}
	return n, nil
}

func parseSeeds(seeds []string) ([]corepeer.AddrInfo, error) {
	var out []corepeer.AddrInfo
	for _, s := range seeds {
		info, err := parseAddr(s)
		if err != nil {
			return nil, err
		}
		out = append(out, info)
	}
	return out, nil
}

// parseAddr parses a complete multiaddr: a listen address and a peer ID.
func parseAddr(s string) (corepeer.AddrInfo, error) {
	a, err := ma.NewMultiaddr(s)
	if err != nil {
		return corepeer.AddrInfo{}, fmt.Errorf("peer address %q: want one like /ip4/127.0.0.1/tcp/7000/p2p/12D3Koo…: %w", s, err)
	}
	info, err := corepeer.AddrInfoFromP2pAddr(a)
	if err != nil || len(info.Addrs) == 0 {
		return corepeer.AddrInfo{}, fmt.Errorf("peer address %q: want one like /ip4/127.0.0.1/tcp/7000/p2p/12D3Koo…, "+
			"as the other node prints it when it starts", s)
	}
	return *info, nil
}

// Run takes part in the network until ctx ends. It owns every goroutine of the Net and
// closes the host at the end. When Run returns, no call of the Handler is in progress and
// none will follow. It can be called once.
func (n *Net) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &running{}
	n.mu.Lock()
	if n.ran {
		n.mu.Unlock()
		return errors.New("p2p: Run was called before")
	}
	n.ran = true
	n.mu.Unlock()
	defer func() { err = errors.Join(err, n.close(r, cancel)) }()

	events, err := n.host.EventBus().Subscribe([]any{new(event.EvtPeerConnectednessChanged), new(event.EvtPeerIdentificationCompleted)},
		eventbus.BufSize(256))
	if err != nil {
		return err
	}
	defer events.Close()
	r.session = func(p corepeer.ID) *session { return n.session(ctx, p) }
	r.gossip, err = joinTopics(ctx, n.host, n.links, n.arrivals(), n.validate(kindBlock, n.handler.Block), n.validate(kindTx, n.handler.Tx), n.poke)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	n.host.SetStreamHandler(n.names.sync, func(s network.Stream) { n.serve(ctx, s) })
	n.mu.Lock()
	n.running = r
	n.mu.Unlock()
	n.gater.setOpen(true)
	n.task(func() { n.dialLoop(ctx) })
	if n.cfg.MDNS {
		n.task(func() { n.runMDNS(ctx) })
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-events.Out():
			switch e := e.(type) {
			case event.EvtPeerConnectednessChanged:
				n.connectedness(e)
			case event.EvtPeerIdentificationCompleted:
				n.identified(ctx, e)
			}
		}
	}
}

func (n *Net) arrivals() *arrivals {
	return &arrivals{serving: n.serving, receiving: n.receiving, judging: n.judging, names: n.names, ignores: n.ignores}
}

// close ends what Run began.
func (n *Net) close(r *running, cancel func()) error {
	n.gater.setOpen(false)
	n.mu.Lock()
	n.running = nil // no new tasks
	n.mu.Unlock()
	cancel()
	err := n.host.Close()
	r.tasks.Wait()
	return errors.Join(err, n.savePeers())
}

// task runs f on a goroutine that Run waits for; it returns false if Run does not run.
func (n *Net) task(f func()) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.running == nil {
		return false
	}
	n.running.tasks.Go(f)
	return true
}

// validate wraps Handler.Block or Handler.Tx, so that Run waits for it and no message is
// judged after Run.
func (n *Net) validate(k kind, f func(context.Context, peer.ID, []byte) (peer.Verdict, time.Duration)) func(context.Context, peer.ID, []byte) peer.Verdict {
	return func(ctx context.Context, from peer.ID, raw []byte) peer.Verdict {
		r := n.enter()
		if r == nil {
			return peer.Ignore
		}
		defer r.tasks.Done()
		verdict, took := f(ctx, from, raw)
		if verdict == peer.Accept {
			n.delivered(from, k)
		} else if id, err := decode(from); err == nil {
			n.charge(id, len(raw), took, time.Now())
		}
		return verdict
	}
}

// enter returns the running part with one more task in progress, whose end the caller
// reports with tasks.Done; nil if Run does not run.
func (n *Net) enter() *running {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.running != nil {
		n.running.tasks.Add(1)
	}
	return n.running
}

// connectedness handles libp2p's event that a peer connected or disconnected.
func (n *Net) connectedness(e event.EvtPeerConnectednessChanged) {
	if e.Connectedness == network.Connected {
		if r := n.enter(); r != nil {
			r.session(e.Peer)
			r.tasks.Done()
		}
		return
	}
	if s := n.existing(e.Peer); s != nil {
		s.end(errors.New("the connection is gone"))
	}
}

// ID returns this node's ID.
func (n *Net) ID() peer.ID { return text(n.host.ID()) }

// Addrs returns the listen addresses, complete with /p2p/: what another node's Connect and
// Seeds take.
func (n *Net) Addrs() []string {
	var out []string
	for _, a := range n.host.Addrs() {
		out = append(out, a.String()+"/p2p/"+n.host.ID().String())
	}
	slices.Sort(out)
	return out
}

// Bytes returns how many bytes the streams of all peers carried since New.
func (n *Net) Bytes() (in, out int64) { return n.links.in.bytes.Load(), n.links.out.bytes.Load() }

// Known returns the peers whose addresses this node knows, sorted by ID.
func (n *Net) Known() (out []PeerAddrs) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, c := range n.addrman.peers {
		all := c.all()
		if len(all) == 0 {
			continue
		}
		p := PeerAddrs{ID: text(id), Manual: c.manual(), LastJoined: c.lastJoined, Tried: len(c.tried) > 0}
		for _, a := range all {
			p.Addrs = append(p.Addrs, a.String())
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b PeerAddrs) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Missing returns the addresses of the peers that the user named and that are not
// connected, complete and sorted. The dialer keeps trying them. Peers that this node
// refuses are not included.
func (n *Net) Missing() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := []string{}
	for id, c := range n.addrman.peers {
		if !c.manual() || n.sessions[id] != nil || n.gater.refusal(id) != nil {
			continue
		}
		out = append(out, c.named[0].String()+"/p2p/"+id.String())
	}
	slices.Sort(out)
	return out
}

// Peers returns the connected peers in the order of connecting, including those whose
// first status has not arrived.
func (n *Net) Peers() []PeerInfo {
	n.mu.Lock()
	sessions := make([]*session, 0, len(n.sessions))
	kept := map[corepeer.ID]bool{}
	for id, s := range n.sessions {
		sessions = append(sessions, s)
		kept[id] = n.addrman.peers[id].manual()
	}
	n.mu.Unlock()
	var out []PeerInfo
	for _, s := range sessions {
		conns := n.swarm.ConnsToPeer(s.peer)
		if len(conns) == 0 {
			continue
		}
		info := s.info()
		info.Manual, info.Link = kept[s.peer], n.links.link(s.peer)
		info.Addr = conns[0].RemoteMultiaddr().String()
		info.Inbound = conns[0].Stat().Direction == network.DirInbound
		for _, c := range conns {
			if sc := connOf(c); sc != nil {
				info.BytesIn += uint64(sc.in.bytes.Load())
				info.BytesOut += uint64(sc.out.bytes.Load())
				info.Received = later(info.Received, sc.in.last.Load())
				info.Sent = later(info.Sent, sc.out.last.Load())
			}
		}
		if agent, err := n.host.Peerstore().Get(s.peer, "AgentVersion"); err == nil && info.Agent == "" {
			info.Agent = printable(fmt.Sprint(agent))
		}
		out = append(out, info)
	}
	slices.SortFunc(out, func(a, b PeerInfo) int {
		return cmp.Or(a.Connected.Compare(b.Connected), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// later returns the later of t and ms, a time in milliseconds since 1970 where 0 means never.
func later(t time.Time, ms int64) time.Time {
	if at := time.UnixMilli(ms); ms > 0 && at.After(t) {
		return at
	}
	return t
}

// PublishBlock sends a block to every connected peer without asking the Handler. A block
// that gossip carried in the last two minutes is not sent again.
func (n *Net) PublishBlock(ctx context.Context, raw []byte) error {
	return n.publish(ctx, kindBlock, raw)
}

// PublishTx is PublishBlock for a transaction.
func (n *Net) PublishTx(ctx context.Context, raw []byte) error {
	return n.publish(ctx, kindTx, raw)
}

func (n *Net) publish(ctx context.Context, k kind, raw []byte) error {
	if len(raw) > MaxMessage {
		return fmt.Errorf("publish: %d bytes, at most %d", len(raw), MaxMessage)
	}
	r := n.enter()
	if r == nil {
		return errNotRunning
	}
	defer r.tasks.Done()
	topic := r.gossip.blocks
	if k == kindTx {
		topic = r.gossip.txs
	}
	return topic.Publish(ctx, raw)
}

// Reaches reports whether a message that we publish reaches a peer. It reaches every
// joined peer, except one that joined without gossip: see topicWait.
func (n *Net) Reaches(p peer.ID) bool {
	id, err := decode(p)
	r := n.enter()
	if r == nil {
		return false
	}
	defer r.tasks.Done()
	return err == nil && r.gossip.reaches(id)
}

// Announce sends a new status to every peer and does not wait. A peer that reads slowly
// receives only the latest.
func (n *Net) Announce(s peer.Status) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, session := range n.sessions {
		session.announce(s)
	}
}

// text returns libp2p's text form of a peer's ID.
func text(p corepeer.ID) peer.ID { return peer.ID(p.String()) }

func short(p corepeer.ID) string { return text(p).Short() }

// decode parses a peer's ID.
func decode(p peer.ID) (corepeer.ID, error) {
	id, err := corepeer.Decode(string(p))
	if err != nil {
		return "", fmt.Errorf("peer id %q: want one like 12D3Koo…, the peer_id in getpeerinfo", p)
	}
	return id, nil
}
