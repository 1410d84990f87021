package p2p

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// Two nodes of the same rules find each other without any address; one of other
// rules is not even called.
func TestMDNS(t *testing.T) {
	if !multicastWorks() {
		t.Skip("this machine hears no multicast of its own")
	}
	rules := rand.Uint32() // else the nodes of another run of this test would be found too
	on := func(rules uint32) func(*Config) {
		return func(c *Config) { c.MDNS, c.Digest = true, fmt.Sprintf("%08x", rules) }
	}
	other := startNode(t, on(rules+1))
	a, b := startNode(t, on(rules)), startNode(t, on(rules))
	a.waitJoined(b)
	b.waitJoined(a)
	if p := other.Peers(); len(p) != 0 {
		t.Errorf("other rules, and yet connected: %+v", p)
	}
}

// multicastWorks sends itself a packet by multicast, not on mDNS's own port.
func multicastWorks() bool {
	group := &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251)}
	in, err := net.ListenMulticastUDP("udp4", nil, group)
	if err != nil {
		return false
	}
	defer in.Close()
	group.Port = in.LocalAddr().(*net.UDPAddr).Port
	out, err := net.DialUDP("udp4", nil, group)
	if err != nil {
		return false
	}
	defer out.Close()
	if _, err := out.Write([]byte("hello")); err != nil {
		return false
	}
	in.SetReadDeadline(time.Now().Add(time.Second))
	_, err = in.Read(make([]byte, 5))
	return err == nil
}
