package server

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"toychain/rpc"
)

func getAddedNodeInfo(c *call, a rpc.GetAddedNodeInfoArgs) ([]rpc.AddedNode, error) {
	connected, out := c.node.Net().Peers(), []rpc.AddedNode{}
	for _, p := range c.node.Net().Known() {
		if !p.Manual || a.Node != nil && p.ID != peerOf(*a.Node) {
			continue
		}
		row := rpc.AddedNode{AddedNode: p.Addrs[0] + "/p2p/" + string(p.ID), Addresses: []rpc.AddedAddress{}}
		for _, q := range connected {
			if q.ID == p.ID {
				how := map[bool]string{true: "inbound", false: "outbound"}[q.Inbound]
				row.Connected, row.Addresses = true, append(row.Addresses, rpc.AddedAddress{Address: hostPort(q.Addr), Connected: how})
			}
		}
		out = append(out, row)
	}
	if a.Node != nil && len(out) == 0 {
		return nil, fail(rpc.CodeNodeNotAdded, "Error: Node has not been added.")
	}
	return out, nil
}

// networks are Core's names for the networks of addresses. Peers are on the first two.
var networks = []string{"ipv4", "ipv6", "onion", "i2p", "cjdns"}

// networkOf returns the network of a multiaddr.
func networkOf(addr string) string {
	if strings.HasPrefix(addr, "/ip6/") || strings.HasPrefix(addr, "/dns6/") {
		return networks[1]
	}
	return networks[0]
}

func getAddrManInfo(c *call, _ rpc.None) (map[string]rpc.AddrManCount, error) {
	const all = "all_networks"
	out := map[string]rpc.AddrManCount{all: {}}
	for _, name := range networks {
		out[name] = rpc.AddrManCount{}
	}
	for _, p := range c.node.Net().Known() {
		for _, name := range []string{networkOf(p.Addrs[0]), all} {
			n := out[name]
			if n.Total++; !p.Tried {
				n.New++
			} else {
				n.Tried++
			}
			out[name] = n
		}
	}
	return out, nil
}

func getNodeAddresses(c *call, a rpc.GetNodeAddressesArgs) ([]rpc.NodeAddress, error) {
	count := or(a.Count, 1)
	switch {
	case count < 0:
		return nil, fail(rpc.CodeInvalidParam, "Address count out of range")
	case a.Network != nil && !slices.Contains(networks, *a.Network):
		return nil, fail(rpc.CodeInvalidParam, "Network not recognized: %s", clip(*a.Network))
	}
	out := []rpc.NodeAddress{}
	for _, p := range c.node.Net().Known() {
		for _, addr := range p.Addrs {
			host, port, _ := net.SplitHostPort(hostPort(addr))
			number, err := strconv.Atoi(port)
			if err != nil || a.Network != nil && networkOf(addr) != *a.Network || count > 0 && len(out) == count {
				continue
			}
			out = append(out, rpc.NodeAddress{Time: unix(p.LastJoined), Services: 1, Address: host, Port: number, Network: networkOf(addr)})
		}
	}
	return out, nil
}
