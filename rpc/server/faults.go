package server

import (
	"slices"
	"sync"
	"time"

	"toychain/peer"
	"toychain/rpc"
)

func setPartition(c *call, a rpc.SetPartitionArgs) ([]string, *rpc.Error) {
	cut := peersOf(a.Peers)
	g := &c.server.partition
	g.Lock()
	defer g.Unlock()
	if err := c.node.Net().SetGate(append(peersOf(a.NotAdjacent), cut...)); err != nil {
		return nil, fail(rpc.CodeInvalidParam, "%s", oneLine(err))
	}
	all := slices.DeleteFunc(c.node.Net().Gate(), func(id peer.ID) bool { return !slices.Contains(cut, id) })
	c.server.metrics.partitionChanged(g.cut, all)
	g.cut = all
	return blockedPeers(c.node.Net()), nil
}

func peersOf(texts []string) []peer.ID {
	out := make([]peer.ID, len(texts))
	for i, s := range texts {
		out[i] = peerOf(s)
	}
	return out
}

// gate is whom a partition cuts this node off from: of all whom it may not talk to, those
// that the network's shape keeps apart from it are left out.
type partition struct {
	sync.Mutex
	cut []peer.ID
}

func (g *partition) partitioned() int {
	g.Lock()
	defer g.Unlock()
	return len(g.cut)
}

func setLink(c *call, a rpc.SetLinkArgs) (peer.Link, *rpc.Error) {
	if err := c.node.Net().SetLink(peerOf(a.Peer), a.Link); err != nil {
		return peer.Link{}, fail(rpc.CodeInvalidParam, "%s", oneLine(err))
	}
	return a.Link, nil
}

// maxOffset bounds what a clock may be told, in seconds: ten years.
const maxOffset = 10 * 365 * 24 * 60 * 60

func setClock(c *call, a rpc.SetClockArgs) (rpc.Clock, *rpc.Error) {
	if a.Offset < -maxOffset || a.Offset > maxOffset {
		return rpc.Clock{}, fail(rpc.CodeInvalidParam, "offset must be within %d seconds", maxOffset)
	}
	if err := c.node.SetClock(c.ctx, time.Duration(a.Offset)*time.Second); err != nil {
		return rpc.Clock{}, internalError(err)
	}
	return rpc.Clock{Offset: a.Offset, Time: c.node.Now().Unix()}, nil
}
