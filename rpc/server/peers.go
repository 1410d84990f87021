package server

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"toychain/peer"
	"toychain/rpc"
)

// defaultBan is how long a user's ban lasts (Core: DEFAULT_MISBEHAVING_BANTIME), and
// longestBan the most that can be asked for: what fits a time.Duration.
const (
	defaultBan = 24 * time.Hour
	longestBan = 200 * 365 * 24 * time.Hour
)

// peerOf returns the peer's id out of an id or a multiaddr.
func peerOf(s string) peer.ID {
	return peer.ID(s[strings.LastIndexByte(s, '/')+1:])
}

// oneLine puts the lines of an error text in one.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

func addNode(c *call, a rpc.AddNodeArgs) (rpc.Null, *rpc.Error) {
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

func disconnectNode(c *call, a rpc.DisconnectNodeArgs) (rpc.Null, *rpc.Error) {
	address := or(a.Address, "")
	if address != "" && a.NodeID != nil || a.Address == nil && a.NodeID == nil {
		return nil, fail(rpc.CodeInvalidParams, "Only one of address and nodeid should be provided.")
	}
	for _, p := range c.node.Net().Peers() {
		named := address != "" && (p.ID == peerOf(address) || hostPort(p.Addr) == address)
		if named || a.NodeID != nil && c.server.peerIDs.number(&p) == *a.NodeID {
			if err := c.node.Net().Disconnect(p.ID); err != nil {
				break // it is gone already
			}
			return nil, nil
		}
	}
	return nil, fail(rpc.CodeNodeUnknown, "Node not found in connected nodes")
}

func setNetworkActive(c *call, a rpc.SetNetworkActiveArgs) (bool, *rpc.Error) {
	c.node.Net().SetActive(a.State)
	return c.node.Net().Active(), nil
}

func setBan(c *call, a rpc.SetBanArgs) (rpc.Null, *rpc.Error) {
	net, peer, now := c.node.Net(), peerOf(a.Peer), time.Now() // as p2p's bans
	switch a.Command {
	case "add":
		if until, ok := net.Banned()[peer]; ok && until.After(now) {
			return nil, fail(rpc.CodeNodeAdded, "Error: IP/Subnet already banned")
		}
		seconds := a.Time
		span := defaultBan
		if seconds > 0 {
			if a.Absolute {
				seconds -= now.Unix()
			}
			if seconds <= 0 {
				return nil, fail(rpc.CodeInvalidParam, "Error: Absolute timestamp is in the past")
			}
			span = time.Duration(min(seconds, int64(longestBan/time.Second))) * time.Second
		}
		if err := net.Ban(peer, span); err != nil {
			return nil, fail(rpc.CodeBadPeer, "Error: Invalid IP/Subnet (%s)", oneLine(err))
		}
		c.server.peerIDs.noteBan(peer, net.Banned()[peer].Add(-span))
	case "remove":
		if err := net.Unban(peer); err != nil {
			return nil, fail(rpc.CodeBadPeer, "Error: Unban failed. Requested address/subnet was not previously manually banned. (%s)", oneLine(err))
		}
	default:
		return nil, fail(rpc.CodeMisc, "%s", c.method.help())
	}
	return nil, nil
}

func listBanned(c *call, _ rpc.None) ([]rpc.Ban, *rpc.Error) {
	out, now := []rpc.Ban{}, time.Now()
	for id, until := range c.node.Net().Banned() {
		since := c.server.peerIDs.bannedSince(id, until)
		out = append(out, rpc.Ban{Address: string(id), Created: since.Unix(), Until: until.Unix(),
			Duration: until.Unix() - since.Unix(), TimeRemaining: max(until.Unix()-now.Unix(), 0)})
	}
	slices.SortFunc(out, func(a, b rpc.Ban) int { return cmp.Compare(a.Address, b.Address) })
	return out, nil
}

func clearBanned(c *call, _ rpc.None) (rpc.Null, *rpc.Error) {
	for id := range c.node.Net().Banned() {
		_ = c.node.Net().Unban(id) // fails if its time is over just now
	}
	return nil, nil
}
