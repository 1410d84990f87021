package server

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"toychain/p2p"
	"toychain/peer"
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
		c.server.peers.noteBan(peer, net.Banned()[peer].Add(-span))
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
	for id, until := range c.node.Net().Banned() {
		since := c.server.peers.bannedSince(id, until)
		out = append(out, rpc.Ban{Address: string(id), Created: since.Unix(), Until: until.Unix(),
			Duration: until.Unix() - since.Unix(), TimeRemaining: max(until.Unix()-now.Unix(), 0)})
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

// peerRecords numbers connections, as Core does, and records when peers were banned.
type peerRecords struct {
	mu      sync.Mutex
	last    int
	numbers map[connection]int
	banned  map[peer.ID]time.Time
}

type connection struct {
	peer  peer.ID
	since int64
}

// maxNumbers is how many connections keep their number.
const maxNumbers = 10_000

func (r *peerRecords) number(p *p2p.PeerInfo) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := connection{p.ID, p.Connected.UnixNano()}
	n, ok := r.numbers[key]
	if !ok {
		if len(r.numbers) > maxNumbers {
			clear(r.numbers)
		}
		r.last++
		n = r.last
		r.numbers[key] = n
	}
	return n
}

// noteBan records when a peer was banned.
func (r *peerRecords) noteBan(p peer.ID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.banned[p] = now
}

// bannedSince returns when a peer was banned whose ban ends at until.
func (r *peerRecords) bannedSince(p peer.ID, until time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if since, ok := r.banned[p]; ok && since.Before(until) {
		return since
	}
	return until.Add(-p2p.BanTime) // by the node itself, for breaking a rule
}
