package explorer

import (
	"context"
	"maps"
	"time"

	"toychain/block"
	"toychain/rpc"
)

// Facts are a node's figures at one moment. They are shown as they are now, and not recorded.
type Facts struct {
	TimeMS     int64        `json:"time_ms"`
	Peers      []string     `json:"peers"`    // the names of connected nodes, or the IDs of others
	Hashrate   float64      `json:"hashrate"` // hashes a second
	Mining     bool         `json:"mining"`
	Difficulty float64      `json:"difficulty"`
	Mempool    int          `json:"mempool"` // transactions
	Bytes      int          `json:"bytes"`   // of these
	Fees       block.Amount `json:"fees"`    // of these
	Memory     int64        `json:"memory"`  // bytes of the mempool
}

// factsEvery is how often figures are read.
const factsEvery = time.Second

// watchFacts reads the nodes' figures until ctx ends.
func (l *Live) watchFacts(ctx context.Context) {
	tick := time.NewTicker(factsEvery)
	defer tick.Stop()
	ids := make(map[string]string) // names of nodes by peer ID
	for ctx.Err() == nil {
		all, err := l.net.Nodes(ctx)
		if err == nil {
			next := make(map[string]Facts)
			for _, e := range all[:min(len(all), maxNodes)] {
				if e.Client == nil || e.State != "up" {
					continue
				}
				if f, err := readFacts(ctx, e, ids); err == nil {
					next[e.Name] = f
				}
			}
			l.mu.Lock()
			l.facts = next
			l.mu.Unlock()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// Facts returns the last figures of the nodes that answered.
func (l *Live) Facts() map[string]Facts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.facts)
}

// readFacts asks one node, in one message.
func readFacts(ctx context.Context, e Endpoint, ids map[string]string) (f Facts, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var (
		info   rpc.NetworkInfo
		pool   rpc.MempoolInfo
		mining rpc.MiningInfo
		peers  []rpc.Peer
	)
	asks := []rpc.Ask{rpc.GetNetworkInfo.Ask(rpc.None{}, &info), rpc.GetMempoolInfo.Ask(rpc.None{}, &pool),
		rpc.GetMiningInfo.Ask(rpc.None{}, &mining), rpc.GetPeerInfo.Ask(rpc.None{}, &peers)}
	if err := e.Client.Batch(ctx, asks); err != nil {
		return f, err
	}
	for _, a := range asks {
		if a.Err != nil {
			return f, a.Err
		}
	}
	ids[info.PeerID] = e.Name
	f = Facts{TimeMS: time.Now().UnixMilli(), Peers: []string{}, Hashrate: float64(mining.Hashrate), Mining: mining.Mining,
		Difficulty: float64(mining.Difficulty), Mempool: pool.Size, Bytes: pool.Bytes, Fees: pool.TotalFee, Memory: int64(pool.Usage)}
	for _, p := range peers {
		name := ids[p.PeerID]
		if name == "" {
			name = p.PeerID
		}
		f.Peers = append(f.Peers, name)
	}
	return f, nil
}
