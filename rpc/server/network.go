package server

import (
	"fmt"
	"sync"
	"time"

	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"toychain/engine"
	"toychain/p2p"
	"toychain/peer"
	"toychain/rpc"
)

const (
	// coreVersion is the Bitcoin Core whose dialect this is. Clients compare it.
	coreVersion     = 280100
	coreVersionText = "28.1.0"
	// protocolVersion is that of Bitcoin's peer-to-peer protocol in that version. We
	// speak another one; clients want a number.
	protocolVersion = 70016
	// services is Bitcoin's NODE_NETWORK: all blocks can be had here.
	services = "0000000000000001"
)

func getNetworkInfo(c *call, _ rpc.None) (rpc.NetworkInfo, *rpc.Error) {
	net := c.node.Net()
	pool := c.node.Policy()
	info := rpc.NetworkInfo{
		Version: coreVersion, Subversion: fmt.Sprintf("/Satoshi:%s(toychain:%s)/", coreVersionText, c.node.Version()),
		ProtocolVersion: protocolVersion, LocalServices: services, LocalServicesNames: []string{"NETWORK"}, LocalRelay: true,
		NetworkActive: net.Active(), Networks: []rpc.NetworkKind{{Name: "ipv4", Reachable: true}, {Name: "ipv6", Reachable: true}},
		RelayFee: pool.MinRelay, IncrementalFee: pool.Incremental, LocalAddresses: []rpc.LocalAddress{}, Warnings: []string{},
		Name: c.node.Name(), PeerID: string(net.ID()), Multiaddrs: net.Addrs(), Partition: gateOf(net),
		Missing: net.Missing(),
	}
	for _, p := range net.Peers() {
		info.Connections++
		if p.Inbound {
			info.ConnectionsIn++
		} else {
			info.ConnectionsOut++
		}
	}
	return info, nil
}

func ping(*call, rpc.None) (rpc.Null, *rpc.Error) { return nil, nil }

func gateOf(net *p2p.Net) []string {
	out := []string{}
	for _, id := range net.Gate() {
		out = append(out, string(id))
	}
	return out
}

func getConnectionCount(c *call, _ rpc.None) (int, *rpc.Error) { return len(c.node.Net().Peers()), nil }

func getPeerInfo(c *call, _ rpc.None) ([]rpc.Peer, *rpc.Error) {
	peers := c.node.Net().Peers()
	return look(c, func(e *engine.Engine) ([]rpc.Peer, *rpc.Error) {
		out := make([]rpc.Peer, len(peers))
		for i := range peers {
			out[i] = c.peer(&peers[i])
			if height, ok := e.Shared(peers[i].ID); ok {
				out[i].SyncedHeaders, out[i].SyncedBlocks = height, height
			}
		}
		return out, nil
	})
}

// peer shows a peer, but for what we share with it.
func (c *call) peer(p *p2p.PeerInfo) rpc.Peer {
	out := rpc.Peer{
		ID: c.server.peerIDs.number(p), Addr: hostPort(p.Addr), Network: "not_publicly_routable",
		Services: services, ServicesNames: []string{"NETWORK"}, RelayTxes: true, ConnTime: unix(p.Connected),
		LastSend: unix(p.Sent), LastRecv: unix(p.Received), LastTx: unix(p.Tx), LastBlock: unix(p.Block),
		BytesSent: p.BytesOut, BytesRecv: p.BytesIn, Version: protocolVersion, SubVer: p.Agent, Inbound: p.Inbound,
		StartingHeight: p.First, Presynced: -1, SyncedHeaders: -1, SyncedBlocks: -1, Inflight: []int{}, Permissions: []string{},
		ConnectionType: "outbound-full-relay", Transport: "libp2p",
		PeerID: string(p.ID), Multiaddr: p.Addr + "/p2p/" + string(p.ID), Joined: p.Joined, Tip: p.Status.Tip, Height: p.Status.Height,
	}
	switch {
	case p.Inbound:
		out.ConnectionType = "inbound"
	case p.Kept:
		out.ConnectionType = "manual"
	}
	if p.Latency > 0 {
		seconds := rpc.Float(p.Latency.Seconds())
		out.PingTime = &seconds
	}
	if l := p.Link; l != (p2p.Link{}) {
		out.Link = &l
	}
	return out
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// hostPort returns a multiaddr as host:port, or as it is if it is of another kind.
func hostPort(addr string) string {
	a, err := multiaddr.NewMultiaddr(addr)
	if err != nil {
		return addr
	}
	_, text, err := manet.DialArgs(a)
	if err != nil {
		return addr
	}
	return text
}

// peerIDs numbers connections, as Core does, and remembers when peers were banned.
type peerIDs struct {
	mu      sync.Mutex
	last    int
	numbers map[connection]int
	banned  map[peer.ID]time.Time
}

type connection struct {
	peer  peer.ID
	since int64
}

func newPeerIDs() *peerIDs {
	return &peerIDs{last: -1, numbers: make(map[connection]int), banned: make(map[peer.ID]time.Time)}
}

// maxNumbers is how many connections keep their number.
const maxNumbers = 10_000

func (ids *peerIDs) number(p *p2p.PeerInfo) int {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	key := connection{p.ID, p.Connected.UnixNano()}
	n, ok := ids.numbers[key]
	if !ok {
		if len(ids.numbers) > maxNumbers {
			clear(ids.numbers)
		}
		ids.last++
		n = ids.last
		ids.numbers[key] = n
	}
	return n
}

// noteBan remembers when a peer was banned.
func (ids *peerIDs) noteBan(p peer.ID, now time.Time) {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	ids.banned[p] = now
}

// bannedSince returns when a peer was banned that is so until a time.
func (ids *peerIDs) bannedSince(p peer.ID, until time.Time) time.Time {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	if since, ok := ids.banned[p]; ok && since.Before(until) {
		return since
	}
	return until.Add(-p2p.BanTime) // by the node itself, for breaking a rule
}
