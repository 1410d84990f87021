package interop

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"toychain/consensus"
	"toychain/internal/chaingen"
	"toychain/wallet"
)

// btcd's client, made for btcd and Bitcoin Core, leads our node through mining, a
// payment, the pool and a block.
func TestRPCClient(t *testing.T) {
	client := serve(t).dial()
	prefixes := consensus.Regtest().Prefixes
	own := wallet.KeyAddress(chaingen.Miner.Public()).Encode(prefixes)
	to, err := address.DecodeAddress(own, &chaincfg.RegressionNetParams)
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := client.GenerateToAddress(101, to, nil)
	if err != nil || len(hashes) != 101 {
		t.Fatalf("generatetoaddress: %d blocks, %v", len(hashes), err)
	}
	if n, err := client.GetBlockCount(); err != nil || n != 101 {
		t.Fatalf("getblockcount: %d, %v", n, err)
	}
	info, err := client.GetBlockChainInfo()
	if err != nil || info.Chain != "regtest" || info.BestBlockHash != hashes[100].String() {
		t.Fatalf("getblockchaininfo: %+v, %v", info, err)
	}
	first, err := client.GetBlock(hashes[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetBlockVerbose(hashes[0]); err != nil {
		t.Fatal(err)
	}
	if h, err := client.GetBlockHeader(hashes[0]); err != nil || h.BlockHash() != *hashes[0] {
		t.Fatalf("getblockheader: %v, %v", h, err)
	}
	b, err := ourBlock(first)
	if err != nil {
		t.Fatal(err)
	}
	coin := chaingen.Output(b.Txs[0], 0)
	payment := chaingen.Miner.Pay([]consensus.UTXO{coin}, chaingen.NewKey("friend").To(coin.Value-10_000))
	id, err := client.SendRawTransaction(wireTx(payment), false)
	if err != nil || toHash(*id) != payment.ID() {
		t.Fatalf("sendrawtransaction: %v, %v", id, err)
	}
	if _, err := client.SendRawTransaction(wireTx(chaingen.Miner.Pay([]consensus.UTXO{coin}, chaingen.Miner.To(coin.Value-20_000))), false); err == nil || !strings.Contains(err.Error(), "txn-mempool-conflict") {
		t.Errorf("a double spend: %v, want txn-mempool-conflict", err)
	}
	if pool, err := client.GetRawMempool(); err != nil || len(pool) != 1 || *pool[0] != *id {
		t.Fatalf("getrawmempool: %v, %v", pool, err)
	}
	next, err := client.GenerateToAddress(1, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := client.GetRawTransactionVerbose(id)
	if err != nil || tx.BlockHash != next[0].String() || tx.Confirmations != 1 || tx.Hex != hex.EncodeToString(payment.Bytes()) {
		t.Fatalf("getrawtransaction: %+v, %v", tx, err)
	}
	if out, err := client.GetTxOut(id, 0, true); err != nil || out == nil || out.Confirmations != 1 {
		t.Fatalf("gettxout: %+v, %v", out, err)
	}
	if valid, err := client.ValidateAddress(to); err != nil || !valid.IsValid {
		t.Fatalf("validateaddress: %+v, %v", valid, err)
	}
	if peers, err := client.GetPeerInfo(); err != nil || len(peers) != 0 {
		t.Fatalf("getpeerinfo: %v, %v", peers, err)
	}
}
