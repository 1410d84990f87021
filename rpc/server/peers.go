package server

import (
	"strings"
	"time"

	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"toychain/engine"
	"toychain/p2p"
	"toychain/peer"
	"toychain/rpc"
)

// peerOf returns the peer's ID, given that or a multiaddr.
func peerOf(s string) peer.ID {
	return peer.ID(s[strings.LastIndexByte(s, '/')+1:])
}

// oneLine returns the text of an error with its lines joined.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

func addNode(c *call, a rpc.AddNodeArgs) (rpc.Null, error) {
	net, addr := c.node.Net(), a.Node
	switch a.Command {
	case "add":
		if err := net.Keep(addr); err != nil {
			return nil, fail(rpc.CodeBadPeer, "Error: %s", oneLine(err))
		}
	case "remove":
		if err := net.Forget(peerOf(addr)); err != nil {
			return nil, fail(rpc.CodeNodeNotAdded, "Error: Node could not be removed. It has not been added previously. (%s)", oneLine(err))
		}
	case "onetry":
		if err := net.Connect(c.ctx, addr); err != nil {
			return nil, fail(rpc.CodeBadPeer, "Error: %s", oneLine(err))
		}
	default:
		return nil, fail(rpc.CodeMisc, "%s", c.method.help())
	}
	return nil, nil
}

func disconnectNode(c *call, a rpc.DisconnectNodeArgs) (rpc.Null, error) {
	address := or(a.Address, "")
	if address != "" && a.NodeID != nil || a.Address == nil && a.NodeID == nil {
		return nil, fail(rpc.CodeInvalidParams, "Only one of address and nodeid should be provided.")
	}
	for _, p := range c.node.Net().Peers() {
		named := address != "" && (p.ID == peerOf(address) || hostPort(p.Addr) == address)
		if named || a.NodeID != nil && p.Number == *a.NodeID {
			if err := c.node.Net().Disconnect(p.ID); err != nil {
				break // it is gone already
			}
			return nil, nil
		}
	}
	return nil, fail(rpc.CodeNodeUnknown, "Node not found in connected nodes")
}

func getPeerInfo(c *call, _ rpc.None) ([]rpc.Peer, error) {
	peers := c.node.Net().Peers()
	return look(c, func(e *engine.Engine) ([]rpc.Peer, error) {
		out := make([]rpc.Peer, len(peers))
		for i := range peers {
			out[i] = c.peer(&peers[i])
			if height, ok := e.LastCommon(peers[i].ID); ok {
				out[i].SyncedHeaders, out[i].SyncedBlocks = height, height
			}
		}
		return out, nil
	})
}

// peer shows a peer, but for what we share with it.
func (c *call) peer(p *p2p.PeerInfo) rpc.Peer {
	out := rpc.Peer{
		ID: p.Number, Addr: hostPort(p.Addr), Network: "not_publicly_routable",
		Services: services, ServicesNames: []string{"NETWORK"}, RelayTxes: true, ConnTime: unix(p.Connected),
		LastSend: unix(p.Sent), LastRecv: unix(p.Received), LastTx: unix(p.Tx), LastBlock: unix(p.Block),
		BytesSent: p.BytesOut, BytesRecv: p.BytesIn, Version: protocolVersion, SubVer: p.Agent, Inbound: p.Inbound,
		StartingHeight: p.StartingHeight, Presynced: -1, SyncedHeaders: -1, SyncedBlocks: -1, Inflight: []int{}, Permissions: []string{},
		ConnectionType: "outbound-full-relay", Transport: "libp2p",
		PeerID: string(p.ID), Multiaddr: p.Addr + "/p2p/" + string(p.ID), Joined: p.Joined, Tip: p.Status.Tip, Height: p.Status.Height,
	}
	switch {
	case p.Inbound:
		out.ConnectionType = "inbound"
	case p.Manual:
		out.ConnectionType = "manual"
	}
	if p.Latency > 0 {
		out.PingTime = new(rpc.Float(p.Latency.Seconds()))
	}
	if p.Link != (p2p.Link{}) {
		out.Link = new(p.Link)
	}
	return out
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// hostPort returns a multiaddr as host:port, or unchanged if it is of another kind.
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
