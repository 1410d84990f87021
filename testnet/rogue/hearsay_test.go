package rogue_test

import (
	"fmt"
	tcp "net"
	"sync/atomic"
	"testing"

	"toychain/testnet/rogue"

	"github.com/libp2p/go-libp2p/core/test"
	ma "github.com/multiformats/go-multiaddr"
)

// A rogue tells eight false addresses of the honest peer, and ninety addresses of peers that do
// not exist, all of one machine. A new node that knows only the victim finds the honest peer all
// the same, and the machine is not flooded with connections.
func TestHearsay(t *testing.T) {
	w := newNet(t)
	target, err := tcp.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	var dials atomic.Int32
	go func() {
		for {
			c, err := target.Accept()
			if err != nil {
				return
			}
			dials.Add(1)
			c.Close()
		}
	}()
	victim, honest := w.pair()
	at := fmt.Sprintf("/ip4/127.0.0.1/tcp/%d/p2p/", target.Addr().(*tcp.TCPAddr).Port)
	cfg := rogue.Config{Params: w.params, Call: victim.Net().Addrs()}
	for i := range 8 {
		cfg.Tell = append(cfg.Tell, ma.StringCast(fmt.Sprintf("/ip4/127.0.0.1/tcp/%d/p2p/%s", 1+i, honest.Net().ID())))
	}
	for range 90 {
		id, err := test.RandPeerID()
		if err != nil {
			t.Fatal(err)
		}
		cfg.Tell = append(cfg.Tell, ma.StringCast(at+id.String()))
	}
	p, err := rogue.Join(w.ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Leave()
	w.until("the victim dials what the rogue told", func() bool { return dials.Load() > 0 })
	late := w.node(victim)
	w.until("the new node finds the honest one", func() bool { return joined(late, honest) })
	w.at(w.mine(late, 1)[0], victim, honest)
	if n := dials.Load(); n > 2*(16+12) { // of two nodes, in less than a minute
		t.Errorf("%d connections with a stranger's machine", n)
	}
}
