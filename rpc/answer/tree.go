package answer

import (
	"cmp"
	"slices"
	"toychain/chain"
	"toychain/rpc"
)

// ByArrival orders blocks by the arrival of their headers.
func ByArrival(a, b chain.Info) int {
	return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.State.Height, b.State.Height), slices.Compare(a.Hash[:], b.Hash[:]))
}

// Tree returns all blocks of a tree, in the order in which they arrived.
func Tree(tree *chain.Tree) (rpc.Tree, error) {
	tip := tree.Tip()
	out := rpc.Tree{Tip: tip.Hash, Height: tip.Height, Blocks: []rpc.TreeBlock{}}
	var infos []chain.Info
	for _, e := range tree.Entries() {
		if info, ok := tree.Info(e.Header.Hash()); ok {
			infos = append(infos, info)
		}
	}
	slices.SortFunc(infos, ByArrival)
	for i := range infos {
		shown, err := BlockWithText(tree, &infos[i])
		if err != nil {
			return rpc.Tree{}, err
		}
		out.Blocks = append(out.Blocks, shown)
	}
	return out, nil
}

// BlockWithText returns what the tree knows about a block and, if it has the body, what the miner
// wrote there.
func BlockWithText(tree *chain.Tree, i *chain.Info) (rpc.TreeBlock, error) {
	shown := Block(i)
	if i.Status&chain.HasBody == 0 {
		return shown, nil
	}
	b, err := tree.Block(i.Hash)
	if err != nil {
		return shown, err
	}
	f := CoinbaseOf(b, tree.Params())
	shown.Message, shown.Address = f.Message, f.Address
	return shown, nil
}

// Block returns what the tree knows about a block.
func Block(i *chain.Info) rpc.TreeBlock {
	h := &i.State.Header
	out := rpc.TreeBlock{Hash: i.Hash, Prev: h.Prev, Height: i.State.Height, Time: h.Time, ReceivedMS: i.Received.UnixMilli(), Order: i.Seq,
		Bits: Bits(h.Bits), Difficulty: Difficulty(h.Bits), ChainWork: i.Work, Txs: i.Txs, Size: i.Size, Status: Status(i)}
	if !i.Complete.IsZero() {
		out.CompleteMS = i.Complete.UnixMilli()
	}
	return out
}

// Status returns the status of a block, with the names of getchaintips.
func Status(i *chain.Info) string {
	switch {
	case i.Active:
		return "active"
	case i.Status.Invalid():
		return "invalid"
	case i.Seq == 0:
		return "headers-only"
	case i.Status&chain.Connected != 0:
		return "valid-fork"
	}
	return "valid-headers"
}
