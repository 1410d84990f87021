package server

import (
	"math"
	"slices"
	"sync"
	"time"

	"toychain/p2p"
	"toychain/peer"
	"toychain/rpc"
)

func faultMethods() []method {
	return []method{
		{name: "setclock", call: setClock, example: "7200",
			params: []param{need("offset", kindNumber, "seconds by which it is fast; negative: slow; 0: right again")},
			about: "Makes the node's clock go wrong, compared with the machine's. Its blocks carry that time, and a block from more than two " +
				"hours ahead of it is refused.",
			returns: `{"offset", "time"}`},
		{name: "setlink", call: setLink, example: `12D3KooWBhMbLvQUVQPEsfn4xEGWkvGZZ1qSBWBfBzR5VjF8pqgq '{"delay_ms": 200}'`,
			params: []param{need("peer", kindString, "the peer's id, or multiaddr with /p2p/"),
				need("link", kindObject, `{"delay_ms", "jitter_ms", "loss", "one_way", "bandwidth"}; {} makes the line perfect again`)},
			about: "Makes the line to a peer bad. What this node sends is delayed, or held back to so many bytes a second; " +
				"of the gossip that it hears a part gets lost (0 to 1); one_way makes it deaf to the peer.",
			returns: "the link"},
		{name: "setmining", call: setMining, example: exampleAddress + " 20000",
			params: []param{need("address", kindString, `whom to pay; "" stops the miner`),
				may("hashrate", kindNumber, "hashes per second at most; 0: no cap (default 0)")},
			about: "Starts or stops the background miner.", returns: "object, as getmininginfo"},
		{name: "setpartition", call: setPartition, example: `'["12D3KooWBhMbLvQUVQPEsfn4xEGWkvGZZ1qSBWBfBzR5VjF8pqgq"]'`,
			params: []param{need("peers", kindArray, "ids of the peers that this node may not talk to; [] heals"),
				may("apart", kindArray, "ids of more peers, which the network's shape has no line to: that is no partition (default [])")},
			about:   "Cuts the network: connections to these peers are closed and refused from now on, all others are allowed. Do it on both sides.",
			returns: "[id], of both kinds"},
		{name: "submitblocks", call: submitBlocks, example: `'["blockhex", "blockhex"]'`,
			params: []param{need("blocks", kindArray, "the blocks, each after its parent")},
			about:  "Hands in many blocks, which are written to the disk at once. The results are submitblock's.", returns: "[null or string]"},
	}
}

func setPartition(c *call) (any, *rpc.Error) {
	cut, err := c.peerIDs(0)
	if err != nil {
		return nil, err
	}
	var apart []peer.ID
	if c.has(1) {
		if apart, err = c.peerIDs(1); err != nil {
			return nil, err
		}
	}
	g := &c.server.gate
	g.Lock()
	defer g.Unlock()
	if err := c.node.Net().SetGate(slices.Concat(cut, apart)); err != nil {
		return nil, fail(rpc.CodeInvalidParam, "%s", oneLine(err))
	}
	all := slices.DeleteFunc(c.node.Net().Gate(), func(id peer.ID) bool { return !slices.Contains(cut, id) })
	c.server.metrics.gate(g.cut, all)
	g.cut = all
	return gateOf(c.node.Net()), nil
}

// peerIDs returns parameter i, ids of peers.
func (c *call) peerIDs(i int) ([]peer.ID, *rpc.Error) {
	texts, err := c.strings(i)
	out := make([]peer.ID, len(texts))
	for j, s := range texts {
		out[j] = peerOf(s)
	}
	return out, err
}

// gate is whom a partition cuts this node off from: of all whom it may not talk to, those
// that the network's shape keeps apart from it are left out.
type gate struct {
	sync.Mutex
	cut []peer.ID
}

func (g *gate) partitioned() int {
	g.Lock()
	defer g.Unlock()
	return len(g.cut)
}

func setLink(c *call) (any, *rpc.Error) {
	var l p2p.Link
	if err := c.object(1, &l); err != nil {
		return nil, err
	}
	if err := c.node.Net().SetLink(peerOf(c.str(0)), l); err != nil {
		return nil, fail(rpc.CodeInvalidParam, "%s", oneLine(err))
	}
	return l, nil
}

// maxOffset bounds what a clock may be told, in seconds: ten years.
const maxOffset = 10 * 365 * 24 * 60 * 60

func setClock(c *call) (any, *rpc.Error) {
	offset, err := number(c, 0, int64(0))
	if err != nil {
		return nil, err
	}
	if offset < -maxOffset || offset > maxOffset {
		return nil, fail(rpc.CodeInvalidParam, "offset must be within %d seconds", maxOffset)
	}
	if err := c.node.SetClock(c.ctx, time.Duration(offset)*time.Second); err != nil {
		return nil, trouble(err)
	}
	return rpc.Clock{Offset: offset, Time: c.node.Now().Unix()}, nil
}

func setMining(c *call) (any, *rpc.Error) {
	var script []byte
	if address := c.str(0); address != "" {
		var err *rpc.Error
		if script, err = c.payTo(address, "Error: Invalid address"); err != nil {
			return nil, err
		}
	}
	rate := 0.0
	if c.has(1) {
		var err error
		if rate, err = parseFloat(c.args[1]); err != nil || rate < 0 || math.IsInf(rate, 0) {
			return nil, fail(rpc.CodeInvalidParam, "hashrate must be a number, 0 or more")
		}
	}
	c.node.SetMining(script, rate)
	return c.miningInfo()
}
