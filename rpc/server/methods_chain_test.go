package server

import (
	"context"
	"slices"
	"strings"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/rpc"
)

const nowhere = "00000000000000000000000000000000000000000000000000000000000000ff"

var blockchainTests = map[string]func(*scene){
	"getbestblockhash": func(s *scene) { is(s, "hash", get[block.Hash](s.world, "getbestblockhash"), s.tip()) },
	"getblockcount":    func(s *scene) { is(s, "count", get[int](s.world, "getblockcount"), 6) },
	"getdifficulty": func(s *scene) {
		is(s, "regtest's difficulty", string(s.must("getdifficulty")), "4.656542373906925e-10")
	},
	"getblockhash": func(s *scene) {
		is(s, "hash", get[block.Hash](s.world, "getblockhash", 3), s.blocks[3])
		s.refused(rpc.CodeInvalidParam, "Block height out of range", "getblockhash", 7)
		s.refused(rpc.CodeInvalidParam, "Block height out of range", "getblockhash", -1)
		s.refused(rpc.CodeType, "of type string is not of expected type number", "getblockhash", "3")
	},
	"getblockchaininfo": func(s *scene) {
		raw := s.must("getblockchaininfo")
		s.keys("getblockchaininfo", raw, "chain", "blocks", "headers", "bestblockhash", "difficulty", "time", "mediantime",
			"verificationprogress", "initialblockdownload", "chainwork", "size_on_disk", "pruned", "warnings")
		info := get[rpc.BlockchainInfo](s.world, "getblockchaininfo")
		is(s, "chain", info.Chain, "regtest")
		is(s, "network", info.Network.Name, "chaingen")
		is(s, "chain of Bitcoin's", chainName(consensus.Main()), "main")
		is(s, "blocks", info.Blocks, 6)
		is(s, "headers", info.Headers, 6)
		is(s, "tip", info.BestBlockHash, s.tip())
		is(s, "work", info.ChainWork.String(), strings.Repeat("0", 63)+"e")
		is(s, "catching up", info.InitialBlockDownload, false)
		is(s, "next height", info.Next.Height, 7)
		is(s, "next subsidy", info.Next.Subsidy, 50*block.Coin)
		is(s, "digest", info.Network.Digest, s.params.Digest())
	},
	"getdeploymentinfo": func(s *scene) {
		info := get[rpc.DeploymentInfo](s.world, "getdeploymentinfo")
		is(s, "tip", info.Hash == s.tip() && info.Height == 6, true)
		is(s, "rule", info.Deployments["csv"], rpc.Deployment{Type: "buried", Active: true, Height: s.params.CSV})
		is(s, "rules", len(info.Deployments), 4)
		is(s, "of a block", get[rpc.DeploymentInfo](s.world, "getdeploymentinfo", s.blocks[3]).Height, 3)
		s.refused(rpc.CodeInvalidAddress, "Block not found", "getdeploymentinfo", nowhere)
	},
	"getblockheader": func(s *scene) {
		s.keys("getblockheader", s.must("getblockheader", s.blocks[3]), "hash", "confirmations", "height", "version", "versionHex",
			"merkleroot", "time", "mediantime", "nonce", "bits", "difficulty", "chainwork", "nTx", "previousblockhash", "nextblockhash")
		h := get[rpc.Header](s.world, "getblockheader", s.blocks[3])
		is(s, "hash", h.Hash, s.blocks[3])
		is(s, "confirmations", h.Confirmations, 4)
		is(s, "height", h.Height, 3)
		is(s, "bits", h.Bits, "207fffff")
		is(s, "version", h.VersionHex, "20000000")
		is(s, "previous", h.PreviousBlockHash, s.blocks[2])
		is(s, "next", h.NextBlockHash, s.blocks[4])
		is(s, "hex", len(get[string](s.world, "getblockheader", s.blocks[3], false)), 160)
		if text := string(s.must("getblockheader", s.tip())); strings.Contains(text, "nextblockhash") {
			s.t.Errorf("the tip has a next block: %s", text)
		}
		if text := string(s.must("getblockheader", s.blocks[0])); strings.Contains(text, "previousblockhash") {
			s.t.Errorf("genesis has a previous block: %s", text)
		}
		s.refused(rpc.CodeInvalidAddress, "Block not found", "getblockheader", nowhere)
	},
	"getblock": func(s *scene) {
		b, err := s.RawBlock(s.ctx, s.tip())
		if err != nil || b.Hash() != s.tip() {
			s.t.Fatalf("hex: %v", err)
		}
		one := get[rpc.Block](s.world, "getblock", s.tip())
		is(s, "txs", len(one.Tx), 3)
		at := slices.Index(one.Tx, s.toAlice.ID())
		is(s, "alice's transaction is after the coinbase", at > 0, true)
		is(s, "size", one.Size, b.Size())
		is(s, "weight", one.Weight, 4*b.Size())
		two := get[rpc.FullBlock](s.world, "getblock", s.tip(), 2)
		is(s, "fee", *two.Tx[at].Fee, fee)
		is(s, "coinbase has no fee", two.Tx[0].Fee == nil, true)
		is(s, "hex", two.Tx[at].Hex, txHex(s.toAlice))
		is(s, "no prevout", two.Tx[at].Vin[0].Prevout == nil, true)
		three := get[rpc.FullBlock](s.world, "getblock", s.tip(), 3)
		is(s, "prevout", three.Tx[at].Vin[0].Prevout.Value, 50*block.Coin)
		is(s, "prevout's height", three.Tx[at].Vin[0].Prevout.Height, 1)
		is(s, "old style", string(s.must("getblock", s.tip(), true)), string(s.must("getblock", s.tip(), 1)))
		is(s, "genesis", get[rpc.FullBlock](s.world, "getblock", s.blocks[0], 2).Tx[0].Vout[0].Value, 50*block.Coin)
		s.refused(rpc.CodeInvalidAddress, "Block not found", "getblock", nowhere)
		s.refused(rpc.CodeType, "not of expected type number", "getblock", s.tip(), "x")
		header := s.branch(6).Mine("late")
		s.must("submitheader", blockHex(header.Block)[:160])
		s.refused(rpc.CodeMisc, "Block not available (not fully downloaded)", "getblock", header.Hash)
	},
	"getchaintips": func(s *scene) {
		fork := s.branch(4).Mine("side")
		is(s, "a side branch", s.submit(fork.Block), "inconclusive")
		tips, err := rpc.GetChainTips.Call(s.ctx, s.Client, rpc.None{})
		if err != nil || len(tips) != 2 {
			s.t.Fatalf("tips: %v, %v", tips, err)
		}
		is(s, "best", tips[0], rpc.Tip{Height: 6, Hash: s.tip(), BranchLen: 0, Status: "active"})
		is(s, "side", tips[1], rpc.Tip{Height: 5, Hash: fork.Hash, BranchLen: 1, Status: "valid-headers"})
	},
	"gettxout": func(s *scene) {
		s.keys("gettxout", s.must("gettxout", s.toBob.ID(), 0), "bestblock", "confirmations", "value", "scriptPubKey", "coinbase")
		out := get[rpc.TxOut](s.world, "gettxout", s.toBob.ID(), 0)
		is(s, "value", out.Value, 50*block.Coin-fee)
		is(s, "confirmations", out.Confirmations, 1)
		is(s, "address", out.ScriptPubKey.Address, s.address(bob))
		is(s, "spent in the mempool", string(s.must("gettxout", s.toAlice.ID(), 0)), "null")
		is(s, "but not on the chain", get[rpc.TxOut](s.world, "gettxout", s.toAlice.ID(), 0, false).Value, 50*block.Coin-fee)
		is(s, "created in the mempool", get[rpc.TxOut](s.world, "gettxout", s.child.ID(), 0).Confirmations, 0)
		is(s, "no such output", string(s.must("gettxout", s.toBob.ID(), 7)), "null")
		s.refused(rpc.CodeInvalidParam, "txid must be of length 64", "gettxout", "00", 0)
		s.refused(rpc.CodeMisc, "JSON integer out of range", "gettxout", nowhere, -1)
	},
	"gettxoutsetinfo": func(s *scene) {
		s.keys("gettxoutsetinfo", s.must("gettxoutsetinfo"), "height", "bestblock", "txouts", "bogosize", "hash_serialized_3", "total_amount", "transactions", "disk_size")
		stats, err := rpc.GetTxOutSetInfo.Call(s.ctx, s.Client, rpc.GetTxOutSetInfoArgs{})
		if err != nil {
			s.t.Fatal(err)
		}
		is(s, "coins", stats.TxOuts, 6) // four old coinbases, two transactions; the sixth coinbase
		is(s, "total", stats.TotalAmount, 6*50*block.Coin)
		is(s, "tip", stats.BestBlock, s.tip())
		is(s, "no hash", strings.Contains(string(s.must("gettxoutsetinfo", "none")), "hash_serialized_3"), false)
		s.refused(rpc.CodeInvalidParam, "'muhash' is not a valid hash_type", "gettxoutsetinfo", "muhash")
		s.refused(rpc.CodeInvalidParam, "requires coinstatsindex", "gettxoutsetinfo", "none", 3)
	},
	"verifychain": func(s *scene) {
		is(s, "all", get[bool](s.world, "verifychain", 4, 0), true)
		is(s, "some", get[bool](s.world, "verifychain"), true)
		ok, err := rpc.VerifyChain.Call(s.ctx, s.Client, rpc.VerifyChainArgs{Blocks: new(3)})
		is(s, "by the client", ok && err == nil, true)
		is(s, "a level that Core does not have either", get[bool](s.world, "verifychain", 9, 1), true)
	},
	"invalidateblock": func(s *scene) {
		is(s, "result", string(s.must("invalidateblock", s.blocks[5])), "null")
		is(s, "tip", get[block.Hash](s.world, "getbestblockhash"), s.blocks[4])
		is(s, "status", get[[]rpc.Tip](s.world, "getchaintips")[0].Status, "invalid")
		s.refused(rpc.CodeInvalidAddress, "Block not found", "invalidateblock", nowhere)
		s.refused(rpc.CodeInvalidParam, "genesis", "invalidateblock", s.blocks[0])
	},
	"reconsiderblock": func(s *scene) {
		s.must("invalidateblock", s.blocks[5])
		s.must("reconsiderblock", s.blocks[5])
		is(s, "tip", get[block.Hash](s.world, "getbestblockhash"), s.tip())
		s.refused(rpc.CodeInvalidAddress, "Block not found", "reconsiderblock", nowhere)
	},
	"preciousblock": func(s *scene) {
		rival := s.branch(5).Mine("rival")
		is(s, "of two equal ones the first stays", s.submit(rival.Block), "inconclusive")
		s.must("preciousblock", rival.Hash)
		is(s, "tip", get[block.Hash](s.world, "getbestblockhash"), rival.Hash)
		s.refused(rpc.CodeInvalidAddress, "Block not found", "preciousblock", nowhere)
	},
	"waitfornewblock": func(s *scene) {
		is(s, "in vain", get[rpc.BlockRef](s.world, "waitfornewblock", 10).Hash, s.tip())
		done := make(chan rpc.BlockRef, 1)
		go func() { done <- get[rpc.BlockRef](s.world, "waitfornewblock") }()
		s.until("it waits", func() bool { return len(s.server.long) == 1 })
		// It may not have looked at the tip yet, so another block if one is not enough.
		var mined []block.Hash
		for {
			mined = append(mined, s.mine(1, bob)...)
			short, cancel := context.WithTimeout(s.ctx, 100*time.Millisecond)
			select {
			case got := <-done:
				cancel()
				is(s, "one of those", slices.Contains(mined, got.Hash), true)
				return
			case <-short.Done():
				cancel()
			}
		}
	},
	"waitforblock": func(s *scene) {
		is(s, "at once", get[rpc.BlockRef](s.world, "waitforblock", s.tip()).Height, 6)
		is(s, "in vain", get[rpc.BlockRef](s.world, "waitforblock", nowhere, 10).Height, 6)
		next := s.branch(6).Mine("next")
		done := make(chan rpc.BlockRef, 1)
		go func() { done <- get[rpc.BlockRef](s.world, "waitforblock", next.Hash, 20_000) }()
		is(s, "submitted", s.submit(next.Block), "")
		is(s, "in the end", (<-done).Hash, next.Hash)
		s.refused(rpc.CodeMisc, "Negative timeout", "waitforblock", nowhere, -1)
	},
	"waitforblockheight": func(s *scene) {
		is(s, "at once", get[rpc.BlockRef](s.world, "waitforblockheight", 3).Hash, s.tip())
		is(s, "in vain", get[rpc.BlockRef](s.world, "waitforblockheight", 99, 10).Height, 6)
		done := make(chan rpc.BlockRef, 1)
		go func() {
			ref, err := s.waitForHeight(8)
			if err != nil {
				s.t.Error(err)
			}
			done <- ref
		}()
		s.mine(2, bob)
		is(s, "in the end", (<-done).Height, 8)
	},
}

var statsTests = map[string]func(*scene){
	"getchaintxstats": func(s *scene) {
		stats := get[rpc.ChainTxStats](s.world, "getchaintxstats")
		is(s, "all", stats.TxCount, 9) // genesis, six coinbases, two others
		is(s, "blocks", stats.BlockCount, 5)
		is(s, "in the window", *stats.WindowTxCount, 7)
		none := get[rpc.ChainTxStats](s.world, "getchaintxstats", 0, s.blocks[3])
		is(s, "up to block 3", none.TxCount, 4)
		is(s, "no window", none.Interval == nil && none.TxRate == nil, true)
		s.refused(rpc.CodeInvalidParam, "Invalid block count: should be between 0 and the block's height - 1", "getchaintxstats", 6)
		s.refused(rpc.CodeInvalidAddress, "Block not found", "getchaintxstats", 1, nowhere)
		side := s.branch(4).Mine("side")
		s.submit(side.Block)
		s.refused(rpc.CodeInvalidParam, "Block is not in main chain", "getchaintxstats", 1, side.Hash)
	},
	"getblockstats": func(s *scene) {
		stats := get[rpc.BlockStats](s.world, "getblockstats", 6)
		size := int64(s.toAlice.Size())
		is(s, "by hash", get[rpc.BlockStats](s.world, "getblockstats", s.tip()), stats)
		is(s, "no names are all", get[rpc.BlockStats](s.world, "getblockstats", 6, []string{}), stats)
		is(s, "txs", stats.Txs, 3)
		is(s, "ins", stats.Ins, 2)
		is(s, "outs", stats.Outs, 3)
		is(s, "fees", stats.TotalFee, int64(2*fee))
		is(s, "median fee", stats.MedianFee, int64(fee))
		is(s, "fee rate", stats.MaxFeeRate, int64(fee)/size)
		is(s, "percentile", stats.FeeRatePercentiles[2], stats.MinFeeRate)
		is(s, "out", stats.TotalOut, int64(2*(50*block.Coin-fee)))
		is(s, "coins more", stats.UTXOIncreaseActual, 1)
		is(s, "subsidy", stats.Subsidy, int64(50*block.Coin))
		is(s, "a choice", string(s.must("getblockstats", 6, []string{"txs", "ins"})), `{"ins":2,"txs":3}`)
		is(s, "genesis makes no coin", get[rpc.BlockStats](s.world, "getblockstats", 0).UTXOIncreaseActual, 0)
		s.refused(rpc.CodeInvalidParam, "Invalid selected statistic 'x'", "getblockstats", 6, []string{"x"})
		s.refused(rpc.CodeInvalidParam, "Target block height 7 after current tip 6", "getblockstats", 7)
		s.refused(rpc.CodeInvalidParam, "Target block height -1 is negative", "getblockstats", -1)
		s.refused(rpc.CodeInvalidAddress, "Block not found", "getblockstats", nowhere)
		never := s.branch(5).Mine("never the tip", s.toBob)
		s.submit(never.Block)
		s.refused(rpc.CodeMisc, "Can't read undo data from disk", "getblockstats", never.Hash)
		s.submit(never.Mine("and on").Block) // now it is connected, and block 6 was
		is(s, "fees of a block that won", get[rpc.BlockStats](s.world, "getblockstats", never.Hash).TotalFee, int64(fee))
		is(s, "fees of a block that lost", get[rpc.BlockStats](s.world, "getblockstats", s.blocks[6]).TotalFee, int64(2*fee))
	},
}
