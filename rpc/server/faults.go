package server

import (
	"time"

	"toychain/peer"
	"toychain/rpc"
)

func setPartition(c *call, a rpc.SetPartitionArgs) ([]string, *rpc.Error) {
	if err := c.node.Net().SetBlocklist(peersOf(a.Peers)); err != nil {
		return nil, fail(rpc.CodeInvalidParam, "%s", oneLine(err))
	}
	return blockedPeers(c.node.Net()), nil
}

func peersOf(texts []string) []peer.ID {
	out := make([]peer.ID, len(texts))
	for i, s := range texts {
		out[i] = peerOf(s)
	}
	return out
}

func setLink(c *call, a rpc.SetLinkArgs) (peer.Link, *rpc.Error) {
	if err := c.node.Net().SetLink(peerOf(a.Peer), a.Link); err != nil {
		return peer.Link{}, fail(rpc.CodeInvalidParam, "%s", oneLine(err))
	}
	return a.Link, nil
}

// maxOffset is the most seconds that a clock may be wrong: ten years.
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
