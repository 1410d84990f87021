package server

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"toychain/peer"
	"toychain/rpc"
)

func banMethods() []method {
	return []method{
		{name: "clearbanned", call: clearBanned, about: "Forgives all banned peers.", returns: "null"},
		{name: "listbanned", call: listBanned, about: "Returns the banned peers.", returns: "[object]"},
		{name: "setban", call: setBan, example: `"12D3KooWBhMbLvQUVQPEsfn4xEGWkvGZZ1qSBWBfBzR5VjF8pqgq" "add" 600`,
			params: []param{need("subnet", kindString, "the peer's id, or multiaddr with /p2p/"),
				need("command", kindString, "add or remove"),
				may("bantime", kindNumber, "seconds; 0: a day (default 0)"),
				may("absolute", kindBool, "bantime is a time since 1970 (default false)")},
			about: "Refuses a peer, or forgives it.", returns: "null"},
	}
}

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

func addNode(c *call) (any, *rpc.Error) {
	net, addr := c.node.Net(), c.str(0)
	switch c.str(1) {
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

func disconnectNode(c *call) (any, *rpc.Error) {
	if c.has(0) && c.str(0) != "" && c.has(1) || !c.has(0) && !c.has(1) {
		return nil, fail(rpc.CodeInvalidParams, "Only one of address and nodeid should be provided.")
	}
	nodeID, err := number(c, 1, -1)
	if err != nil {
		return nil, err
	}
	for _, p := range c.node.Net().Peers() {
		named := c.has(0) && c.str(0) != "" && (string(p.ID) == string(peerOf(c.str(0))) || hostPort(p.Addr) == c.str(0))
		if named || c.has(1) && c.server.peerIDs.number(&p) == nodeID {
			if err := c.node.Net().Disconnect(p.ID); err != nil {
				break // it is gone already
			}
			return nil, nil
		}
	}
	return nil, fail(rpc.CodeNodeUnknown, "Node not found in connected nodes")
}

func setNetworkActive(c *call) (any, *rpc.Error) {
	c.node.Net().SetActive(c.flag(0, true))
	return c.node.Net().Active(), nil
}

func setBan(c *call) (any, *rpc.Error) {
	net, peer, now := c.node.Net(), peerOf(c.str(0)), time.Now() // as p2p's bans
	switch c.str(1) {
	case "add":
		if until, ok := net.Banned()[peer]; ok && until.After(now) {
			return nil, fail(rpc.CodeNodeAdded, "Error: IP/Subnet already banned")
		}
		seconds, err := number(c, 2, int64(0))
		if err != nil {
			return nil, err
		}
		span := defaultBan
		if seconds > 0 {
			if c.flag(3, false) {
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

func listBanned(c *call) (any, *rpc.Error) {
	out, now := []rpc.Ban{}, time.Now()
	for id, until := range c.node.Net().Banned() {
		since := c.server.peerIDs.bannedSince(id, until)
		out = append(out, rpc.Ban{Address: string(id), Created: since.Unix(), Until: until.Unix(),
			Duration: until.Unix() - since.Unix(), TimeRemaining: max(until.Unix()-now.Unix(), 0)})
	}
	slices.SortFunc(out, func(a, b rpc.Ban) int { return cmp.Compare(a.Address, b.Address) })
	return out, nil
}

func clearBanned(c *call) (any, *rpc.Error) {
	for id := range c.node.Net().Banned() {
		_ = c.node.Net().Unban(id) // fails if its time is over just now
	}
	return nil, nil
}
