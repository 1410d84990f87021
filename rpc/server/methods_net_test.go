package server

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"toychain/engine"
	"toychain/p2p"
	"toychain/rpc"
)

// meet starts a second node, has s call it, and waits until each knows the other.
func (s *scene) meet() (other *world, peer rpc.Peer) {
	s.t.Helper()
	other = start(s.t)
	info, err := rpc.GetNetworkInfo.Call(s.ctx, other.Client, rpc.None{})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.AddPeer(s.ctx, info.Multiaddrs[0]); err != nil {
		s.t.Fatal(err)
	}
	s.connected(1)
	other.until("it knows us", func() bool { // a peer that has said nothing is not counted
		peers := get[[]rpc.Peer](other, "getpeerinfo")
		return len(peers) == 1 && peers[0].Joined
	})
	peers, err := rpc.GetPeerInfo.Call(s.ctx, s.Client, rpc.None{})
	if err != nil {
		s.t.Fatal(err)
	}
	return other, peers[0]
}

// connected waits until so many peers have joined.
func (s *scene) connected(n int) {
	s.t.Helper()
	s.until("the peers are there, or gone", func() bool {
		peers := get[[]rpc.Peer](s.world, "getpeerinfo")
		return len(peers) == n && !slices.ContainsFunc(peers, func(p rpc.Peer) bool { return !p.Joined })
	})
}

// leaves waits for the event that a peer is gone.
func (s *scene) leaves(events <-chan engine.Event, id string) {
	s.t.Helper()
	for ev := range events {
		if ev.Kind == engine.PeerDown && string(ev.Peer) == id {
			return
		}
	}
	s.t.Fatalf("waited in vain until %s leaves", id)
}

var networkTests = map[string]func(*scene){
	"getnetworkinfo": func(s *scene) {
		s.keys("getnetworkinfo", s.must("getnetworkinfo"), "version", "subversion", "protocolversion", "localservices", "localservicesnames",
			"localrelay", "timeoffset", "connections", "connections_in", "connections_out", "networkactive", "networks", "relayfee",
			"incrementalfee", "localaddresses", "warnings", "name", "peer_id", "multiaddrs", "partition",
			"missing")
		info := get[rpc.NetworkInfo](s.world, "getnetworkinfo")
		is(s, "subversion", info.Subversion, "/Satoshi:28.1.0/toychain:1.2.3")                     // btcd's client compares its beginning as a string
		explorer := regexp.MustCompile(`^.*/Satoshi:(.*)/.*$`).FindStringSubmatch(info.Subversion) // btc-rpc-explorer's expression
		is(s, "the version, as btc-rpc-explorer reads it", len(explorer) == 2 && explorer[1] == "28.1.0", true)
		is(s, "ready for --peer", strings.HasSuffix(info.Multiaddrs[0], "/p2p/"+info.PeerID), true)
		other, _ := s.meet()
		is(s, "out", get[rpc.NetworkInfo](s.world, "getnetworkinfo").ConnectionsOut, 1)
		is(s, "in", get[rpc.NetworkInfo](other, "getnetworkinfo").ConnectionsIn, 1)
	},
	"getaddednodeinfo": func(s *scene) {
		is(s, "none", string(s.must("getaddednodeinfo")), "[]")
		other, p := s.meet()
		addr := get[rpc.NetworkInfo](other, "getnetworkinfo").Multiaddrs[0]
		want := fmt.Sprintf(`[{"addednode":%q,"connected":true,"addresses":[{"address":%q,"connected":"outbound"}]}]`, addr, p.Addr)
		is(s, "connected", string(s.must("getaddednodeinfo")), want)
		is(s, "by ID", string(s.must("getaddednodeinfo", p.PeerID)), want)
		s.must("setnetworkactive", false)
		s.connected(0)
		is(s, "gone", string(s.must("getaddednodeinfo", addr)), fmt.Sprintf(`[{"addednode":%q,"connected":false,"addresses":[]}]`, addr))
		is(s, "named by the other", string(other.must("getaddednodeinfo")), "[]")
		s.refused(rpc.CodeNodeNotAdded, "Error: Node has not been added.", "getaddednodeinfo", stranger)
	},
	"getaddrmaninfo": func(s *scene) {
		all := func() map[string]rpc.AddrManCount {
			return get[map[string]rpc.AddrManCount](s.world, "getaddrmaninfo")
		}
		is(s, "none", all()["all_networks"], rpc.AddrManCount{})
		s.meet()
		is(s, "networks", len(all()), 6)
		is(s, "on ipv4", all()["ipv4"], rpc.AddrManCount{Tried: 1, Total: 1})
		is(s, "together", all()["all_networks"], all()["ipv4"])
		s.must("addnode", "/ip6/::1/tcp/1/p2p/"+stranger, "add")
		is(s, "by hearsay", all()["ipv6"], rpc.AddrManCount{New: 1, Total: 1})
	},
	"getnodeaddresses": func(s *scene) {
		is(s, "none", string(s.must("getnodeaddresses")), "[]")
		s.must("addnode", "/ip6/::1/tcp/1/p2p/"+stranger, "add")
		rows := get[[]rpc.NodeAddress](s.world, "getnodeaddresses", 0, "ipv6")
		is(s, "one", len(rows) == 1 && rows[0] == rpc.NodeAddress{Services: 1, Address: "::1", Port: 1, Network: "ipv6"}, true)
		s.meet()
		is(s, "one by default", len(get[[]rpc.NodeAddress](s.world, "getnodeaddresses")), 1)
		is(s, "all", len(get[[]rpc.NodeAddress](s.world, "getnodeaddresses", 0)) > 1, true)
		rows = get[[]rpc.NodeAddress](s.world, "getnodeaddresses", 1, "ipv4")
		is(s, "met", len(rows) == 1 && rows[0].Address == "127.0.0.1" && rows[0].Time > 0, true)
		is(s, "on a network without peers", len(get[[]rpc.NodeAddress](s.world, "getnodeaddresses", 0, "onion")), 0)
		s.refused(rpc.CodeInvalidParam, "Address count out of range", "getnodeaddresses", -1)
		s.refused(rpc.CodeInvalidParam, "Network not recognized: x", "getnodeaddresses", 1, "x")
	},
	"getnettotals": func(s *scene) {
		type totals struct{ TotalBytesRecv, TotalBytesSent, TimeMillis int64 }
		read := func() (t totals) {
			if err := s.Call(s.ctx, "getnettotals", nil, &t); err != nil {
				s.t.Fatal(err)
			}
			return t
		}
		is(s, "alone", read().TotalBytesSent, 0)
		_, p := s.meet()
		s.must("setnetworkactive", false)
		s.connected(0)
		t := read() // also of connections that are gone
		is(s, "with another", t.TotalBytesRecv > 0 && t.TotalBytesSent > 0, true)
		is(s, "at least as many as getpeerinfo counted", uint64(t.TotalBytesSent) >= p.BytesSent, true)
		is(s, "now", time.Now().UnixMilli()-t.TimeMillis < 60_000, true)
	},
	"getconnectioncount": func(s *scene) {
		is(s, "alone", get[int](s.world, "getconnectioncount"), 0)
		s.meet()
		is(s, "with another", get[int](s.world, "getconnectioncount"), 1)
	},
	"getpeerinfo": func(s *scene) {
		is(s, "alone", string(s.must("getpeerinfo")), "[]")
		other, p := s.meet()
		is(s, "id", p.PeerID, get[rpc.NetworkInfo](other, "getnetworkinfo").PeerID)
		is(s, "number", p.ID, 0)
		is(s, "manual", p.ConnectionType, "manual")
		if _, _, err := net.SplitHostPort(p.Addr); err != nil {
			s.t.Errorf("addr %q: %v", p.Addr, err)
		}
		is(s, "agent", p.SubVer, "/toychain:1.2.3/")
		if _, err := other.waitForHeight(6); err != nil {
			s.t.Fatal(err)
		}
		s.until("it tells its new tip", func() bool {
			p := get[[]rpc.Peer](s.world, "getpeerinfo")[0]
			return p.Tip == s.tip() && p.Height == 6 && p.SyncedBlocks == 6 && p.StartingHeight == 0
		})
		var seen rpc.Peer
		other.until("it was given the blocks and what is pending", func() bool {
			seen = get[[]rpc.Peer](other, "getpeerinfo")[0]
			return seen.LastBlock > 0 && seen.LastTx > 0 && seen.StartingHeight == 6
		})
		now := time.Now().Unix()
		for what, at := range map[string]int64{"block": seen.LastBlock, "payment": seen.LastTx, "byte in": seen.LastRecv, "byte out": seen.LastSend} {
			if at < now-60 || at > now+1 {
				s.t.Errorf("last %s at %d, now is %d", what, at, now)
			}
		}
		is(s, "the same number", get[[]rpc.Peer](s.world, "getpeerinfo")[0].ID, 0)
		if err := rpc.SetLink.Do(s.ctx, s.Client, rpc.SetLinkArgs{Peer: p.PeerID, Link: p2p.Link{Delay: 7}}); err != nil {
			s.t.Fatal(err)
		}
		is(s, "link", *get[[]rpc.Peer](s.world, "getpeerinfo")[0].Link, p2p.Link{Delay: 7})
	},
	"addnode": func(s *scene) {
		_, p := s.meet()
		s.must("addnode", p.PeerID, "remove")
		if err := s.ForgetPeer(s.ctx, p.PeerID); err == nil || !strings.Contains(err.Error(), "It has not been added previously.") {
			s.t.Errorf("forgetting twice: %v", err)
		}
		third := start(s.t)
		addr := get[rpc.NetworkInfo](third, "getnetworkinfo").Multiaddrs[0]
		s.until("the third node takes calls", func() bool { return s.Call(s.ctx, "addnode", []any{addr, "onetry"}, nil) == nil })
		s.connected(2)
		s.refused(rpc.CodeBadPeer, "peer address", "addnode", "127.0.0.1:8333", "add")
		s.refused(rpc.CodeBadPeer, "peer address", "addnode", "x", "onetry")
		s.refused(rpc.CodeBadPeer, "own", "addnode", get[rpc.NetworkInfo](s.world, "getnetworkinfo").Multiaddrs[0], "add")
		s.refused(rpc.CodeMisc, "addnode \"node\" \"command\"", "addnode", "x", "y")
	},
	"disconnectnode": func(s *scene) {
		_, p := s.meet()
		s.refused(rpc.CodeInvalidParams, "Only one of address and nodeid should be provided.", "disconnectnode")
		s.refused(rpc.CodeInvalidParams, "Only one of address and nodeid should be provided.", "disconnectnode", p.Addr, p.ID)
		s.refused(rpc.CodeNodeUnknown, "Node not found in connected nodes", "disconnectnode", stranger)
		s.refused(rpc.CodeNodeUnknown, "Node not found in connected nodes", "disconnectnode", "", 99)
		events := s.node.Watch(s.ctx)
		s.must("disconnectnode", p.Addr)
		s.leaves(events, p.PeerID) // and may connect again at once
		s.must("setnetworkactive", false)
		s.connected(0)
		if err := rpc.DisconnectNode.Do(s.ctx, s.Client, rpc.DisconnectNodeArgs{Address: &p.PeerID}); err == nil {
			s.t.Error("dropping a peer that is gone: no error")
		}
	},
	"setban": func(s *scene) {
		_, p := s.meet()
		if err := rpc.SetBan.Do(s.ctx, s.Client, rpc.SetBanArgs{Peer: p.PeerID, Command: "add", Time: 60}); err != nil {
			s.t.Fatal(err)
		}
		s.connected(0)
		s.refused(rpc.CodeNodeAdded, "Error: IP/Subnet already banned", "setban", p.PeerID, "add")
		if err := rpc.SetBan.Do(s.ctx, s.Client, rpc.SetBanArgs{Peer: p.PeerID, Command: "remove"}); err != nil {
			s.t.Fatal(err)
		}
		s.connected(1)
		s.refused(rpc.CodeBadPeer, "Error: Unban failed.", "setban", p.PeerID, "remove")
		s.refused(rpc.CodeBadPeer, "Error: Invalid IP/Subnet", "setban", "10.0.0.0/8", "add")
		s.refused(rpc.CodeInvalidParam, "Absolute timestamp is in the past", "setban", stranger, "add", 1, true)
		s.refused(rpc.CodeMisc, "setban \"subnet\"", "setban", stranger, "x")
	},
	"listbanned": func(s *scene) {
		is(s, "none", string(s.must("listbanned")), "[]")
		s.must("setban", stranger, "add")
		bans, err := s.Bans(s.ctx)
		if err != nil || len(bans) != 1 {
			s.t.Fatalf("%v, %v", bans, err)
		}
		is(s, "address", bans[0].Address, stranger)
		is(s, "a day", bans[0].Duration, 86_400)
		is(s, "left", bans[0].TimeRemaining > 86_000, true)
	},
	"clearbanned": func(s *scene) {
		s.must("setban", stranger, "add", 600)
		is(s, "result", string(s.must("clearbanned")), "null")
		is(s, "none", string(s.must("listbanned")), "[]")
	},
	"setnetworkactive": func(s *scene) {
		s.meet()
		is(s, "off", get[bool](s.world, "setnetworkactive", false), false)
		s.connected(0)
		is(s, "shown", get[rpc.NetworkInfo](s.world, "getnetworkinfo").NetworkActive, false)
		is(s, "on", get[bool](s.world, "setnetworkactive", true), true)
		s.connected(1)
	},
	"ping": func(s *scene) { is(s, "result", string(s.must("ping")), "null") },
}
