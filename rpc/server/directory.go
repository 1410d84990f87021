package server

import (
	"errors"
	"path/filepath"
	"slices"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/node"
	"toychain/rpc"
	"toychain/store"
)

// ReadDirectory returns what getblocktree and getreorgs would answer if a node ran in
// this directory, the one in the data directory that has the network's name. It only
// reads: blocks that a killed node had written beside its store (package node, Note)
// are added to the tree in memory, as far as they can be.
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
	noted := make(map[block.Hash][]store.TxPlace)
	damage, err := node.ReadNotes(dir, func(came time.Time, b *block.Block) (damage, trouble error) {
		_, damage = tree.AddBlock(b, came)
		for i, tx := range b.Txs {
			noted[tx.ID()] = append(noted[tx.ID()], store.TxPlace{Block: b.Hash(), Index: i})
		}
		return damage, nil
	})
	_ = damage // the next start reports it, and keeps the file
	if err != nil {
		return rpc.Tree{}, nil, err
	}
	if t, err = readTree(tree, p); err != nil {
		return rpc.Tree{}, nil, err
	}
	journal, err = readJournal(db, tree, noted)
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

// readJournal reads the journal; noted has the places of transactions that the store
// does not know yet.
func readJournal(db *store.DB, tree *chain.Tree, noted map[block.Hash][]store.TxPlace) ([]rpc.Reorg, error) {
	journal, err := db.Reorgs(0)
	if err != nil {
		return nil, err
	}
	placesOf := func(id block.Hash) ([]store.TxPlace, error) {
		places, err := db.TxPlaces(id)
		return append(places, noted[id]...), err
	}
	out := make([]rpc.Reorg, len(journal))
	for i := range journal {
		if out[i], err = showReorg(db, &journal[i]); err != nil {
			return nil, err
		}
		out[i].Since, err = confirmedSince(placesOf, out[i].Returned, func(h block.Hash) (chain.Info, error) {
			info, _ := tree.Info(h)
			return info, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
