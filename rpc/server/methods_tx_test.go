package server

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"toychain/block"
	"toychain/internal/chaingen"
	"toychain/rpc"
)

const decodeFailed = "TX decode failed. Make sure the tx has at least one input."

var txTests = map[string]func(*scene){
	"getrawtransaction": func(s *scene) {
		is(s, "hex", get[string](s.world, "getrawtransaction", s.toAlice.ID()), txHex(s.toAlice))
		is(s, "hex, from the mempool", get[string](s.world, "getrawtransaction", s.child.ID(), false), txHex(s.child))
		s.keys("getrawtransaction", s.must("getrawtransaction", s.toAlice.ID(), 1), "txid", "hash", "version", "size", "vsize", "weight",
			"locktime", "vin", "vout", "hex", "blockhash", "confirmations", "time", "blocktime")
		tx, err := s.Tx(s.ctx, s.toAlice.ID())
		if err != nil {
			s.t.Fatal(err)
		}
		is(s, "block", tx.BlockHash, s.tip())
		is(s, "confirmations", *tx.Confirmations, 1)
		is(s, "no fee", tx.Fee == nil, true)
		is(s, "fee", *get[rpc.Tx](s.world, "getrawtransaction", s.toAlice.ID(), 2).Fee, fee)
		pending := get[rpc.Tx](s.world, "getrawtransaction", s.parent.ID(), true)
		is(s, "pending", pending.Confirmations == nil && pending.BlockHash.IsZero(), true)
		is(s, "in a block", *get[rpc.Tx](s.world, "getrawtransaction", s.toBob.ID(), 1, s.tip()).InActiveChain, true)
		raw, err := rpc.As[string](rpc.GetRawTransaction).Call(s.ctx, s.Client, rpc.GetRawTransactionArgs{TxID: s.toBob.ID()})
		is(s, "by the client", err == nil && raw == txHex(s.toBob), true)

		s.refused(rpc.CodeInvalidAddress, txNotFound, "getrawtransaction", nowhere)
		s.refused(rpc.CodeInvalidAddress, "Block hash not found", "getrawtransaction", s.toBob.ID(), 1, nowhere)
		s.refused(rpc.CodeInvalidAddress, "No such transaction found in the provided block", "getrawtransaction", s.toBob.ID(), 1, s.blocks[3])
		s.refused(rpc.CodeInvalidAddress, "The genesis block coinbase is not considered an ordinary transaction", "getrawtransaction", s.params.Genesis.Txs[0].ID())

		s.must("invalidateblock", s.tip()) // a transaction of a dead branch, its coinbase
		coinbase, err := s.RawBlock(s.ctx, s.tip())
		if err != nil {
			s.t.Fatal(err)
		}
		dead := get[rpc.Tx](s.world, "getrawtransaction", coinbase.Txs[0].ID(), 1)
		is(s, "dead", *dead.Confirmations, 0)
		is(s, "in", dead.BlockHash, s.tip())
	},
	"createrawtransaction": func(s *scene) {
		inputs := []any{map[string]any{"txid": s.toBob.ID(), "vout": 0}}
		tx, err := decodeTx(get[string](s.world, "createrawtransaction", inputs, map[string]any{s.address(alice): 1.5, "data": "cafe"}))
		if err != nil || len(tx.Outputs) != 2 {
			s.t.Fatalf("%v, %v", tx, err)
		}
		is(s, "version", tx.Version, 2)
		is(s, "input", tx.Inputs[0].Prev, block.Outpoint{TxID: s.toBob.ID()})
		is(s, "sequence", tx.Inputs[0].Sequence, 0xfffffffd)
		tx, err = decodeTx(get[string](s.world, "createrawtransaction", inputs, []any{map[string]any{s.address(alice): "0.00000001"}}, 100, false))
		if err != nil {
			s.t.Fatal(err)
		}
		is(s, "value", tx.Outputs[0].Value, 1)
		is(s, "lock time", tx.LockTime, 100)
		is(s, "sequence with a lock time", tx.Inputs[0].Sequence, 0xfffffffe)
		for _, row := range []struct {
			code    rpc.Code
			message string
			params  []any
		}{
			{rpc.CodeInvalidParam, "Invalid parameter, missing vout key", []any{[]any{map[string]any{"txid": nowhere}}, map[string]any{}}},
			{rpc.CodeInvalidParam, "Invalid parameter, vout cannot be negative", []any{[]any{map[string]any{"txid": nowhere, "vout": -1}}, map[string]any{}}},
			{rpc.CodeInvalidParam, "txid must be of length 64", []any{[]any{map[string]any{"txid": "00", "vout": 0}}, map[string]any{}}},
			{rpc.CodeInvalidParam, "sequence number is out of range", []any{[]any{map[string]any{"txid": nowhere, "vout": 0, "sequence": -1}}, map[string]any{}}},
			{rpc.CodeType, "of type string is not of expected type object", []any{[]any{"x"}, map[string]any{}}},
			{rpc.CodeInvalidParam, "locktime out of range", []any{inputs, map[string]any{}, -1}},
			{rpc.CodeInvalidAddress, "Invalid Bitcoin address: x", []any{inputs, map[string]any{"x": 1}}},
			{rpc.CodeInvalidParam, "duplicated address", []any{inputs, []any{map[string]any{s.address(bob): 1}, map[string]any{s.address(bob): 1}}}},
			{rpc.CodeInvalidParam, "duplicate key: data", []any{inputs, []any{map[string]any{"data": "00"}, map[string]any{"data": "00"}}}},
			{rpc.CodeInvalidParam, "must contain exactly one key", []any{inputs, []any{map[string]any{}}}},
			{rpc.CodeInvalidParam, "not an object as expected", []any{inputs, []any{1}}},
			{rpc.CodeInvalidParam, "Data must be hexadecimal string (not 'xyz')", []any{inputs, map[string]any{"data": "xyz"}}},
			{rpc.CodeInvalidParam, "at most 80", []any{inputs, map[string]any{"data": strings.Repeat("00", 81)}}},
			{rpc.CodeType, "Invalid amount", []any{inputs, map[string]any{s.address(bob): 0.000000001}}},
			{rpc.CodeType, "Amount out of range", []any{inputs, map[string]any{s.address(bob): -1}}},
			{rpc.CodeType, "Amount is not a number or string", []any{inputs, map[string]any{s.address(bob): true}}},
			{rpc.CodeInvalidParam, "contradict replaceable option", []any{[]any{map[string]any{"txid": nowhere, "vout": 0, "sequence": 0xffffffff}}, map[string]any{}, 0, true}},
		} {
			s.refused(row.code, row.message, "createrawtransaction", row.params...)
		}
	},
	"decoderawtransaction": func(s *scene) {
		tx := get[rpc.Tx](s.world, "decoderawtransaction", txHex(s.toAlice))
		is(s, "txid", tx.TxID, s.toAlice.ID())
		is(s, "size", tx.Size, s.toAlice.Size())
		is(s, "spends", *tx.Vin[0].Vout, 0)
		is(s, "signature", strings.Contains(tx.Vin[0].ScriptSig.Asm, "[ALL] "), true)
		is(s, "value", string(s.must("decoderawtransaction", txHex(s.toAlice))) != "" && tx.Vout[0].Value == 50*block.Coin-fee, true)
		if raw := string(s.must("decoderawtransaction", txHex(s.toAlice))); !strings.Contains(raw, `"value":49.99990000,`) {
			s.t.Errorf("amounts are not as Core prints them: %s", raw)
		}
		s.refused(rpc.CodeDeserialization, decodeFailed, "decoderawtransaction", "xyz")
		s.refused(rpc.CodeDeserialization, decodeFailed, "decoderawtransaction", "00")
		s.refused(rpc.CodeDeserialization, decodeFailed, "decoderawtransaction", txHex(s.toAlice)+"00")
	},
	"decodescript": func(s *scene) {
		script := get[rpc.DecodedScript](s.world, "decodescript", "76a914000000000000000000000000000000000000000088ac")
		is(s, "asm", script.Asm, "OP_DUP OP_HASH160 0000000000000000000000000000000000000000 OP_EQUALVERIFY OP_CHECKSIG")
		is(s, "type", script.Type, block.KindPubKeyHash)
		is(s, "address", script.Address, "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8")
		is(s, "data", get[rpc.DecodedScript](s.world, "decodescript", "6a0568656c6c6f").Type, block.KindData)
		s.refused(rpc.CodeInvalidParam, "argument must be hexadecimal string (not 'xyz')", "decodescript", "xyz")
	},
	"sendrawtransaction": func(s *scene) {
		tx := pay(bob, chaingen.Output(s.toBob, 0), alice)
		s.send(tx)
		s.send(tx) // again: as in Core no error
		is(s, "in the mempool", get[rpc.MempoolInfo](s.world, "getmempoolinfo").Size, 3)

		other := bob.Pay(spend(s.toBob), alice.To(block.Coin))
		s.refused(rpc.CodeVerify, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)", "sendrawtransaction", txHex(chaingen.Miner.Pay(spend(s.child), alice.To(1000))))
		s.refused(rpc.CodeVerifyRejected, "txn-mempool-conflict, ", "sendrawtransaction", txHex(other), 0)
		s.refused(rpc.CodeVerify, "bad-txns-inputs-missingorspent", "sendrawtransaction", txHex(pay(bob, chaingen.Output(other, 0), alice)))
		s.refused(rpc.CodeAlreadyInChain, "Transaction outputs already in utxo set", "sendrawtransaction", txHex(s.toBob))
		s.refused(rpc.CodeVerifyRejected, "min relay fee not met, ", "sendrawtransaction", txHex(chaingen.Pass(chaingen.Miner, s.child, 0, alice)))
		s.refused(rpc.CodeVerifyRejected, "mandatory-script-verify-flag-failed (", "sendrawtransaction", txHex(pay(alice, chaingen.Output(s.child, 0), alice)))
		s.refused(rpc.CodeDeserialization, decodeFailed, "sendrawtransaction", "00")
		s.refused(rpc.CodeType, "Invalid amount", "sendrawtransaction", txHex(tx), "x")
		s.refused(rpc.CodeInvalidParam, "Fee rates larger than or equal to 1BTC/kvB are not accepted", "sendrawtransaction", txHex(tx), 1)
		data, err := block.DataScript([]byte("note"))
		if err != nil {
			s.t.Fatal(err)
		}
		burn := chaingen.Miner.Pay(spend(s.child), block.Output{Value: 1000, Script: data})
		s.refused(rpc.CodeVerify, "Unspendable output exceeds maximum configured by user (maxburnamount)", "sendrawtransaction", txHex(burn), 0)
	},
	"testmempoolaccept": func(s *scene) {
		good := pay(bob, chaingen.Output(s.toBob, 0), alice)
		next := pay(alice, chaingen.Output(good, 0), bob)
		rows := get[[]rpc.TestAccept](s.world, "testmempoolaccept", []string{txHex(good), txHex(next)})
		is(s, "parent", *rows[0].Allowed, true)
		is(s, "fee", rows[0].Fees.Base, fee)
		is(s, "fee rate", rows[0].Fees.FeeRate, fee*1000/block.Amount(good.Size()))
		is(s, "child", *rows[1].Allowed, true)
		is(s, "nothing was kept", get[rpc.MempoolInfo](s.world, "getmempoolinfo").Size, 2)
		s.testPackages(good, next)
		reason := func(txs ...string) string {
			rows := get[[]rpc.TestAccept](s.world, "testmempoolaccept", txs)
			if len(rows) > 1 && rows[1].Allowed != nil && !*rows[0].Allowed {
				s.t.Errorf("what comes after a refused one was judged: %+v", rows)
			}
			return rows[0].PackageError + rows[0].RejectReason
		}
		is(s, "twice", reason(txHex(good), txHex(good)), "package-contains-duplicates")
		is(s, "child first", reason(txHex(next), txHex(good)), "package-not-sorted")
		is(s, "one coin twice", reason(txHex(good), txHex(bob.Pay(spend(s.toBob), bob.To(block.Coin)))), "conflict-in-package")
		is(s, "orphan", reason(txHex(next)), "missing-inputs")
		is(s, "here", reason(txHex(s.parent), txHex(good)), "txn-already-in-mempool")
		is(s, "confirmed", reason(txHex(s.toBob)), "txn-already-known")
		is(s, "no fee", reason(txHex(chaingen.Pass(bob, s.toBob, 0, alice))), "min relay fee not met")
		is(s, "great fee", reason(txHex(bob.Pay(spend(s.toBob), bob.To(block.Coin)))), "max-fee-exceeded")
		is(s, "script", strings.HasPrefix(reason(txHex(pay(alice, chaingen.Output(s.toBob, 0), bob))), "mandatory-script-verify-flag-failed ("), true)
		row, err := s.TestAccept(s.ctx, good)
		is(s, "by the client", err == nil && *row.Allowed, true)
		s.refused(rpc.CodeInvalidParam, "Array must contain between 1 and 25 transactions.", "testmempoolaccept", []string{})
		s.refused(rpc.CodeDeserialization, "TX decode failed: 00", "testmempoolaccept", []string{"00"})
	},
	"gettxoutproof": func(s *scene) {
		proof := get[string](s.world, "gettxoutproof", []block.Hash{s.toBob.ID()})
		is(s, "the same by block", get[string](s.world, "gettxoutproof", []block.Hash{s.toBob.ID()}, s.tip()), proof)
		s.refused(rpc.CodeInvalidParam, "Parameter 'txids' cannot be empty", "gettxoutproof", []string{})
		s.refused(rpc.CodeInvalidParam, "Invalid parameter, duplicated txid", "gettxoutproof", []string{nowhere, nowhere})
		s.refused(rpc.CodeInvalidAddress, "Transaction not yet in block", "gettxoutproof", []block.Hash{s.parent.ID()})
		s.refused(rpc.CodeInvalidAddress, "Transaction not yet in block", "gettxoutproof", []string{nowhere})
		s.refused(rpc.CodeInvalidAddress, "Not all transactions found in specified or retrieved block", "gettxoutproof", []string{nowhere}, s.tip())
		s.refused(rpc.CodeInvalidAddress, "Block not found", "gettxoutproof", []string{nowhere}, nowhere)
	},
	"verifytxoutproof": func(s *scene) {
		proof := get[string](s.world, "gettxoutproof", []block.Hash{s.toBob.ID(), s.toAlice.ID()})
		ids := get[[]block.Hash](s.world, "verifytxoutproof", proof)
		is(s, "proved", len(ids) == 2 && slices.Contains(ids, s.toAlice.ID()) && slices.Contains(ids, s.toBob.ID()), true)
		bad := []byte(proof)
		copy(bad[2*(block.HeaderSize+4+1):], "00000000") // the first hash
		is(s, "no proof", string(s.must("verifytxoutproof", string(bad))), "[]")
		s.refused(rpc.CodeMisc, "truncated", "verifytxoutproof", "00")
		s.refused(rpc.CodeInvalidParam, "proof must be hexadecimal string", "verifytxoutproof", "xyz")
		s.must("invalidateblock", s.tip())
		s.refused(rpc.CodeInvalidAddress, "Block not found in chain", "verifytxoutproof", proof)
	},
}

// testPackages compares the verdicts on several transactions with Core's, in one word for each.
func (s *scene) testPackages(good, next *block.Tx) {
	third := pay(bob, chaingen.Output(next, 0), alice)
	poor := chaingen.Pass(alice, good, 0, bob)
	forged := pay(bob, chaingen.Output(good, 0), bob) // good pays alice
	for _, row := range []struct {
		txs  []*block.Tx
		want string
	}{
		{[]*block.Tx{good, next, third}, "allowed allowed allowed"},
		{[]*block.Tx{good, poor}, "unfinished min relay fee not met"},
		{[]*block.Tx{s.toBob, good}, "txn-already-known unfinished"},
		{[]*block.Tx{good, forged}, "allowed mandatory-script-verify-flag-failed"},
		{[]*block.Tx{good, forged, pay(bob, chaingen.Output(forged, 0), alice)}, "allowed mandatory-script-verify-flag-failed unfinished"},
		{[]*block.Tx{forged, good, poor}, "package-not-sorted package-not-sorted package-not-sorted"},
		{[]*block.Tx{good, alice.Pay(spend(good), bob.To(block.Coin)), s.toAlice}, "unfinished unfinished txn-already-known"},
		{[]*block.Tx{good, alice.Pay(spend(good), bob.To(block.Coin))}, "allowed max-fee-exceeded"},
		{[]*block.Tx{good, alice.Pay(spend(s.toAlice), bob.To(50*block.Coin-5*fee))}, "unfinished bip125-replacement-disallowed"},
	} {
		hexes := make([]string, len(row.txs))
		for i, tx := range row.txs {
			hexes[i] = txHex(tx)
		}
		var got []string
		for i, r := range get[[]rpc.TestAccept](s.world, "testmempoolaccept", hexes) {
			is(s, "txid", r.TxID == row.txs[i].ID() && r.WTxID == r.TxID, true)
			word, _, _ := strings.Cut(r.PackageError+r.RejectReason, " (")
			switch {
			case word == "" && r.Allowed == nil && r.Fees == nil:
				word = "unfinished"
			case word == "" && *r.Allowed:
				word = "allowed"
			}
			got = append(got, word)
		}
		is(s, "package", strings.Join(got, " "), row.want)
	}
}

var poolTests = map[string]func(*scene){
	"getmempoolinfo": func(s *scene) {
		info, err := s.MempoolInfo(s.ctx)
		if err != nil {
			s.t.Fatal(err)
		}
		is(s, "size", info.Size, 2)
		is(s, "bytes", info.Bytes, s.parent.Size()+s.child.Size())
		is(s, "fees", info.TotalFee, 2*fee)
		is(s, "least", string(s.must("getmempoolinfo")) != "" && info.MempoolMinFee == 1000, true)
	},
	"getrawmempool": func(s *scene) {
		ids, err := s.RawMempool(s.ctx)
		is(s, "ids", err == nil && len(ids) == 2 && ids[0] == s.parent.ID(), true)
		is(s, "details", get[map[block.Hash]rpc.MempoolEntry](s.world, "getrawmempool", true)[s.child.ID()].AncestorCount, 2)
		before := get[rpc.PoolSequence](s.world, "getrawmempool", false, true)
		is(s, "with a number", len(before.TxIDs) == 2 && before.TxIDs[0] == s.parent.ID() && before.Sequence > 2, true)
		is(s, "which stays", get[rpc.PoolSequence](s.world, "getrawmempool", false, true).Sequence, before.Sequence)
		s.refused(rpc.CodeInvalidParam, "Verbose results cannot contain mempool sequence values.", "getrawmempool", true, true)
		s.mine(1, chaingen.Miner)
		is(s, "and grows with each that leaves", get[rpc.PoolSequence](s.world, "getrawmempool", false, true).Sequence, before.Sequence+2)
	},
	"getpending": func(s *scene) {
		rows := get[[]rpc.PendingTx](s.world, "getpending")
		is(s, "rows", len(rows), 2)
		parent, child, size := rows[0], rows[1], s.parent.Size()
		is(s, "the first", parent.TxID == s.parent.ID() && parent.Size == size && parent.Fee == fee && len(parent.Depends) == 0, true)
		is(s, "its rate", parent.FeeRate, fee*1000/block.Amount(size))
		is(s, "since", time.Since(time.UnixMilli(parent.TimeMS)) < time.Minute, true)
		paid := s.toAlice.Outputs[0].Value
		is(s, "who pays", len(parent.From) == 1 && parent.From[0].TxID == s.toAlice.ID() && *parent.From[0].Vout == 0, true)
		is(s, "what", parent.From[0].Value == paid && parent.From[0].Address == s.address(alice), true)
		is(s, "whom", len(parent.To) == 1 && parent.To[0] == rpc.PendingCoin{Value: paid - fee, Address: s.address(bob)}, true)
		s.must("prioritisetransaction", s.parent.ID(), 0, 77)
		changed := get[[]rpc.PendingTx](s.world, "getpending")[0]
		is(s, "what counts", parent.Counts == fee && changed.Counts == fee+77 && changed.Fee == fee, true)
		is(s, "depends", len(child.Depends) == 1 && child.Depends[0] == parent.TxID, true)
		is(s, "on its coin", child.From[0].Value == paid-fee && child.From[0].Address == s.address(bob), true)
		s.mine(1, chaingen.Miner)
		is(s, "none", string(s.must("getpending")), "[]")
	},
	"prioritisetransaction": func(s *scene) {
		id := s.parent.ID()
		is(s, "true", get[bool](s.world, "prioritisetransaction", id, 0, 5000), true)
		is(s, "null for the dummy", get[bool](s.world, "prioritisetransaction", id, nil, -1000), true)
		var byName bool
		err := s.Call(s.ctx, "prioritisetransaction", map[string]any{"txid": nowhere, "fee_delta": 3}, &byName)
		is(s, "one that is nowhere, by name", err == nil && byName, true)
		fees := get[rpc.MempoolEntry](s.world, "getmempoolentry", id).Fees
		is(s, "fees", fees, rpc.MempoolFees{Base: fee, Modified: fee + 4000, Ancestor: fee + 4000, Descendant: 2*fee + 4000})
		is(s, "of its child", get[rpc.MempoolEntry](s.world, "getmempoolentry", s.child.ID()).Fees.Ancestor, 2*fee+4000)
		is(s, "what they pay", get[rpc.MempoolInfo](s.world, "getmempoolinfo").TotalFee, 2*fee)
		s.must("prioritisetransaction", id, 0, -100_000)
		is(s, "not in the next block", len(get[rpc.Template](s.world, "getblocktemplate").Transactions), 0)
		s.must("prioritisetransaction", id, 0, 100_000)
		is(s, "it pays the miner the same", get[rpc.Template](s.world, "getblocktemplate").Transactions[0].Fee, int64(fee))
		free := bob.Pay(spend(s.toBob), alice.To(s.toBob.Outputs[0].Value))
		s.must("prioritisetransaction", free.ID(), 0, 2000)
		row := get[[]rpc.TestAccept](s.world, "testmempoolaccept", []string{txHex(free)})[0]
		is(s, "the fee that is judged", *row.Allowed && row.Fees.Base == 0 && row.Fees.FeeRate == 2000*1000/block.Amount(free.Size()), true)
		s.refused(rpc.CodeInvalidParam, "Priority is no longer supported, dummy argument to prioritisetransaction must be 0.", "prioritisetransaction", id, 1, 5)
		s.refused(rpc.CodeMisc, "prioritisetransaction", "prioritisetransaction", id, 0)
	},
	"getprioritisedtransactions": func(s *scene) {
		is(s, "none", string(s.must("getprioritisedtransactions")), "{}")
		s.must("prioritisetransaction", s.parent.ID(), 0, 5000)
		s.must("prioritisetransaction", nowhere, 0, -7)
		all := get[map[block.Hash]rpc.Prioritised](s.world, "getprioritisedtransactions")
		parent, none := all[s.parent.ID()], all[block.Hash{0xff}]
		is(s, "pending", len(all) == 2 && parent.FeeDelta == 5000 && parent.InMempool && *parent.ModifiedFee == int64(fee)+5000, true)
		is(s, "nowhere", none, rpc.Prioritised{FeeDelta: -7})
		s.mine(1, chaingen.Miner)
		is(s, "mined", len(get[map[block.Hash]rpc.Prioritised](s.world, "getprioritisedtransactions")), 1)
	},
	"savemempool": func(s *scene) {
		var saved map[string]string
		s.until("the mempool is restored", func() bool { return s.Call(s.ctx, "savemempool", nil, &saved) == nil })
		is(s, "file", saved["filename"], filepath.Join(s.dir, "pool.txt"))
		text, err := os.ReadFile(saved["filename"])
		parent, child := strings.Index(string(text), " "+txHex(s.parent)+"\n"), strings.Index(string(text), " "+txHex(s.child)+"\n")
		is(s, "parent before child", err == nil && 0 < parent && parent < child, true)
		is(s, "loaded", get[rpc.MempoolInfo](s.world, "getmempoolinfo").Loaded, true)
		s.mine(1, chaingen.Miner)
		s.must("prioritisetransaction", nowhere, 0, -7)
		s.must("savemempool")
		text, err = os.ReadFile(saved["filename"])
		os.Remove(saved["filename"])
		is(s, "a directory in its place", os.Mkdir(saved["filename"], 0o700), nil)
		s.refused(rpc.CodeMisc, "Unable to dump mempool to disk", "savemempool")
		os.Remove(saved["filename"])
		is(s, "of an empty mempool", err == nil && string(text) == "fee_delta "+nowhere+" -7\n", true)
	},
	"gettxspendingprevout": func(s *scene) {
		outputs := []any{map[string]any{"txid": s.toAlice.ID(), "vout": 0}, map[string]any{"txid": s.child.ID(), "vout": 0}}
		rows := get[[]rpc.PrevoutSpend](s.world, "gettxspendingprevout", outputs)
		is(s, "rows", len(rows), 2)
		is(s, "spent", rows[0], rpc.PrevoutSpend{OutpointArg: rpc.OutpointArg{TxID: s.toAlice.ID()}, Spend: s.parent.ID()})
		is(s, "unspent", rows[1], rpc.PrevoutSpend{OutpointArg: rpc.OutpointArg{TxID: s.child.ID()}})
		s.refused(rpc.CodeInvalidParam, "Invalid parameter, outputs are missing", "gettxspendingprevout", []any{})
		s.refused(rpc.CodeType, "of type number is not of expected type object", "gettxspendingprevout", []any{1})
		s.refused(rpc.CodeMisc, "JSON integer out of range", "gettxspendingprevout", []any{map[string]any{"txid": nowhere, "vout": 1 << 31}})
	},
	"getmempoolentry": func(s *scene) {
		s.keys("getmempoolentry", s.must("getmempoolentry", s.parent.ID()), "vsize", "weight", "time", "height", "descendantcount",
			"descendantsize", "ancestorcount", "ancestorsize", "wtxid", "fees", "depends", "spentby", "bip125-replaceable", "unbroadcast")
		e := get[rpc.MempoolEntry](s.world, "getmempoolentry", s.parent.ID())
		is(s, "fee", e.Fees.Base, fee)
		is(s, "with descendants", e.Fees.Descendant, 2*fee)
		is(s, "height", e.Height, 6)
		is(s, "spent by", len(e.SpentBy) == 1 && e.SpentBy[0] == s.child.ID(), true)
		is(s, "depends", len(e.Depends), 0)
		s.refused(rpc.CodeInvalidAddress, "Transaction not in mempool", "getmempoolentry", nowhere)
	},
	"getmempoolancestors": func(s *scene) {
		ids := get[[]block.Hash](s.world, "getmempoolancestors", s.child.ID())
		is(s, "of the child", len(ids) == 1 && ids[0] == s.parent.ID(), true)
		is(s, "of the parent", string(s.must("getmempoolancestors", s.parent.ID())), "[]")
		is(s, "details", len(get[map[block.Hash]rpc.MempoolEntry](s.world, "getmempoolancestors", s.child.ID(), true)), 1)
		s.refused(rpc.CodeInvalidAddress, "Transaction not in mempool", "getmempoolancestors", nowhere)
	},
	"getmempooldescendants": func(s *scene) {
		ids := get[[]block.Hash](s.world, "getmempooldescendants", s.parent.ID())
		is(s, "of the parent", len(ids) == 1 && ids[0] == s.child.ID(), true)
		is(s, "of the child", string(s.must("getmempooldescendants", s.child.ID())), "[]")
		s.refused(rpc.CodeInvalidAddress, "Transaction not in mempool", "getmempooldescendants", nowhere)
	},
}
