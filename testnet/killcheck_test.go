//go:build unix

package testnet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/payer"
	"toychain/rpc"
	"toychain/store"
)

// This file checks what a killed node has kept.

// autopsy checks a copy of the dead node's directory, before the node itself or a peer can
// repair anything: it opens, has every block that the node had reported and at least as much
// work, and is consistent, replayed from genesis.
func (s *storm) autopsy(round int, name string) {
	s.Helper()
	params := s.net.Params()
	dir := filepath.Join(s.TempDir(), "chain")
	s.check(os.CopyFS(dir, os.DirFS(filepath.Join(s.net.node(name).Datadir, params.Name, "chain"))))
	db, err := store.Open(dir, params)
	if err != nil {
		s.fail(round, name, "its folder: %v", err)
	}
	defer func() { s.check(db.Close()); s.check(os.RemoveAll(dir)) }()
	tree, err := db.Tree(chain.NewVerifier(consensus.P2PKH{}), 0)
	if err != nil {
		s.fail(round, name, "its tree: %v", err)
	}
	t := s.told[name]
	if tip := tree.Tip(); tip.Work.Cmp(t.work) < 0 {
		s.fail(round, name, "it had told of %s work, and has %s at height %d", t.work, tip.Work, tip.Height)
	}
	for hash, body := range t.tips {
		if _, known := tree.Info(hash); !known {
			s.fail(round, name, "it had told of block %s, and does not know it", hash)
		}
		if _, err := db.Block(hash); body && err != nil {
			s.fail(round, name, "it had told of block %s: %v", hash, err)
		}
	}
	if findings, err := db.Verify(chain.NewVerifier(consensus.P2PKH{}), 0, nil); err != nil || findings != nil {
		s.fail(round, name, "%v, %v", findings, err)
	}
	var history []*block.Block
	for hash := tree.Tip().Hash; ; hash = history[len(history)-1].Header.Prev {
		b, err := db.Block(hash)
		if err != nil {
			s.fail(round, name, "%v", err)
		}
		history = append(history, b)
		if hash == params.Genesis.Hash() {
			break
		}
	}
	slices.Reverse(history)
	stats, err := db.CoinStats()
	if want := replay(history); err != nil || stats.Hash != want {
		s.fail(round, name, "its coins hash to %s, those of its %d blocks to %s: %v", stats.Hash, len(history), want, err)
	}
}

// revived checks a node that was killed and started again, by RPC alone.
func (s *storm) revived(round int, name string) {
	s.Helper()
	c, t := s.client(name), s.told[name]
	journal, err := c.Reorgs(s.bounded(), 0)
	if err != nil || len(journal) < len(t.journal) {
		s.fail(round, name, "its journal had %d entries and has %d: %v", len(t.journal), len(journal), err)
	}
	for i, was := range t.journal {
		is := journal[i]
		was.Since, is.Since = nil, nil // these follow from the present chain, not from the journal
		if !reflect.DeepEqual(is, was) {
			s.fail(round, name, "entry %d of its journal was\n%+v\nand is\n%+v", i, was, is)
		}
	}
	tree, err := c.Tree(s.bounded(), 0)
	s.check(err)
	known := map[block.Hash]bool{}
	for _, b := range tree.Blocks {
		known[b.Hash] = b.Txs > 0
	}
	for hash, body := range t.tips {
		if has, there := known[hash]; !there || body && !has {
			s.fail(round, name, "it had told of block %s, and its tree lacks it", hash)
		}
	}
	stats := s.coins(name)
	if want := replay(s.history(c, stats.BestBlock)); stats.HashSerialized != want {
		s.fail(round, name, "at height %d its coins hash to %s, those of its blocks to %s", stats.Height, stats.HashSerialized, want)
	}
}

// coins returns the statistics of the coin set, without what depends on the disk.
func (s *storm) coins(name string) rpc.CoinStats {
	s.Helper()
	stats, err := rpc.GetTxOutSetInfo.Call(s.bounded(), s.client(name), rpc.GetTxOutSetInfoArgs{})
	s.check(err)
	stats.DiskSize = 0
	return stats
}

// history reads the blocks from genesis to tip from a node. Blocks that were read before are
// taken from memory: a hash stands for the whole block.
func (s *storm) history(c *rpc.Client, tip block.Hash) (out []*block.Block) {
	s.Helper()
	for genesis := s.net.Params().Genesis.Hash(); ; tip = out[len(out)-1].Header.Prev {
		if s.blocks[tip] == nil {
			b, err := c.RawBlock(s.bounded(), tip)
			s.check(err)
			root, mutated := block.MerkleRoot(b.TxIDs())
			if b.Hash() != tip || root != b.Header.MerkleRoot || mutated {
				s.Fatalf("asked for block %s, got %s", tip, b.Hash())
			}
			s.blocks[tip] = b
		}
		out = append(out, s.blocks[tip])
		if tip == genesis {
			slices.Reverse(out)
			return out
		}
	}
}

// replay computes the coins of a history in the simplest way, a map and two loops, and returns
// their hash as Bitcoin Core's gettxoutsetinfo does (hash_serialized_3). The genesis block's
// output is no coin.
func replay(history []*block.Block) block.Hash {
	type coin struct {
		block.Output
		code uint32
	}
	coins := map[block.Outpoint]coin{}
	for height, b := range history[1:] {
		for i, tx := range b.Txs {
			code := 2 * uint32(height+1)
			if i == 0 {
				code++
			} else {
				for _, in := range tx.Inputs {
					delete(coins, in.Prev)
				}
			}
			id := tx.ID()
			for n, out := range tx.Outputs {
				if len(out.Script) == 0 || out.Script[0] != 0x6a {
					coins[block.Outpoint{TxID: id, Index: uint32(n)}] = coin{out, code}
				}
			}
		}
	}
	le := binary.LittleEndian
	var long []byte
	for _, o := range slices.SortedFunc(maps.Keys(coins), func(a, b block.Outpoint) int {
		if c := bytes.Compare(a.TxID[:], b.TxID[:]); c != 0 {
			return c
		}
		return int(a.Index) - int(b.Index)
	}) {
		c := coins[o]
		long = le.AppendUint32(append(long, o.TxID[:]...), o.Index)
		long = le.AppendUint64(le.AppendUint32(long, c.code), uint64(c.Value))
		long = append(append(long, byte(len(c.Script))), c.Script...) // all scripts here are short
	}
	once := sha256.Sum256(long)
	return sha256.Sum256(once[:])
}

// load has all nodes mine and pay, and records what they report, until calm is called. The
// miners go on until converge.
func (s *storm) load() (calm func()) {
	ctx, cancel := context.WithCancel(s.ctx)
	var group sync.WaitGroup
	clients := map[string]*rpc.Client{}
	for _, name := range s.net.Names() {
		c := s.client(name)
		clients[name] = c
		_, err := c.SetMining(s.bounded(), s.burn, stormRate)
		s.check(err)
		group.Go(func() { s.listen(ctx, c, s.told[name]) })
	}
	names, r := s.net.Names(), rand.New(rand.NewPCG(s.rand.Uint64(), 1))
	group.Go(func() {
		_ = Poll(ctx, func() (bool, error) {
			order := payer.To(s.own, block.Coin*block.Amount(1+r.IntN(20)))
			if _, err := s.purse.With(clients[names[r.IntN(len(names))]]).Pay(s.bounded(), s.keys, order); err == nil {
				s.paid++ // a dead node accepts none, and some spend coins that another branch lacks
			}
			return false, nil
		})
	})
	return func() {
		cancel()
		group.Wait()
	}
}

// listen calls a node repeatedly for its tips, journal and work, until it is dead.
func (s *storm) listen(ctx context.Context, c *rpc.Client, t *told) {
	_ = Poll(ctx, func() (bool, error) {
		tips, err := rpc.GetChainTips.Call(ctx, c, rpc.None{})
		if err != nil {
			return ctx.Err() != nil, nil
		}
		journal, err := c.Reorgs(ctx, 0)
		if err != nil {
			return ctx.Err() != nil, nil
		}
		// The last call: if it is not catching up now, all of the above is on disk.
		info, err := c.BlockchainInfo(ctx)
		if err == nil && !info.InitialBlockDownload {
			t.note(tips, journal, info)
		}
		return false, nil
	})
}

func (t *told) note(tips []rpc.Tip, journal []rpc.Reorg, info rpc.BlockchainInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, tip := range tips {
		t.tips[tip.Hash] = t.tips[tip.Hash] || tip.Status != "headers-only" && tip.Status != "invalid"
	}
	t.tips[info.BestBlockHash] = true
	t.journal, t.work = journal, info.ChainWork
	t.looks++
}
