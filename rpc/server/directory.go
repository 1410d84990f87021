package server

import (
	"errors"
	"path/filepath"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/rpc"
	"toychain/rpc/answer"
	"toychain/store"
)

// ReadDirectory returns what getblocktree and getreorgs would answer if a node ran in
// this directory, the one in the data directory that has the network's name. It only
// reads: blocks that a killed node had stored and not yet connected are connected in
// memory.
// The error is store.ErrInUse if a node does run, fs.ErrNotExist if none ever did.
func ReadDirectory(dir string, p *consensus.Params) (t rpc.Tree, journal []rpc.Reorg, err error) {
	d, err := OpenDirectory(dir, p)
	if err != nil {
		return rpc.Tree{}, nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if t, err = answer.Tree(d.tree); err != nil {
		return rpc.Tree{}, nil, err
	}
	stored, err := d.db.Reorgs(0)
	if err != nil {
		return rpc.Tree{}, nil, err
	}
	if d.change.Reorg != nil { // not in the journal yet
		stored = append(stored, *d.change.Reorg)
	}
	journal, err = showJournal(d.db, stored, func(h block.Hash) (chain.Info, error) {
		info, _ := d.tree.Info(h)
		return info, nil
	})
	return t, journal, err
}

// Directory is the chain of a node that does not run, open for reading.
type Directory struct {
	db     *store.DB
	tree   *chain.Tree
	change chain.Change // of connecting what was stored
}

// OpenDirectory opens the directory that ReadDirectory reads. It is in use until Close.
func OpenDirectory(dir string, p *consensus.Params) (*Directory, error) {
	db, err := store.OpenReadOnly(filepath.Join(dir, "chain"), p)
	if err != nil {
		return nil, err
	}
	d := &Directory{db: db}
	entries, tip, err := db.Load()
	if err == nil {
		d.tree, err = chain.NewTree(p, chain.NewVerifier(consensus.P2PKH{}), db, entries, tip)
	}
	if err == nil {
		d.change, err = d.tree.ConnectStored(time.Now())
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

// Close closes the directory.
func (d *Directory) Close() error { return d.db.Close() }

// Outline returns what rpc.Client.Outline of the node would.
func (d *Directory) Outline(from block.Height, heights []block.Height) (rpc.Tree, error) {
	tip := d.tree.Tip()
	out := rpc.Tree{Tip: tip.Hash, Height: tip.Height, Blocks: []rpc.TreeBlock{}}
	var all []chain.Outlined
	all, out.From = d.tree.Outline(from, heights)
	for i := range all {
		b, err := answer.BlockWithText(d.tree, &all[i].Info)
		if err != nil {
			return rpc.Tree{}, err
		}
		fold(&b, all[i].Under)
		out.Blocks = append(out.Blocks, b)
	}
	return out, nil
}
