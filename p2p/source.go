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
var local = source{"local", ma.StringCast("/ip4/127.0.0.1")}

// scope is where an address leads to.
type scope int

const (
	public  scope = iota // anywhere; also every name
	private              // the local network: RFC 1918, and the like of IPv6
	machine              // this machine
	nowhere              // nothing that can be dialed: 0.0.0.0, multicast
)

func scopeOf(a ma.Multiaddr) scope {
	ip, err := manet.ToIP(a)
	switch {
	case err != nil: // a name
		return public
	case ip.IsLoopback():
		return machine
	case ip.IsUnspecified() || ip.IsMulticast():
		return nowhere
	case ip.IsPrivate() || ip.IsLinkLocalUnicast():
		return private
	}
	return public
}

// credible returns the TCP addresses that a source can know: one in a private network only if
// the source is there itself, or it could have us dial the machines around us.
func (s source) credible(addrs []ma.Multiaddr) (out []ma.Multiaddr) {
	reach := scopeOf(s.addr)
	for _, a := range addrs {
		_, err := a.ValueForProtocol(ma.P_TCP)
		if to := scopeOf(a); err == nil && to <= reach && to != nowhere {
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
