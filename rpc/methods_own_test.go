package rpc

import (
	"slices"

	"toychain/block"
	"toychain/internal/chaingen"
)

var ownTests = map[string]func(*scene){
	"getblocktree": func(s *scene) {
		side := s.branch(4).Mine("side")
		s.submit(side.Block)
		late := s.branch(6).Mine("late")
		s.must("submitheader", blockHex(late.Block)[:160])
		tree, err := s.Tree(s.ctx, 0)
		if err != nil || len(tree.Blocks) != 9 {
			s.t.Fatalf("%d blocks, %v, want 9", len(tree.Blocks), err)
		}
		is(s, "tip", tree.Tip, s.tip())
		is(s, "height", tree.Height, 6)
		at := make(map[block.Hash]TreeBlock)
		for i, b := range tree.Blocks {
			at[b.Hash] = b
			if i > 0 && b.ReceivedMS < tree.Blocks[i-1].ReceivedMS {
				s.t.Errorf("block %d came before block %d", i, i-1)
			}
		}
		own := at[s.blocks[6]]
		is(s, "prev", own.Prev, s.blocks[5])
		is(s, "status", own.Status, "active")
		is(s, "message", own.Message, "n1")
		is(s, "address", own.Address, s.address(chaingen.Miner))
		is(s, "txs", own.Txs, 3)
		is(s, "side", at[side.Hash].Status, "valid-headers")
		is(s, "side's message", at[side.Hash].Message, "side")
		is(s, "late", at[late.Hash].Status, "headers-only")
		is(s, "genesis", tree.Blocks[0].Message, "The Times 03/Jan/2009 Chancellor on brink of second bailout for banks")
		again := get[Tree](s.world, "getblocktree")
		is(s, "the same again", slices.Equal(again.Blocks, tree.Blocks), true)
		top := get[Tree](s.world, "getblocktree", 6)
		is(s, "from height 6", len(top.Blocks), 2)
		is(s, "from height 99", len(get[Tree](s.world, "getblocktree", 99).Blocks), 0)
		s.must("invalidateblock", s.tip())
		is(s, "invalid", get[Tree](s.world, "getblocktree", 6).Blocks[0].Status, "invalid")
	},
	// The payments of block 6 meet another branch:
	//
	//	5 ── 6: toAlice, toBob
	//	└── 6': toBob, miner ──► miner (the coin that toAlice spends) ── 7'
	"getreorgs": func(s *scene) {
		is(s, "none yet", string(s.must("getreorgs")), "[]")
		moved := pay(chaingen.Miner, s.coin(s.blocks[3], 0), alice)
		s.send(moved)
		s.blocks = append(s.blocks, s.mine(1, chaingen.Miner)...) // 7: parent, child, moved
		steal := pay(chaingen.Miner, s.coin(s.blocks[1], 0), chaingen.Miner)
		rival := s.branch(5).Mine("r6", s.toBob, steal).Mine("r7").Mine("r8")
		is(s, "6'", s.submit(rival.Parent.Parent.Block), "inconclusive")
		is(s, "7'", s.submit(rival.Parent.Block), "inconclusive")
		is(s, "8'", s.submit(rival.Block), "")
		all, err := s.Reorgs(s.ctx, 0)
		if err != nil || len(all) != 1 {
			s.t.Fatalf("%v, %v", all, err)
		}
		r := all[0]
		is(s, "depth", r.Depth, 2)
		is(s, "from", r.From, BlockRef{s.tip(), 7})
		is(s, "to", r.To, BlockRef{rival.Hash, 8})
		is(s, "fork", r.Fork, BlockRef{s.blocks[5], 5})
		is(s, "left", slices.Equal(r.Left, []BlockRef{{s.blocks[6], 6}, {s.blocks[7], 7}}), true)
		is(s, "joined", len(r.Joined) == 3 && r.Joined[2].Hash == rival.Hash, true)
		is(s, "returned", slices.Equal(r.Returned, []block.Hash{moved.ID()}), true)
		is(s, "reconfirmed", slices.Equal(r.Reconfirmed, []Reconfirmed{{s.toBob.ID(), rival.Parent.Parent.Hash}}), true)
		is(s, "conflicted", slices.Equal(r.Conflicted, []Conflicted{
			{s.toAlice.ID(), steal.ID().String()}, {s.parent.ID(), ""}, {s.child.ID(), ""}}), true)
		is(s, "back in the pool", slices.Equal(get[[]block.Hash](s.world, "getrawmempool"), []block.Hash{moved.ID()}), true)
		is(s, "its block is dead", *get[Tx](s.world, "getrawtransaction", s.toAlice.ID(), 1).Confirmations, 0)
		s.must("preciousblock", s.tip()) // not enough work: nothing moves
		is(s, "still one", len(get[[]Reorg](s.world, "getreorgs", 5)), 1)
		s.refused(CodeInvalidParam, "limit", "getreorgs", -1)
	},
	"getaddressutxos": func(s *scene) {
		coins, err := s.AddressUTXOs(s.ctx, s.address(chaingen.Miner), false)
		if err != nil || len(coins) != 4 {
			s.t.Fatalf("%v, %v, want the coinbases of blocks 3 to 6", coins, err)
		}
		for _, c := range coins {
			is(s, "coinbase", c.Coinbase, true)
			is(s, "confirmations", c.Confirmations, 7-int(c.Height))
			is(s, "mature", c.Mature, c.Height <= 4) // may be spent in block 7, three later
		}
		spent := get[[]UTXO](s.world, "getaddressutxos", s.address(alice))
		is(s, "alice's coin is being spent", len(spent) == 1 && spent[0].PendingSpentBy == s.parent.ID().String(), true)
		is(s, "amount", spent[0].Amount, 50*block.Coin-fee)
		all := get[[]UTXO](s.world, "getaddressutxos", s.address(bob), true)
		is(s, "bob's", len(all), 2)
		is(s, "pending", all[1].Height == -1 && all[1].PendingSpentBy == s.child.ID().String() && all[1].Confirmations == 0, true)
		is(s, "nobody's", string(s.must("getaddressutxos", s.address(chaingen.NewKey("nobody")), true)), "[]")
		s.refused(CodeInvalidAddress, "Invalid address", "getaddressutxos", "x")
	},
	"getaddresshistory": func(s *scene) {
		rows, err := s.AddressHistory(s.ctx, s.address(alice))
		if err != nil || len(rows) != 2 {
			s.t.Fatalf("%v, %v", rows, err)
		}
		header := get[Header](s.world, "getblockheader", s.tip())
		is(s, "received", rows[0], HistoryRow{s.toAlice.ID(), 6, s.tip(), int64(header.Time), 50*block.Coin - fee, 0, 50*block.Coin - fee})
		is(s, "sent", rows[1].Sent, 50*block.Coin-fee)
		is(s, "net", rows[1].Net, -(50*block.Coin - fee))
		is(s, "pending", rows[1].Height, -1)
		bobs := get[[]HistoryRow](s.world, "getaddresshistory", s.address(bob))
		is(s, "bob's", len(bobs), 3)
		is(s, "what he got and gave in the pool", bobs[2].Sent, 50*block.Coin-2*fee)
		s.refused(CodeInvalidAddress, "Invalid address", "getaddresshistory", "x")
	},
	"setmining": func(s *scene) {
		info, err := s.SetMining(s.ctx, s.address(bob), 5000)
		if err != nil {
			s.t.Fatal(err)
		}
		is(s, "on", info.Mining && info.Address == s.address(bob) && info.HashrateCap == 5000, true)
		if _, err := s.WaitForHeight(s.ctx, 8); err != nil {
			s.t.Error(err)
		}
		info, err = s.SetMining(s.ctx, "", 0)
		is(s, "off", err == nil && !info.Mining && info.Address == "" && info.Found >= 8, true)
		s.refused(CodeInvalidAddress, "Error: Invalid address", "setmining", "x")
		s.refused(CodeInvalidParam, "hashrate must be a number", "setmining", s.address(bob), -1)
	},
	"setlink": func(s *scene) {
		l := Link{DelayMS: 5, JitterMS: 1, Loss: 0.5, Bandwidth: 1000}
		if err := s.SetLink(s.ctx, stranger, l); err != nil {
			s.t.Error(err)
		}
		is(s, "result", get[Link](s.world, "setlink", "/ip4/127.0.0.1/tcp/1/p2p/"+stranger, map[string]any{"one_way": true}), Link{OneWay: true})
		s.refused(CodeInvalidParam, "is not between 0 and 1", "setlink", stranger, Link{Loss: 2})
		s.refused(CodeInvalidParam, "3600000 ms at most", "setlink", stranger, Link{DelayMS: 1 << 60})
		s.refused(CodeInvalidParam, `unknown field "dely_ms"`, "setlink", stranger, map[string]any{"dely_ms": 1})
		s.refused(CodeInvalidParam, "peer id", "setlink", "x", Link{})
	},
	"setpartition": func(s *scene) {
		set, err := s.SetPartition(s.ctx, []string{stranger})
		is(s, "set", err == nil && slices.Equal(set, []string{stranger}), true)
		is(s, "shown", slices.Equal(get[NetworkInfo](s.world, "getnetworkinfo").Partition, set), true)
		s.refused(CodeInvalidParam, "peer id", "setpartition", []string{"x"})
		s.refused(CodeType, "not of expected type string", "setpartition", []int{1})
		is(s, "kept after a mistake", slices.Equal(get[NetworkInfo](s.world, "getnetworkinfo").Partition, set), true)
		set, err = s.SetPartition(s.ctx, nil)
		is(s, "healed", err == nil && len(set) == 0, true)
	},
}
