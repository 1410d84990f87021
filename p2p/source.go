package p2p

import (
	"fmt"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// source is a peer that tells addresses, and the address of our connection with it.
type source struct {
	id   corepeer.ID
	addr ma.Multiaddr
}

// local is the source of what mDNS finds on the local network.
var local = source{own, ma.StringCast("/ip4/127.0.0.1")}

// scopeOf returns how far an address leads: 0 anywhere, as every name may; 1 in the local network
// (RFC 1918, and the like of IPv6); 2 on this machine; 3 nowhere (0.0.0.0, multicast).
func scopeOf(a ma.Multiaddr) int {
	ip, err := manet.ToIP(a)
	switch {
	case err != nil:
		return 0
	case ip.IsLoopback():
		return 2
	case ip.IsUnspecified() || ip.IsMulticast():
		return 3
	case ip.IsPrivate() || ip.IsLinkLocalUnicast():
		return 1
	}
	return 0
}

// credible returns the TCP addresses that a source can know: one in a private network only if
// the source is there itself, or it could have us dial the machines around us.
func (s source) credible(addrs []ma.Multiaddr) (out []ma.Multiaddr) {
	for _, a := range addrs {
		if _, err := a.ValueForProtocol(ma.P_TCP); err == nil && scopeOf(a) <= min(scopeOf(s.addr), 2) {
			out = append(out, a)
		}
	}
	return out
}

// groupOf returns the network of an address, in which one operator may have many (Core:
// GetGroup): /16 of IPv4, /32 of IPv6. On this machine all nodes have one address: "" is no
// group.
func groupOf(a ma.Multiaddr) string {
	ip, err := manet.ToIP(a)
	if err != nil || ip.IsLoopback() {
		return ""
	}
	if v4 := ip.To4(); v4 != nil {
		return fmt.Sprintf("%d.%d", v4[0], v4[1])
	}
	return fmt.Sprintf("%x", []byte(ip[:4]))
}
