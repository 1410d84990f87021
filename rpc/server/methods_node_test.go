package server

import (
	"encoding/hex"
	"strings"

	"toychain/block"
	"toychain/internal/chaingen"
	"toychain/rpc"
	"toychain/wallet"
)

var miningTests = map[string]func(*scene){
	"generatetoaddress": func(s *scene) {
		hashes := s.mine(2, alice)
		is(s, "tip", get[block.Hash](s.world, "getbestblockhash"), hashes[1])
		is(s, "the mempool is in it", get[rpc.MempoolInfo](s.world, "getmempoolinfo").Size, 0)
		is(s, "none", string(s.must("generatetoaddress", 0, s.address(alice))), "[]")
		is(s, "no tries", string(s.must("generatetoaddress", 5, s.address(alice), 0)), "[]")
		s.refused(rpc.CodeInvalidAddress, "Error: Invalid address", "generatetoaddress", 1, "x")
		s.refused(rpc.CodeInvalidAddress, "not supported: toychain has no SegWit", "generatetoaddress", 1, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080")
	},
	"generateblock": func(s *scene) {
		other := pay(bob, chaingen.Output(s.toBob, 0), alice)
		got := get[rpc.GeneratedBlock](s.world, "generateblock", s.address(alice), []string{s.parent.ID().String(), txHex(other)})
		b, err := s.RawBlock(s.ctx, got.Hash)
		if err != nil || len(b.Txs) != 3 || b.Txs[2].ID() != other.ID() {
			s.t.Fatalf("the block has %v, %v", b, err)
		}
		is(s, "tip", get[block.Hash](s.world, "getbestblockhash"), got.Hash)
		held := get[rpc.GeneratedBlock](s.world, "generateblock", s.address(alice), []string{}, false)
		raw, _ := hex.DecodeString(held.Hex)
		if b, err = block.Parse(raw); err != nil || b.Hash() != held.Hash {
			s.t.Fatalf("hex: %v", err)
		}
		is(s, "not submitted", get[block.Hash](s.world, "getbestblockhash"), got.Hash)
		is(s, "later", s.submit(b), "")
		s.refused(rpc.CodeInvalidAddress, "Transaction "+nowhere+" not in mempool.", "generateblock", s.address(alice), []string{nowhere})
		s.refused(rpc.CodeDeserialization, "Transaction decode failed for 00.", "generateblock", s.address(alice), []string{"00"})
		s.refused(rpc.CodeInvalidAddress, "Error: Invalid address or descriptor", "generateblock", "x", []string{})
		s.refused(rpc.CodeVerify, "TestBlockValidity failed: bad-txns-inputs-missingorspent", "generateblock", s.address(alice), []string{txHex(s.toAlice)})
	},
	"getmininginfo": func(s *scene) {
		s.keys("getmininginfo", s.must("getmininginfo"), "blocks", "currentblockweight", "currentblocktx", "difficulty", "networkhashps", "pooledtx", "chain", "warnings")
		info, err := rpc.GetMiningInfo.Call(s.ctx, s.Client, rpc.None{})
		if err != nil {
			s.t.Fatal(err)
		}
		is(s, "blocks", info.Blocks, 6)
		is(s, "pooled", info.PooledTx, 2)
		is(s, "found", info.Found, 6)
		is(s, "mining", info.Mining, false)
		is(s, "chain and network", info.Chain+" "+info.Network, "regtest chaingen")
		b, err := s.RawBlock(s.ctx, s.tip())
		is(s, "weight of the last block", err == nil && *info.BlockWeight == 4*b.Size(), true)
		is(s, "transactions in it", *info.BlockTx, 2)
		fresh := get[rpc.MiningInfo](start(s.t), "getmininginfo")
		is(s, "nothing assembled yet", fresh.BlockWeight == nil && fresh.BlockTx == nil, true)
	},
	"getnetworkhashps": func(s *scene) {
		if rate := get[float64](s.world, "getnetworkhashps", 2, 3); rate <= 0 {
			s.t.Errorf("rate %v", rate)
		}
		is(s, "at genesis", string(s.must("getnetworkhashps", 120, 0)), "0")
		s.must("getnetworkhashps", -1)
		s.refused(rpc.CodeInvalidParam, "Block does not exist at specified height", "getnetworkhashps", 1, 7)
		s.refused(rpc.CodeInvalidParam, "Invalid nblocks. Must be a positive number or -1.", "getnetworkhashps", 0)
	},
	"getblocktemplate": func(s *scene) {
		s.keys("getblocktemplate", s.must("getblocktemplate"), "capabilities", "version", "rules", "vbavailable", "vbrequired", "previousblockhash",
			"transactions", "coinbaseaux", "coinbasevalue", "longpollid", "target", "mintime", "mutable", "noncerange", "sigoplimit", "sizelimit", "curtime", "bits", "height")
		t := get[rpc.Template](s.world, "getblocktemplate", map[string]any{"rules": []string{"segwit"}})
		is(s, "previous", t.PreviousBlockHash, s.tip())
		is(s, "value", t.CoinbaseValue, int64(50*block.Coin+2*fee))
		is(s, "transactions", len(t.Transactions), 2)
		is(s, "depends", len(t.Transactions[1].Depends) == 1 && t.Transactions[1].Depends[0] == 1, true)
		is(s, "height", t.Height, 7)

		own := s.branch(6)
		propose := func(b *block.Block) string {
			return string(s.must("getblocktemplate", map[string]any{"mode": "proposal", "data": blockHex(b)}))
		}
		is(s, "a good proposal", propose(own.Mine("p").Block), "null")
		early := own.Template("p")
		early.Header.Time = 1
		early.Header.MerkleRoot, _ = block.MerkleRoot(early.TxIDs())
		is(s, "a bad one", propose(early), `"time-too-old"`)
		is(s, "one on another block", propose(own.Parent.Mine("p").Block), `"inconclusive-not-best-prevblk"`)
		is(s, "a known one", propose(own.Block), `"duplicate"`)
		s.refused(rpc.CodeInvalidParam, "Invalid mode", "getblocktemplate", map[string]any{"mode": "x"})
		s.refused(rpc.CodeInvalidParam, "Invalid mode", "getblocktemplate", map[string]any{"mode": 1})
		s.refused(rpc.CodeType, "Missing data String key for proposal", "getblocktemplate", map[string]any{"mode": "proposal", "data": 1})
		s.refused(rpc.CodeDeserialization, "Block decode failed", "getblocktemplate", map[string]any{"mode": "proposal", "data": "00"})

		is(s, "an old longpollid", get[rpc.Template](s.world, "getblocktemplate", map[string]any{"longpollid": strings.Repeat("0", 65)}).Height, 7)
		done := make(chan block.Height, 1)
		go func() {
			done <- get[rpc.Template](s.world, "getblocktemplate", map[string]any{"longpollid": t.LongPollID}).Height
		}()
		s.mine(1, bob)
		is(s, "after a long poll", <-done, 8)
	},
	"submitblock": func(s *scene) {
		next := s.branch(6).Mine("next")
		is(s, "good", s.submit(next.Block), "")
		is(s, "again", s.submit(next.Block), "duplicate")
		is(s, "side branch", s.submit(next.Parent.Mine("late").Block), "inconclusive")
		bad := next.Follow("bad", chaingen.Seal(next.Template("bad", s.toAlice)))
		is(s, "spends a spent coin", s.submit(bad.Block), "bad-txns-inputs-missingorspent")
		is(s, "again", s.submit(bad.Block), "duplicate-invalid")
		is(s, "on a bad one", s.submit(chaingen.Seal(bad.Template("heir"))), "bad-prevblk")
		is(s, "on nothing", s.submit(next.Mine("x").Mine("y").Block), "prev-blk-not-found")
		old := next.Template("old")
		old.Header.Version = 1
		is(s, "an old version", s.submit(chaingen.Seal(old)), "bad-version(0x00000001)")
		raw := next.Mine("z").Block
		raw.Header.MerkleRoot = block.Hash{1}
		chaingen.Search(&raw.Header)
		is(s, "another root", s.submit(raw), "bad-txnmrklroot")
		s.refused(rpc.CodeDeserialization, "Block decode failed", "submitblock", "00")
		s.refused(rpc.CodeDeserialization, "Block does not start with a coinbase", "submitblock", blockHex(&block.Block{Txs: []*block.Tx{s.toAlice}}))
	},
	"submitheader": func(s *scene) {
		next := s.branch(6).Mine("next")
		is(s, "good", string(s.must("submitheader", blockHex(next.Block)[:160])), "null")
		is(s, "again", string(s.must("submitheader", blockHex(next.Block)[:160])), "null")
		is(s, "headers", get[rpc.BlockchainInfo](s.world, "getblockchaininfo").Headers, 7)
		s.refused(rpc.CodeVerify, "Must submit previous header (", "submitheader", blockHex(next.Mine("a").Mine("b").Block)[:160])
		old := next.Template("old")
		old.Header.Version = 1
		s.refused(rpc.CodeVerify, "bad-version(0x00000001)", "submitheader", blockHex(chaingen.Seal(old))[:160])
		s.refused(rpc.CodeDeserialization, "Block header decode failed", "submitheader", "00")
	},
}

var controlTests = map[string]func(*scene){
	"help": func(s *scene) {
		all := get[string](s.world, "help")
		for name := range s.server.methods {
			if !strings.Contains("\n"+all, "\n"+name) {
				s.t.Errorf("help does not list %s", name)
			}
			if text := get[string](s.world, "help", name); !strings.HasPrefix(text, name) || !strings.Contains(text, "\nExample:\n> toychain rpc "+name) {
				s.t.Errorf("help %s: %s", name, text)
			}
		}
		is(s, "unknown", get[string](s.world, "help", "x"), "help: unknown command: x")
		is(s, "usage", s.server.methods["getaddressutxos"].usage(), `getaddressutxos address ( pending )`)
	},
	"stop": func(s *scene) {
		var answer string
		err := s.Call(s.ctx, "stop", map[string]any{"wait": 0}, &answer) // as Core's own tests call it
		is(s, "answer", err == nil && answer == "toychain stopping", true)
		select {
		case <-s.ended:
		case <-s.ctx.Done():
			s.t.Error("the node goes on")
		}
	},
	"uptime": func(s *scene) {
		up, err := rpc.Uptime.Call(s.ctx, s.Client, rpc.None{})
		is(s, "seconds", err == nil && up >= 0 && up < 60, true)
	},
	"getrpcinfo": func(s *scene) {
		info := get[rpc.RPCInfo](s.world, "getrpcinfo")
		is(s, "itself", len(info.ActiveCommands) == 1 && info.ActiveCommands[0].Method == "getrpcinfo", true)
	},
	"getindexinfo": func(s *scene) {
		all := string(s.must("getindexinfo")) // btc-rpc-explorer demands it
		is(s, "all", all, `{"txindex":{"synced":true,"best_block_height":6}}`)
		is(s, "by name", string(s.must("getindexinfo", "txindex")), all)
		is(s, "another", string(s.must("getindexinfo", "coinstatsindex")), "{}")
	},
	"getmemoryinfo": func(s *scene) {
		is(s, "nothing is locked", get[map[string]map[string]int](s.world, "getmemoryinfo", "stats")["locked"]["total"], 0)
		s.refused(rpc.CodeInvalidParam, "unknown mode x", "getmemoryinfo", "x")
	},
	"verifymessage": func(s *scene) {
		signed := wallet.SignMessage(alice.Private, "it was me")
		is(s, "signed", get[bool](s.world, "verifymessage", s.address(alice), signed, "it was me"), true)
		is(s, "another message", get[bool](s.world, "verifymessage", s.address(alice), signed, "it was you"), false)
		is(s, "another's address", get[bool](s.world, "verifymessage", s.address(bob), signed, "it was me"), false)
		is(s, "too short", get[bool](s.world, "verifymessage", s.address(bob), "AAAA", ""), false)
		s.refused(rpc.CodeInvalidAddress, "Invalid address", "verifymessage", "x", signed, "")
		s.refused(rpc.CodeType, "Malformed base64 encoding", "verifymessage", s.address(alice), "?", "")
	},
	"validateaddress": func(s *scene) {
		info, err := rpc.ValidateAddress.Call(s.ctx, s.Client, rpc.AddressArg{Address: s.address(alice)})
		is(s, "good", err == nil && info.IsValid && info.Address == s.address(alice), true)
		is(s, "script", info.ScriptPubKey, hex.EncodeToString(alice.Script()))
		bad := get[rpc.AddressInfo](s.world, "validateaddress", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2") // Bitcoin's
		is(s, "bad", bad.IsValid, false)
		is(s, "why", bad.Error != "" && bad.ErrorLocations != nil, true)
	},
	"estimatesmartfee": func(s *scene) {
		is(s, "an almost empty mempool", *get[rpc.SmartFee](s.world, "estimatesmartfee", 6).FeeRate, 1000)
		is(s, "blocks", get[rpc.SmartFee](s.world, "estimatesmartfee", 6, "economical").Blocks, 6)
		s.refused(rpc.CodeInvalidParam, "Invalid conf_target, must be between 1 and 1008", "estimatesmartfee", 0)
		s.refused(rpc.CodeInvalidParam, "Invalid estimate_mode parameter, must be one of:", "estimatesmartfee", 6, "x")
	},
}
