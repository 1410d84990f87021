package server

import (
	"errors"
	"path/filepath"
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/rpc"
	"toychain/store"
)

// ReadDirectory returns what getblocktree and getreorgs would answer if a node ran in
// this directory, the one in the data directory that has the network's name. It only
// reads: blocks that a killed node had stored and not yet connected are connected in
// memory.
// The error is store.ErrInUse if a node does run, fs.ErrNotExist if none ever did.
func ReadDirectory(dir string, p *consensus.Params) (t rpc.Tree, journal []rpc.Reorg, err error) {
	db, err := store.OpenReadOnly(filepath.Join(dir, "chain"), p)
	if err != nil {
		return rpc.Tree{}, nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	entries, tip, err := db.Load()
	if err != nil {
		return rpc.Tree{}, nil, err
	}
	tree, err := chain.NewTree(p, chain.NewVerifier(consensus.P2PKH{}), db, entries, tip)
	if err != nil {
		return rpc.Tree{}, nil, err
	}
	change, err := tree.ConnectStored(time.Now())
	if err != nil {
		return rpc.Tree{}, nil, err
	}
	if t, err = readTree(tree, p); err != nil {
		return rpc.Tree{}, nil, err
	}
	stored, err := db.Reorgs(0)
	if err != nil {
		return rpc.Tree{}, nil, err
	}
	if change.Reorg != nil { // not in the journal yet
		stored = append(stored, *change.Reorg)
	}
	journal, err = showJournal(db, stored, func(h block.Hash) (chain.Info, error) {
		info, _ := tree.Info(h)
		return info, nil
	})
	return t, journal, err
}

func readTree(tree *chain.Tree, p *consensus.Params) (rpc.Tree, error) {
	tip := tree.Tip()
	out := rpc.Tree{Tip: tip.Hash, Height: tip.Height, Blocks: []rpc.TreeBlock{}}
	var infos []chain.Info
	for _, e := range tree.Entries() {
		if info, ok := tree.Info(e.Header.Hash()); ok {
			infos = append(infos, info)
		}
	}
	slices.SortFunc(infos, byArrival)
	for i := range infos {
		shown := showBlock(&infos[i])
		if infos[i].Status&chain.HasBody != 0 {
			b, err := tree.Block(infos[i].Hash)
			if err != nil {
				return rpc.Tree{}, err
			}
			f := coinbaseTextOf(b, p)
			shown.Message, shown.Address = f.message, f.address
		}
		out.Blocks = append(out.Blocks, shown)
	}
	return out, nil
}
