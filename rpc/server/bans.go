package server

import (
	"cmp"
	"slices"
	"time"

	"toychain/rpc"
)

// defaultBan is how long a user's ban lasts (Core: DEFAULT_MISBEHAVING_BANTIME), and
// longestBan the most that can be asked for: what fits a time.Duration.
const (
	defaultBan = 24 * time.Hour
	longestBan = 200 * 365 * 24 * time.Hour
)

func setBan(c *call, a rpc.SetBanArgs) (rpc.Null, error) {
	net, peer, now := c.node.Net(), peerOf(a.Peer), time.Now() // as p2p's bans
	switch a.Command {
	case "add":
		if ban, ok := net.Banned()[peer]; ok && ban.Until.After(now) {
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
	case "remove":
		if err := net.Unban(peer); err != nil {
			return nil, fail(rpc.CodeBadPeer, "Error: Unban failed. Requested address/subnet was not previously manually banned. (%s)", oneLine(err))
		}
	default:
		return nil, fail(rpc.CodeMisc, "%s", c.method.help())
	}
	return nil, nil
}

func listBanned(c *call, _ rpc.None) ([]rpc.Ban, error) {
	out, now := []rpc.Ban{}, time.Now()
	for id, ban := range c.node.Net().Banned() {
		since, until := ban.Since.Unix(), ban.Until.Unix()
		out = append(out, rpc.Ban{Address: string(id), Created: since, Until: until, Duration: until - since, TimeRemaining: max(until-now.Unix(), 0)})
	}
	slices.SortFunc(out, func(a, b rpc.Ban) int { return cmp.Compare(a.Address, b.Address) })
	return out, nil
}

func clearBanned(c *call, _ rpc.None) (rpc.Null, error) {
	for id := range c.node.Net().Banned() {
		_ = c.node.Net().Unban(id) // fails if its time is over just now
	}
	return nil, nil
}
