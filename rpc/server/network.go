package server

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"toychain/p2p"
	"toychain/peer"
	"toychain/rpc"
)

const (
	// coreVersion is the version of Bitcoin Core whose dialect this is. Clients compare it.
	coreVersion     = 280100
	coreVersionText = "28.1.0"
	// protocolVersion is that of Bitcoin's peer-to-peer protocol in that version. We
	// speak another one; clients want a number.
	protocolVersion = 70016
	// services is Bitcoin's NODE_NETWORK: this node serves all blocks.
	services = "0000000000000001"
)

func getNetworkInfo(c *call, _ rpc.None) (rpc.NetworkInfo, error) {
	net := c.node.Net()
	cfg := c.node.Config()
	info := rpc.NetworkInfo{
		Version: coreVersion, Subversion: subversion(cfg.Version),
		ProtocolVersion: protocolVersion, LocalServices: services, LocalServicesNames: []string{"NETWORK"}, LocalRelay: true,
		NetworkActive: net.Active(), Networks: []rpc.NetworkKind{{Name: "ipv4", Reachable: true}, {Name: "ipv6", Reachable: true}},
		RelayFee: cfg.Pool.MinRelay, IncrementalFee: cfg.Pool.Incremental, LocalAddresses: []rpc.LocalAddress{}, Warnings: net.Warnings(),
		Name: c.node.Name(), PeerID: string(net.ID()), Multiaddrs: net.Addrs(), Partition: net.Blocklist(),
		Missing: net.Missing(),
	}
	for _, p := range connected(net) {
		info.Connections++
		if p.Inbound {
			info.ConnectionsIn++
		} else {
			info.ConnectionsOut++
		}
	}
	return info, nil
}

// subversion returns what a client learns about the node's software. btcd's compares the
// beginning; btc-rpc-explorer's reads what stands between "/Satoshi:" and the last slash,
// which must be three numbers.
func subversion(version string) string {
	return fmt.Sprintf("/Satoshi:%s/toychain:%s", coreVersionText, strings.ReplaceAll(version, "/", "-"))
}

func getNetTotals(c *call, _ rpc.None) (any, error) {
	in, out := c.node.Net().Bytes()
	return map[string]any{"totalbytesrecv": in, "totalbytessent": out, "timemillis": time.Now().UnixMilli(), "uploadtarget": map[string]any{
		"timeframe": 86400, "target": 0, "target_reached": false, "serve_historical_blocks": true, "bytes_left_in_cycle": 0, "time_left_in_cycle": 0}}, nil
}

func ping(*call, rpc.None) (rpc.Null, error) { return nil, nil }

// connected returns the peers that have said something.
func connected(net *p2p.Net) []p2p.PeerInfo {
	return slices.DeleteFunc(net.Peers(), func(p p2p.PeerInfo) bool { return p.Status == (peer.Status{}) })
}

func getConnectionCount(c *call, _ rpc.None) (int, error) { return len(connected(c.node.Net())), nil }

func setNetworkActive(c *call, a rpc.SetNetworkActiveArgs) (bool, error) {
	c.node.Net().SetActive(a.State)
	return c.node.Net().Active(), nil
}

func setPartition(c *call, a rpc.SetPartitionArgs) ([]peer.ID, error) {
	peers := make([]peer.ID, len(a.Peers))
	for i, s := range a.Peers {
		peers[i] = peerOf(s)
	}
	if err := c.node.Net().SetBlocklist(peers); err != nil {
		return nil, fail(rpc.CodeInvalidParam, "%s", oneLine(err))
	}
	return c.node.Net().Blocklist(), nil
}

func setLink(c *call, a rpc.SetLinkArgs) (peer.Link, error) {
	if err := c.node.Net().SetLink(peerOf(a.Peer), a.Link); err != nil {
		return peer.Link{}, fail(rpc.CodeInvalidParam, "%s", oneLine(err))
	}
	return a.Link, nil
}

// MaxOffset is the most seconds that a clock may be wrong: ten years.
const MaxOffset = 10 * 365 * 24 * 60 * 60

func setClock(c *call, a rpc.SetClockArgs) (rpc.Clock, error) {
	if a.Offset < -MaxOffset || a.Offset > MaxOffset {
		return rpc.Clock{}, fail(rpc.CodeInvalidParam, "offset must be within %d seconds", MaxOffset)
	}
	err := c.node.SetClock(c.ctx, time.Duration(a.Offset)*time.Second)
	return rpc.Clock{Offset: a.Offset, Time: c.node.Now().Unix()}, err
}
