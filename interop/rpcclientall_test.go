package interop

import (
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcjson"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/rpcclient"
	"github.com/btcsuite/btcd/wire/v2"

	"toychain/block"
	"toychain/engine"
	"toychain/internal/chaingen"
	"toychain/payer"
	"toychain/rpc"
	"toychain/wallet"
)

// Every method of btcd's client that a node without a wallet can answer, and that is
// Bitcoin Core's, reads our answers. The last function of a row says whether they
// mean what they should.
func TestRPCClientReadsEverything(t *testing.T) {
	s := serve(t)
	c, alice := s.dial(), s.owner(ourWords)
	hashes := s.mine(102, alice.at(0))
	confirmed := alice.pay(payer.To(to(chaingen.NewKey("friend")), block.Coin))
	hashes = append(hashes, s.mine(1, alice.at(0))...)
	pending := alice.pay(payer.To(to(chaingen.NewKey("friend")), block.Coin))
	tip, txid, waiting := (*chainhash.Hash)(&hashes[102]), (*chainhash.Hash)(&confirmed.TxID), (*chainhash.Hash)(&pending.TxID)
	height := int32(103)
	payee, err := address.DecodeAddress(alice.at(0), &chaincfg.RegressionNetParams)
	if err != nil {
		t.Fatal(err)
	}
	level, blocks := int32(3), int32(5)
	friend := to(chaingen.NewKey("friend")).Encode(s.params.Prefixes)

	ask(t, "getbestblockhash", c.GetBestBlockHash, func(h *chainhash.Hash) bool { return *h == *tip })
	ask(t, "getblockcount", c.GetBlockCount, func(n int64) bool { return n == 103 })
	ask(t, "getblockhash", with(c.GetBlockHash, int64(103)), func(h *chainhash.Hash) bool { return *h == *tip })
	ask(t, "getblock 0", with(c.GetBlock, tip), func(b *wire.MsgBlock) bool { return b.BlockHash() == *tip && len(b.Transactions) == 2 })
	ask(t, "getblock 1", with(c.GetBlockVerbose, tip), func(b *btcjson.GetBlockVerboseResult) bool {
		return b.Tx[1] == txid.String() && b.Height == 103 && b.Confirmations == 1 && b.StrippedSize == b.Size && b.Weight == 4*b.Size
	})
	ask(t, "getblock 2", with(c.GetBlockVerboseTx, tip), func(b *btcjson.GetBlockVerboseTxResult) bool {
		return b.Tx[1].Txid == txid.String() && b.Tx[1].Vout[0].Value == 1
	})
	ask(t, "getblockheader", with(c.GetBlockHeaderVerbose, tip), func(h *btcjson.GetBlockHeaderVerboseResult) bool {
		return h.Height == 103 && h.PreviousHash == hashes[101].String()
	})
	ask(t, "getblockchaininfo", c.GetBlockChainInfo, func(i *btcjson.GetBlockChainInfoResult) bool { return i.Blocks == 103 && i.Chain == "regtest" })
	ask(t, "getchaintips", c.GetChainTips, func(tips []*btcjson.GetChainTipsResult) bool { return len(tips) == 1 && tips[0].Status == "active" })
	ask(t, "getchaintxstats", c.GetChainTxStats, func(x *btcjson.GetChainTxStatsResult) bool { return x.TxCount == 105 })
	ask(t, "getblockstats", func() (*btcjson.GetBlockStatsResult, error) { return c.GetBlockStats(tip, nil) },
		func(x *btcjson.GetBlockStatsResult) bool {
			return x.Txs == 2 && x.AverageFee == int64(confirmed.Fee) && x.Hash == tip.String()
		})
	ask(t, "getdifficulty", c.GetDifficulty, func(x float64) bool { return x > 4.6e-10 && x < 4.7e-10 })
	ask(t, "getmininginfo", c.GetMiningInfo, func(x *btcjson.GetMiningInfoResult) bool { return x.Blocks == 103 && x.PooledTx == 1 })
	ask(t, "getnetworkhashps", c.GetNetworkHashPS, func(x float64) bool { return x >= 0 })
	ask(t, "getmempoolentry", with(c.GetMempoolEntry, waiting.String()), func(x *btcjson.GetMempoolEntryResult) bool {
		return x.WTxId == waiting.String() && x.Fees.Base == float64(pending.Fee)/1e8 && x.VSize == int32(pending.Tx.Size())
	})
	ask(t, "getrawmempool", c.GetRawMempool, func(x []*chainhash.Hash) bool { return len(x) == 1 && *x[0] == *waiting })
	ask(t, "getrawmempool true", c.GetRawMempoolVerbose, func(x map[string]btcjson.GetRawMempoolVerboseResult) bool {
		return len(x) == 1 && x[waiting.String()].Height == 103
	})
	ask(t, "getrawtransaction", with(c.GetRawTransaction, txid), func(x *btcutil.Tx) bool { return *x.Hash() == *txid })
	ask(t, "getrawtransaction 1", with(c.GetRawTransactionVerbose, txid), func(x *btcjson.TxRawResult) bool { return x.BlockHash == tip.String() })
	ask(t, "decoderawtransaction", with(c.DecodeRawTransaction, confirmed.Tx.Bytes()), func(x *btcjson.TxRawResult) bool {
		return x.Txid == txid.String() && x.Vout[0].ScriptPubKey.Type == "pubkeyhash"
	})
	ask(t, "decodescript", with(c.DecodeScript, confirmed.Tx.Outputs[0].Script), func(x *btcjson.DecodeScriptResult) bool { return x.Type == "pubkeyhash" })
	ask(t, "createrawtransaction", func() (*wire.MsgTx, error) {
		to, err := address.DecodeAddress(friend, &chaincfg.RegressionNetParams)
		if err != nil {
			return nil, err
		}
		return c.CreateRawTransaction([]btcjson.TransactionInput{{Txid: txid.String(), Vout: 1}}, map[address.Address]btcutil.Amount{to: 5000}, nil)
	}, func(x *wire.MsgTx) bool { return x.TxOut[0].Value == 5000 && x.TxIn[0].PreviousOutPoint.Hash == *txid })
	ask(t, "testmempoolaccept", func() ([]*btcjson.TestMempoolAcceptResult, error) {
		return c.TestMempoolAccept([]*wire.MsgTx{wireTx(pending.Tx)}, 0)
	}, func(x []*btcjson.TestMempoolAcceptResult) bool {
		return len(x) == 1 && !x[0].Allowed && x[0].RejectReason == "txn-already-in-mempool"
	})
	ask(t, "gettxout", func() (*btcjson.GetTxOutResult, error) { return c.GetTxOut(txid, 0, true) },
		func(x *btcjson.GetTxOutResult) bool { return x.Value == 1 && x.Confirmations == 1 })
	ask(t, "gettxoutsetinfo", c.GetTxOutSetInfo, func(x *btcjson.GetTxOutSetInfoResult) bool { return x.Height == 103 && x.BestBlock == *tip })
	ask(t, "estimatesmartfee", func() (*btcjson.EstimateSmartFeeResult, error) {
		return c.EstimateSmartFee(6, &btcjson.EstimateModeConservative)
	}, func(x *btcjson.EstimateSmartFeeResult) bool { return x.FeeRate != nil && *x.FeeRate >= 0.00001 })
	ask(t, "getnetworkinfo", c.GetNetworkInfo, func(x *btcjson.GetNetworkInfoResult) bool { return x.NetworkActive && x.Connections == 0 })
	ask(t, "getconnectioncount", c.GetConnectionCount, func(n int64) bool { return n == 0 })
	ask(t, "getpeerinfo", c.GetPeerInfo, func(x []btcjson.GetPeerInfoResult) bool { return len(x) == 0 })
	ask(t, "validateaddress", with(c.ValidateAddress, payee), func(x *btcjson.ValidateAddressWalletResult) bool { return x.IsValid })
	ask(t, "verifychain", func() (bool, error) { return c.VerifyChainBlocks(level, blocks) }, func(ok bool) bool { return ok })
	ask(t, "gettxspendingprevout", with(c.GetTxSpendingPrevOut, []wire.OutPoint{wireTx(pending.Tx).TxIn[0].PreviousOutPoint}),
		func(x []*btcjson.GetTxSpendingPrevOutResult) bool {
			return len(x) == 1 && x[0].SpendingTxid == waiting.String()
		})
	key, err := alice.keys.Key(wallet.Path{Branch: wallet.Receive})
	if err != nil {
		t.Fatal(err)
	}
	ask(t, "verifymessage", func() (bool, error) { return c.VerifyMessage(payee, wallet.SignMessage(key, "hello"), "hello") }, func(ok bool) bool { return ok })
	ask(t, "verifymessage", func() (bool, error) { return c.VerifyMessage(payee, wallet.SignMessage(key, "hello"), "other") }, func(ok bool) bool { return !ok })
	ask(t, "the server's version", c.BackendVersion, func(v rpcclient.BackendVersion) bool { return fmt.Sprint(v) != "" })
	do(t, "ping", c.Ping())
	do(t, "invalidateblock", c.InvalidateBlock(tip))
	ask(t, "after invalidateblock", c.GetBlockCount, func(n int64) bool { return n == int64(height)-1 })
	do(t, "reconsiderblock", c.ReconsiderBlock(tip))
	ask(t, "after reconsiderblock", c.GetBlockCount, func(n int64) bool { return n == int64(height) })
}

// btcd's client tells our node whom to call, and reads what is known of the peer.
func TestRPCClientPeers(t *testing.T) {
	s, other := serve(t), serve(t)
	c := s.dial()
	info, err := rpc.GetNetworkInfo.Call(s.ctx, other.Client, rpc.None{})
	if err != nil {
		t.Fatal(err)
	}
	events := s.node.Watch(s.ctx)
	do(t, "addnode", c.AddNode(info.Multiaddrs[0], rpcclient.ANAdd))
	for ev := range events {
		if ev.Kind == engine.PeerUp {
			break
		}
	}
	ask(t, "getconnectioncount", c.GetConnectionCount, func(n int64) bool { return n == 1 })
	ask(t, "getpeerinfo", c.GetPeerInfo, func(x []btcjson.GetPeerInfoResult) bool {
		return len(x) == 1 && !x[0].Inbound && x[0].SubVer != "" && x[0].ConnTime > 0 && x[0].BytesSent > 0
	})
	all := int32(0)
	ask(t, "getnodeaddresses", with(c.GetNodeAddresses, &all), func(x []btcjson.GetNodeAddressesResult) bool {
		return len(x) > 0 && x[0].Address == "127.0.0.1" && x[0].Port > 0 && x[0].Services == 1
	})
	ask(t, "getnettotals", c.GetNetTotals, func(x *btcjson.GetNetTotalsResult) bool { return x.TotalBytesRecv > 0 && x.TotalBytesSent > 0 })
	do(t, "addnode remove", c.AddNode(info.Multiaddrs[0], rpcclient.ANRemove))
	if err := c.AddNode(info.Multiaddrs[0], rpcclient.ANRemove); err == nil {
		t.Error("removing it twice: no error")
	}
}

// ask calls a method, which must succeed with a good result.
func ask[T any](t *testing.T, what string, call func() (T, error), good func(T) bool) {
	t.Helper()
	if v, err := call(); err != nil {
		t.Errorf("%s: %v", what, err)
	} else if !good(v) {
		t.Errorf("%s: %+v", what, v)
	}
}

// with gives a method its only argument.
func with[A, T any](call func(A) (T, error), a A) func() (T, error) {
	return func() (T, error) { return call(a) }
}

func do(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
