package p2p

import (
	"cmp"
	"errors"
	"hash/maphash"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	corepeer "github.com/libp2p/go-libp2p/core/peer"
)

// Slots. A node seeks MaxOut connections, and accepts Config.MaxIn peers that dial it. Peers that
// the user named are in addition. When all inbound slots are taken, a newcomer gets that of the
// least useful peer (Core: AttemptToEvictConnection); otherwise as many idle keys as there are
// slots would lock out all others for ever.

// candidate is an inbound peer that may have to go (Core: NodeEvictionCandidate).
type candidate struct {
	id        corepeer.ID
	group     string // see groupOf
	connected time.Time
	latency   time.Duration // of the last ping; 0 before the first
	block, tx time.Time     // when it last delivered one that was accepted; zero: never
}

// selectToEvict returns the peer that has been least useful; false if all are protected. As
// in Core (SelectNodeToEvict), an attacker would have to beat honest peers at many things at
// once to push all of them out:
//
//	the first of a few networks, chosen with a secret seed   it cannot know which
//	the lowest pings                                         it would have to be near
//	the latest transactions, the latest blocks               it would have to work for us
//	half of the rest, connected longest                      it would have had to be early
//
// Of what is left, the largest group loses its youngest peer. Core also protects networks such
// as Tor, and peers that relay blocks only, which do not exist here.
func selectToEvict(left []candidate, seed maphash.Seed) (corepeer.ID, bool) {
	left = slices.Clone(left)
	secret := func(c candidate) uint64 { return maphash.String(seed, c.group) }
	seen := map[string]bool{"": true}
	first := func(c candidate) bool { before := seen[c.group]; seen[c.group] = true; return !before }
	left = protect(left, protectedGroups, first,
		func(a, b candidate) int {
			return cmp.Or(cmp.Compare(secret(a), secret(b)), a.connected.Compare(b.connected))
		})
	left = protect(left, protectedPings, func(c candidate) bool { return c.latency > 0 },
		func(a, b candidate) int { return cmp.Compare(a.latency, b.latency) })
	left = protect(left, protectedTxs, func(c candidate) bool { return !c.tx.IsZero() },
		func(a, b candidate) int { return b.tx.Compare(a.tx) })
	left = protect(left, protectedBlocks, func(c candidate) bool { return !c.block.IsZero() },
		func(a, b candidate) int { return b.block.Compare(a.block) })
	left = protect(left, len(left)/2, func(candidate) bool { return true },
		func(a, b candidate) int { return a.connected.Compare(b.connected) })
	size := map[string]int{}
	for _, c := range left {
		size[c.group]++
	}
	if len(left) == 0 {
		return "", false
	}
	worst := slices.MaxFunc(left, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(size[a.group], size[b.group]), a.connected.Compare(b.connected))
	})
	return worst.id, true
}

// protect removes the first n in this order of those that deserve it.
func protect(left []candidate, n int, deserves func(candidate) bool, order func(a, b candidate) int) (rest []candidate) {
	slices.SortStableFunc(left, order)
	for _, c := range left {
		if n > 0 && deserves(c) {
			n--
		} else {
			rest = append(rest, c)
		}
	}
	return rest
}

// makeRoom reports whether there is a slot for a newly connected peer, if need be the slot of
// another, which is disconnected. The caller holds mu.
func (n *Net) makeRoom(p corepeer.ID) bool {
	if n.addrman.peers[p].manual() || !isInbound(n.swarm.ConnsToPeer(p)) {
		return true
	}
	var in []candidate
	for id, s := range n.sessions {
		conns := n.swarm.ConnsToPeer(id)
		if id == p || s.isEnding() || n.addrman.peers[id].manual() || !isInbound(conns) {
			continue
		}
		i := s.info()
		in = append(in, candidate{id: id, group: groupOf(conns[0].RemoteMultiaddr()),
			connected: i.Connected, latency: i.Latency, block: i.Block, tx: i.Tx})
	}
	if len(in) < n.cfg.MaxIn {
		return true
	}
	now := time.Now()
	maps.DeleteFunc(n.evicted, func(_ corepeer.ID, at time.Time) bool { return now.Sub(at) > evictedWait })
	worst, found := selectToEvict(in, n.seed)
	if _, again := n.evicted[p]; again || !found {
		return false
	}
	n.evicted[worst] = now
	n.log.Debug("evicting a peer for a newcomer", "peer", text(worst), "newcomer", text(p))
	n.sessions[worst].end(errors.New("evicted: it was the least useful of the inbound peers"))
	n.running.tasks.Go(func() { n.swarm.ClosePeer(worst) })
	return true
}

// isInbound reports whether a peer is connected and we did not dial it.
func isInbound(conns []network.Conn) bool {
	return len(conns) > 0 && !slices.ContainsFunc(conns, func(c network.Conn) bool { return !isDialedByPeer(c) })
}

func isDialedByPeer(c network.Conn) bool { return c.Stat().Direction != network.DirOutbound }
