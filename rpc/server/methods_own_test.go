package server

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/p2p"
	"toychain/peer"
	"toychain/rpc"
)

// folded demands that the folded tree is a part of the whole one, and that what changes comes
// after its sequence number.
func (s *scene) folded(whole rpc.Tree) {
	s.t.Helper()
	one, err := s.Outline(s.ctx, 0, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	at := make(map[block.Hash]rpc.TreeBlock)
	for _, b := range whole.Blocks {
		at[b.Hash] = b
	}
	rows := map[block.Height]int{}
	for _, b := range one.Blocks {
		rows[b.Height]++
		folded, under := b.Folded, b.Under
		if b.Folded, b.Under = 0, (block.Hash{}); b != at[b.Hash] {
			s.t.Errorf("block %d is %+v, want %+v", b.Height, b, at[b.Hash])
		}
		if b.Height == 2 && (folded != 1 || under != s.blocks[0]) {
			s.t.Errorf("before block 2 %d blocks are left out, above %s", folded, under)
		}
	}
	is(s, "rows", fmt.Sprint(rows), "map[0:1 2:1 3:1 4:1 5:2 6:1 7:1]")
	more, err := s.Outline(s.ctx, 0, []block.Height{1})
	is(s, "with height 1", len(more.Blocks), len(whole.Blocks))
	is(s, "from height 6", len(get[rpc.Tree](s.world, "getblocktree", 6, true).Blocks), 2)
	none, err2 := s.TreeSince(s.ctx, one.Seq)
	is(s, "changes at once", fmt.Sprint(none.Changes, len(none.Blocks), none.Seq-one.Seq, err, err2), "true 0 0 <nil> <nil>")
	s.submit(s.branch(2).Mine("news").Block)
	news, err := s.TreeSince(s.ctx, one.Seq)
	if err != nil || !news.Changes || len(news.Blocks) != 1 || news.Blocks[0].Message != "news" {
		s.t.Errorf("the news are %+v, %v", news, err)
	}
	old, err := s.TreeSince(s.ctx, 1)
	is(s, "changes since an earlier run", fmt.Sprint(old.Changes, len(old.Blocks), err), "false 10 <nil>")
	s.refused(rpc.CodeInvalidParam, "heights from 2 to 1: want 0 or more, and the lower one first", "getblocktree", 0, true, []int{2, 1})
	s.refused(rpc.CodeInvalidParam, "heights from -1 to 1: want 0 or more, and the lower one first", "getblocktree", 0, true, []int{-1, 1})
	s.refused(rpc.CodeInvalidParam, "more than 200000 heights: want fewer, or the whole tree", "getblocktree", 0, true, []int{0, 900_000})
	s.refused(rpc.CodeInvalidParam, "heights: want pairs, each from and to", "getblocktree", 0, true, []int{1})
	s.refused(rpc.CodeInvalidParam, "heights and since are for a folded tree: set folded to true", "getblocktree", 0, false, []int{1, 1})
}

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
		at := make(map[block.Hash]rpc.TreeBlock)
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
		again := get[rpc.Tree](s.world, "getblocktree")
		is(s, "the same again", slices.Equal(again.Blocks, tree.Blocks), true)
		top := get[rpc.Tree](s.world, "getblocktree", 6)
		is(s, "from height 6", len(top.Blocks), 2)
		is(s, "from height 99", len(get[rpc.Tree](s.world, "getblocktree", 99).Blocks), 0)
		s.folded(tree)
		s.must("invalidateblock", s.tip())
		is(s, "invalid", get[rpc.Tree](s.world, "getblocktree", 6).Blocks[0].Status, "invalid")
	},
	// The transactions of block 6 meet another branch:
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
		is(s, "from", r.From, rpc.BlockRef{Hash: s.tip(), Height: 7})
		is(s, "to", r.To, rpc.BlockRef{Hash: rival.Hash, Height: 8})
		is(s, "fork", r.Fork, rpc.BlockRef{Hash: s.blocks[5], Height: 5})
		is(s, "left", slices.Equal(r.Left, []rpc.BlockRef{{Hash: s.blocks[6], Height: 6}, {Hash: s.blocks[7], Height: 7}}), true)
		is(s, "joined", len(r.Joined) == 3 && r.Joined[2].Hash == rival.Hash, true)
		is(s, "returned", slices.Equal(r.Returned, []block.Hash{moved.ID()}), true)
		is(s, "reconfirmed", slices.Equal(r.Reconfirmed, []rpc.Reconfirmed{{TxID: s.toBob.ID(), Block: rival.Parent.Parent.Hash, Height: 6}}), true)
		is(s, "conflicted", reflect.DeepEqual(r.Conflicted, []rpc.Conflicted{
			{TxID: s.toAlice.ID(), By: steal.ID().String(), ByBlock: &rpc.BlockRef{Hash: rival.Parent.Parent.Hash, Height: 6}}, {TxID: s.parent.ID(), By: "", ByBlock: nil}, {TxID: s.child.ID(), By: "", ByBlock: nil}}), true)
		is(s, "back in the mempool", slices.Equal(get[[]block.Hash](s.world, "getrawmempool"), []block.Hash{moved.ID()}), true)
		is(s, "its block is dead", *get[rpc.Tx](s.world, "getrawtransaction", s.toAlice.ID(), 1).Confirmations, 0)
		is(s, "not confirmed since", len(r.Since), 0)
		again := s.mine(1, chaingen.Miner)[0]
		is(s, "confirmed since", slices.Equal(get[[]rpc.Reorg](s.world, "getreorgs")[0].Since, []rpc.Reconfirmed{{TxID: moved.ID(), Block: again, Height: 9}}), true)
		s.must("preciousblock", s.tip()) // not enough work: nothing moves
		is(s, "still one", len(get[[]rpc.Reorg](s.world, "getreorgs", 5)), 1)
		twin := rival.Mine("r9") // as much work as the tip: the user's choice moves it back and forth
		is(s, "9", s.submit(twin.Block), "inconclusive")
		for range 50 {
			s.must("preciousblock", twin.Hash)
			s.must("preciousblock", again)
		}
		is(s, "the last hundred", len(get[[]rpc.Reorg](s.world, "getreorgs")), 100)
		is(s, "all", len(get[[]rpc.Reorg](s.world, "getreorgs", 0)), 101)
		s.refused(rpc.CodeInvalidParam, "limit", "getreorgs", -1)
	},
	//	g ── 1 … 5 ── 6
	//	     │        └── 6' ── 7' (a header only)
	//	     └── 2'' ── 3'' ── 4'' (breaks a rule)
	"getstalerate": func(s *scene) {
		is(s, "no branch", get[rpc.StaleRate](s.world, "getstalerate"), rpc.StaleRate{From: 1, To: 6, Blocks: 6, Heights: 6})
		side := s.branch(5).Mine("6'")
		s.submit(side.Block)
		s.must("submitheader", blockHex(side.Mine("7'").Block)[:160])
		deep := s.branch(1).Mine("2''").Mine("3''")
		s.submit(deep.Parent.Block)
		s.submit(deep.Block)
		bad := deep.Template("4''")
		bad.Txs[0].Outputs[0].Value++
		is(s, "a thief", s.submit(chaingen.Seal(bad)), "inconclusive") // its turn to be judged has not come
		all, err := rpc.GetStaleRate.Call(s.ctx, s.Client, rpc.GetStaleRateArgs{From: new(block.Height(0)), To: new(block.Height(100))})
		if err != nil {
			s.t.Fatal(err)
		}
		is(s, "not known to be bad", all, rpc.StaleRate{From: 1, To: 6, Blocks: 10, Stale: 4, Rate: 0.4, Heights: 6, Forked: 4, ForkRate: rpc.Part(4, 6)})
		s.must("invalidateblock", bad.Hash())
		is(s, "known to be bad", get[rpc.StaleRate](s.world, "getstalerate"), rpc.StaleRate{From: 1, To: 6, Blocks: 9, Stale: 3, Rate: rpc.Part(3, 9), Heights: 6, Forked: 3, ForkRate: 0.5})
		is(s, "a window", get[rpc.StaleRate](s.world, "getstalerate", 3, 5), rpc.StaleRate{From: 3, To: 5, Blocks: 4, Stale: 1, Rate: 0.25, Heights: 3, Forked: 1, ForkRate: rpc.Part(1, 3)})
		is(s, "above all", get[rpc.StaleRate](s.world, "getstalerate", 50), rpc.StaleRate{From: 50, To: 6})
		s.refused(rpc.CodeInvalidParam, "in this order", "getstalerate", 5, 4)
		s.refused(rpc.CodeInvalidParam, "0 or more", "getstalerate", -1)
	},
	// The same two branches, and a second move back to the first:
	//
	//	5 ── 6: toAlice, toBob ── 7: parent, child, moved ── 8 ── 9
	//	└── 6': toBob, steal ── 7' ── 8'
	"gettxhistory": func(s *scene) {
		moved := pay(chaingen.Miner, s.coin(s.blocks[3], 0), alice)
		s.send(moved)
		first := history(s, moved.ID())
		is(s, "pending", first.Fate == "pending" && first.PendingSinceMS > 0 && len(first.Blocks)+len(first.Events) == 0, true)
		s.blocks = append(s.blocks, s.mine(1, chaingen.Miner)...)
		six, seven := rpc.BlockRef{Hash: s.blocks[6], Height: 6}, rpc.BlockRef{Hash: s.blocks[7], Height: 7}
		h := history(s, s.toAlice.ID())
		is(s, "fate", h.Fate, "confirmed")
		is(s, "block", len(h.Blocks) == 1 && h.Blocks[0].Hash == six.Hash && h.Blocks[0].Message == "n1" && h.Blocks[0].Index > 0, true)
		is(s, "events", tellEvents(h), "confirmed 6")
		is(s, "made", len(h.Coins) == 1 && h.Coins[0].Address == s.address(alice), true)
		is(s, "spent", reflect.DeepEqual(h.Coins[0].SpentBy, []rpc.TxSpend{{TxID: s.parent.ID(), Block: &seven, Active: true}}), true)

		steal := pay(chaingen.Miner, s.coin(s.blocks[1], 0), chaingen.Miner)
		rival := s.branch(5).Mine("r6", s.toBob, steal).Mine("r7").Mine("r8")
		for _, b := range []*chaingen.Block{rival.Parent.Parent, rival.Parent, rival} {
			s.submit(b.Block)
		}
		rivalSix := rpc.BlockRef{Hash: rival.Parent.Parent.Hash, Height: 6}
		h = history(s, s.toAlice.ID())
		is(s, "conflicted", h.Fate, "conflicted")
		is(s, "events", tellEvents(h), "confirmed 6, conflicted 6 by "+steal.ID().String()+" in 6")
		is(s, "its block", h.Blocks[0].Status, "valid-fork")
		is(s, "reorg", *h.Events[1].Reorg, rpc.ReorgRef{From: seven, To: rpc.BlockRef{Hash: rival.Hash, Height: 8}, Fork: rpc.BlockRef{Hash: s.blocks[5], Height: 5}, Depth: 2})
		is(s, "by block", *h.Events[1].ByBlock, rivalSix)
		is(s, "rivals", len(h.Spends) == 1 && reflect.DeepEqual(h.Spends[0].Rivals, []rpc.TxSpend{{TxID: steal.ID(), Block: &rivalSix, Active: true}}), true)
		is(s, "input", h.Spends[0].Value == 50*block.Coin && h.Spends[0].Address == s.address(chaingen.Miner), true)
		is(s, "spent on a dead branch", reflect.DeepEqual(h.Coins[0].SpentBy, []rpc.TxSpend{{TxID: s.parent.ID(), Block: &seven, Active: false}}), true)
		is(s, "its child", tellEvents(history(s, s.parent.ID())), "confirmed 7, conflicted 7 by  in nothing")
		is(s, "returned", tellEvents(history(s, moved.ID())), "confirmed 7, returned 7")
		is(s, "pending again", history(s, moved.ID()).Fate, "pending")
		h = history(s, s.toBob.ID())
		is(s, "confirmed again", tellEvents(h), "confirmed 6, reconfirmed 6")
		is(s, "in two blocks", len(h.Blocks) == 2 && *h.Events[1].Block == rivalSix, true)
		coinbase := func(hash block.Hash) block.Hash { return get[rpc.Block](s.world, "getblock", hash).Tx[0] }
		is(s, "a coinbase", tellEvents(history(s, coinbase(seven.Hash))), "confirmed 7, left 7")
		is(s, "its fate", history(s, coinbase(seven.Hash)).Fate, "stale")

		back := s.branch(7).Mine("8").Mine("9")
		s.submit(back.Parent.Block)
		is(s, "back", s.submit(back.Block), "")
		h = history(s, s.toAlice.ID())
		is(s, "all its life", tellEvents(h), "confirmed 6, conflicted 6 by "+steal.ID().String()+" in 6, confirmed 6")
		is(s, "and its fate", h.Fate, "confirmed")
		is(s, "the thief", history(s, steal.ID()).Fate, "conflicted")
		is(s, "genesis", history(s, s.params.Genesis.Txs[0].ID()).Fate, "confirmed")
		s.refused(rpc.CodeInvalidAddress, "No such mempool or blockchain transaction", "gettxhistory", s.tip())
		s.refused(rpc.CodeInvalidParam, "txid must be of length 64", "gettxhistory", "12")
	},
	"getaddressutxos": func(s *scene) {
		coins, err := s.AddressUTXOs(s.ctx, []string{s.address(chaingen.Miner)}, false)
		if err != nil || len(coins) != 4 {
			s.t.Fatalf("%v, %v, want the coinbases of blocks 3 to 6", coins, err)
		}
		for _, c := range coins {
			is(s, "coinbase", c.Coinbase, true)
			is(s, "confirmations", c.Confirmations, 7-int(c.Height))
			is(s, "mature", c.Mature, c.Height <= 4) // may be spent in block 7, three later
		}
		spent := get[[]rpc.UTXO](s.world, "getaddressutxos", s.address(alice))
		is(s, "alice's coin is being spent", len(spent) == 1 && spent[0].PendingSpentBy == s.parent.ID().String(), true)
		is(s, "amount", spent[0].Amount, 50*block.Coin-fee)
		all := get[[]rpc.UTXO](s.world, "getaddressutxos", s.address(bob), true)
		is(s, "bob's", len(all), 2)
		is(s, "pending", all[1].Height == -1 && all[1].PendingSpentBy == s.child.ID().String() && all[1].Confirmations == 0, true)
		is(s, "of a key that was never paid", string(s.must("getaddressutxos", s.address(chaingen.NewKey("nobody")), true)), "[]")
		both := get[[]rpc.UTXO](s.world, "getaddressutxos", []string{s.address(alice), s.address(bob)}, true)
		is(s, "of two addresses", len(both), 3)
		is(s, "named", len(get[[]rpc.UTXO](s.world, "getaddressutxos", []string{})), 0)
		s.refused(rpc.CodeInvalidAddress, "Invalid address", "getaddressutxos", "x")
		s.refused(rpc.CodeInvalidAddress, "Invalid address", "getaddressutxos", []string{s.address(bob), "x"})
		s.refused(rpc.CodeType, "JSON value of type number is not of expected type string", "getaddressutxos", 5)
		s.refused(rpc.CodeType, "JSON value of type bool is not of expected type string", "getaddressutxos", []any{true})
	},
	"getaddresshistory": func(s *scene) {
		rows, err := s.AddressHistory(s.ctx, []string{s.address(alice)}, false)
		if err != nil || len(rows) != 2 {
			s.t.Fatalf("%v, %v", rows, err)
		}
		header := get[rpc.Header](s.world, "getblockheader", s.tip())
		received := rpc.HistoryRow{TxID: s.toAlice.ID(), Height: 6, BlockHash: s.tip(), Time: int64(header.Time), Received: 50*block.Coin - fee, Sent: 0,
			Net: 50*block.Coin - fee, Status: rpc.TxConfirmed, Addresses: []string{s.address(alice)}}
		is(s, "received", reflect.DeepEqual(rows[0], received), true)
		is(s, "sent", rows[1].Sent, 50*block.Coin-fee)
		is(s, "net", rows[1].Net, -(50*block.Coin - fee))
		is(s, "pending", rows[1].Height, -1)
		bobs := get[[]rpc.HistoryRow](s.world, "getaddresshistory", s.address(bob))
		is(s, "bob's", len(bobs), 3)
		is(s, "received and sent in the mempool", bobs[2].Sent, 50*block.Coin-2*fee)
		s.refused(rpc.CodeInvalidAddress, "Invalid address", "getaddresshistory", "x")
		both := tellRows(s, chaingen.Miner, alice, bob)
		slices.Sort(both[6:8]) // of two that pay the same fee either may be the first in the block
		want := []string{"1 +50 new confirmed", "2 +50 new confirmed", "3 +50 new confirmed", "4 +50 new confirmed", "5 +50 new confirmed",
			"6 +50.0002 new confirmed", "6 -0.0001 alice,miner confirmed", "6 -0.0001 bob,miner confirmed", "-1 -0.0001 alice,bob pending", "-1 -0.0001 bob,miner pending"}
		is(s, "in the order of the blocks, one row for each transaction", strings.Join(both, "; "), strings.Join(want, "; "))
		is(s, "the other side", strings.Join(tellRows(s, alice), "; "), "6 +49.9999 alice from miner confirmed; -1 -49.9999 alice from bob pending")

		thief := chaingen.NewKey("thief")
		steal := chaingen.Miner.Pay([]consensus.UTXO{s.coin(s.blocks[1], 0)}, thief.To(49*block.Coin))
		other := s.branch(5).Mine("6b", steal).Mine("7b").Mine("8b")
		s.submit(other.Parent.Parent.Block)
		s.submit(other.Parent.Block)
		is(s, "reorganisation", s.submit(other.Block), "")
		is(s, "what it took", strings.Join(tellRows(s, alice, bob), "; "),
			"6 +49.9999 alice from miner conflicted by "+steal.ID().String()[:8]+" in 6; -1 +49.9999 bob from miner pending")
		is(s, "a reward that went stale", slices.Contains(tellRows(s, chaingen.Miner), "6 +50.0002 new stale"), true)
	},
	"submitblocks": func(s *scene) {
		good, late := s.branch(6).Mine("next"), s.branch(6).Mine("late")
		bad := good.Template("bad")
		bad.Txs[0].Outputs[0].Value++
		got := string(s.must("submitblocks", []string{blockHex(good.Block), blockHex(late.Block), blockHex(chaingen.Seal(bad)), blockHex(good.Block)}))
		if want := `[null,"inconclusive","bad-cb-amount","duplicate"]`; got != want {
			s.t.Errorf("submitblocks: %s, want %s", got, want)
		}
		s.refused(rpc.CodeDeserialization, "block 2 of 2: Block decode failed", "submitblocks", []string{blockHex(good.Block), "00"})
		s.refused(rpc.CodeInvalidParam, "501 blocks, at most 500", "submitblocks", make([]string, maxSubmit+1))
	},
	"setmining": func(s *scene) {
		info, err := s.SetMining(s.ctx, s.address(bob), 5000)
		if err != nil {
			s.t.Fatal(err)
		}
		is(s, "on", info.Mining && info.Address == s.address(bob) && info.HashrateCap == 5000, true)
		if _, err := s.waitForHeight(9); err != nil { // by then the eighth is counted
			s.t.Error(err)
		}
		info, err = s.SetMining(s.ctx, "", 0)
		is(s, "off", err == nil && !info.Mining && info.Address == "" && info.Found >= 8, true)
		s.refused(rpc.CodeInvalidAddress, "Error: Invalid address", "setmining", "x")
		s.refused(rpc.CodeInvalidParam, "hashrate must be a number", "setmining", s.address(bob), -1)
	},
	"setclock": func(s *scene) {
		c := get[rpc.Clock](s.world, "setclock", 7200)
		if off := c.Time - time.Now().Unix(); c.Offset != 7200 || off < 7000 || off > 7400 {
			s.t.Errorf("two hours fast: %+v, which is %d s ahead", c, off)
		}
		if info := get[rpc.Template](s.world, "getblocktemplate", map[string]any{"rules": []string{"segwit"}}); int64(info.CurTime) < time.Now().Unix()+7000 {
			s.t.Errorf("the next block's time is %d", info.CurTime)
		}
		is(s, "offset", get[rpc.Clock](s.world, "setclock", 0).Offset, 0)
		s.refused(rpc.CodeInvalidParam, "within", "setclock", 1<<40)
		s.refused(rpc.CodeType, "", "setclock", "soon")
	},
	"setlink": func(s *scene) {
		l := p2p.Link{Delay: 5, Jitter: 1, Loss: 0.5, Bandwidth: 1000}
		if err := rpc.SetLink.Do(s.ctx, s.Client, rpc.SetLinkArgs{Peer: stranger, Link: l}); err != nil {
			s.t.Error(err)
		}
		is(s, "result", get[p2p.Link](s.world, "setlink", "/ip4/127.0.0.1/tcp/1/p2p/"+stranger, map[string]any{"one_way": true}), p2p.Link{OneWay: true})
		s.refused(rpc.CodeInvalidParam, "is not between 0 and 1", "setlink", stranger, p2p.Link{Loss: 2})
		s.refused(rpc.CodeInvalidParam, "3600000 ms at most", "setlink", stranger, p2p.Link{Delay: 1 << 60})
		s.refused(rpc.CodeType, "Unexpected key dely_ms", "setlink", stranger, map[string]any{"dely_ms": 1})
		s.refused(rpc.CodeType, "JSON value of type string for field loss is not of expected type number", "setlink", stranger, map[string]any{"loss": "much"})
		s.refused(rpc.CodeMisc, "JSON integer out of range", "setlink", stranger, map[string]any{"delay_ms": 1.5})
		s.refused(rpc.CodeInvalidParam, "peer id", "setlink", "x", p2p.Link{})
	},
	"setpartition": func(s *scene) {
		set, err := rpc.SetPartition.Call(s.ctx, s.Client, rpc.SetPartitionArgs{Peers: []string{stranger}})
		is(s, "set", err == nil && slices.Equal(set, []peer.ID{stranger}), true)
		is(s, "shown", slices.Equal(get[rpc.NetworkInfo](s.world, "getnetworkinfo").Partition, set), true)
		is(s, "counted", gaugeOf(scrape(s.world), "toychain_peers_blocked"), 1)
		s.refused(rpc.CodeInvalidParam, "peer id", "setpartition", []string{"x"})
		s.refused(rpc.CodeType, "not of expected type string", "setpartition", []int{1})
		is(s, "kept after a mistake", slices.Equal(get[rpc.NetworkInfo](s.world, "getnetworkinfo").Partition, set), true)
		set, err = rpc.SetPartition.Call(s.ctx, s.Client, rpc.SetPartitionArgs{Peers: nil})
		is(s, "healed", err == nil && len(set) == 0, true)
	},
}

// history asks twice, by the client and by hand: a field that one does not know fails.
func history(s *scene, txid block.Hash) rpc.TxHistory {
	s.t.Helper()
	h, err := rpc.GetTxHistory.Call(s.ctx, s.Client, rpc.TxArg{TxID: txid})
	if err != nil || !reflect.DeepEqual(h, get[rpc.TxHistory](s.world, "gettxhistory", txid)) {
		s.t.Fatalf("history of %s: %v", txid, err)
	}
	return h
}

// tellRows writes the detailed history of some keys, a line for each row: height, net, the
// keys' names, the other side, and what became of it.
func tellRows(s *scene, keys ...chaingen.Key) (out []string) {
	s.t.Helper()
	names := map[string]string{s.address(chaingen.Miner): "miner", s.address(alice): "alice", s.address(bob): "bob"}
	called := func(list []string) string {
		for i, a := range list {
			list[i] = names[a]
		}
		slices.Sort(list)
		return strings.Join(list, ",")
	}
	var of []string
	for _, k := range keys {
		of = append(of, s.address(k))
	}
	rows, err := s.AddressHistory(s.ctx, of, true)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range rows {
		text := fmt.Sprintf("%d %s", r.Height, r.Net.Short())
		if r.Net > 0 {
			text = fmt.Sprintf("%d +%s", r.Height, r.Net.Short())
		}
		switch {
		case r.Coinbase:
			text += " new"
		case len(r.Others) > 0:
			text += " " + called(r.Addresses) + " from " + called(r.Others)
		default:
			text += " " + called(r.Addresses)
		}
		text += " " + r.Status
		if r.By != "" {
			text += " by " + r.By[:8]
			if r.ByBlock != nil {
				text += fmt.Sprint(" in ", r.ByBlock.Height)
			}
		}
		out = append(out, text)
	}
	return out
}

// tellEvents writes a transaction's events in one line.
func tellEvents(h rpc.TxHistory) string {
	var out []string
	for _, e := range h.Events {
		text := fmt.Sprint(e.Event, " ", e.Block.Height)
		if e.Event == rpc.TxConflicted {
			by := "nothing"
			if e.ByBlock != nil {
				by = fmt.Sprint(e.ByBlock.Height)
			}
			text += " by " + e.By + " in " + by
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}
