package server

import (
	"time"

	"toychain/peer"
	"toychain/rpc"
)

func setPartition(c *call, a rpc.SetPartitionArgs) ([]string, error) {
	peers := make([]peer.ID, len(a.Peers))
	for i, s := range a.Peers {
		peers[i] = peerOf(s)
	}
	if err := c.node.Net().SetBlocklist(peers); err != nil {
		return nil, fail(rpc.CodeInvalidParam, "%s", oneLine(err))
	}
	return blockedPeers(c.node.Net()), nil
}

func setLink(c *call, a rpc.SetLinkArgs) (peer.Link, error) {
	if err := c.node.Net().SetLink(peerOf(a.Peer), a.Link); err != nil {
		return peer.Link{}, fail(rpc.CodeInvalidParam, "%s", oneLine(err))
	}
	return a.Link, nil
}

// maxOffset is the most seconds that a clock may be wrong: ten years.
const maxOffset = 10 * 365 * 24 * 60 * 60

func setClock(c *call, a rpc.SetClockArgs) (rpc.Clock, error) {
	if a.Offset < -maxOffset || a.Offset > maxOffset {
		return rpc.Clock{}, fail(rpc.CodeInvalidParam, "offset must be within %d seconds", maxOffset)
	}
	err := c.node.SetClock(c.ctx, time.Duration(a.Offset)*time.Second)
	return rpc.Clock{Offset: a.Offset, Time: c.node.Now().Unix()}, err
}
