package interop

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcjson"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/rpcclient"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"toychain/block"
	"toychain/internal/chaingen"
	"toychain/payer"
)

// dial connects btcd's client to our node.
func (s *served) dial() *rpcclient.Client {
	s.t.Helper()
	client, err := rpcclient.New(&rpcclient.ConnConfig{Host: s.addr, User: "user", Pass: "password",
		HTTPPostMode: true, DisableTLS: true, Params: "regtest"}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(client.Shutdown)
	return client
}

// A miner that is not ours: btcd's client asks for a template, btcd's code makes the
// coinbase, the merkle root and the proof of work, our node first judges the
// proposal and then takes the block, and so does btcd's chain.
func TestOutsideMiner(t *testing.T) {
	s := serve(t)
	j, client, alice := newJudge(s), s.dial(), s.owner(ourWords)
	s.mine(103, alice.at(0))
	j.follow()
	for round := range 3 {
		for range round * 2 { // the second out of the change of the first
			alice.send(j, payer.To(to(chaingen.NewKey("friend")), block.Coin))
		}
		template, err := client.GetBlockTemplate(&btcjson.TemplateRequest{Mode: "template", Rules: []string{"segwit"}})
		if err != nil {
			t.Fatal(err)
		}
		if len(template.Transactions) != round*2 {
			t.Errorf("the template holds %d payments, want %d", len(template.Transactions), round*2)
		}
		mined := assemble(t, template, chaingen.NewKey("outsider").Script())
		propose(t, client, mined, "")
		spoilt := *mined
		spoilt.Transactions = append([]*wire.MsgTx{mined.Transactions[0].Copy()}, mined.Transactions[1:]...)
		spoilt.Transactions[0].TxOut[0].Value++
		spoilt.Header.MerkleRoot = merkleRoot(&spoilt)
		propose(t, client, &spoilt, "bad-cb-amount")
		solve(t, mined)
		if err := client.SubmitBlock(btcutil.NewBlock(mined), nil); err != nil {
			t.Fatal(err)
		}
		if err := client.SubmitBlock(btcutil.NewBlock(mined), nil); err == nil || !strings.Contains(err.Error(), "duplicate") {
			t.Errorf("the same block again: %v, want duplicate", err)
		}
		if tip, err := s.BestBlockHash(s.ctx); err != nil || tip != toHash(mined.BlockHash()) {
			t.Fatalf("we stand on %s (%v), not on the outsider's block %s", tip, err, mined.BlockHash())
		}
		j.follow()
	}
	if pool, err := s.RawMempool(s.ctx); err != nil || len(pool) != 0 {
		t.Errorf("%d payments are left in the pool (%v)", len(pool), err)
	}
}

// assemble makes a block of a template as miners do: everything in it is the
// template's word but for the coinbase (BIP22).
func assemble(t *testing.T, g *btcjson.GetBlockTemplateResult, script []byte) *wire.MsgBlock {
	t.Helper()
	prev, err := chainhash.NewHashFromStr(g.PreviousHash)
	if err != nil {
		t.Fatal(err)
	}
	var bits uint32
	if raw, err := hex.DecodeString(g.Bits); err != nil || len(raw) != 4 {
		t.Fatalf("bits %q (%v)", g.Bits, err)
	} else {
		bits = uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
	}
	in, err := txscript.NewScriptBuilder().AddInt64(g.Height).AddData([]byte("/outsider/")).Script()
	if err != nil {
		t.Fatal(err)
	}
	coinbase := wire.NewMsgTx(1)
	coinbase.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{}, wire.MaxPrevOutIndex), in, nil))
	coinbase.AddTxOut(wire.NewTxOut(*g.CoinbaseValue, script))
	b := wire.NewMsgBlock(&wire.BlockHeader{Version: g.Version, PrevBlock: *prev, Bits: bits, Timestamp: time.Unix(g.CurTime, 0)})
	b.Transactions = []*wire.MsgTx{coinbase}
	for _, tx := range g.Transactions {
		raw, err := hex.DecodeString(tx.Data)
		if err != nil {
			t.Fatal(err)
		}
		m := new(wire.MsgTx)
		if err := m.Deserialize(bytes.NewReader(raw)); err != nil || m.TxHash().String() != tx.TxID {
			t.Fatalf("transaction %s of the template: %v", tx.TxID, err)
		}
		b.Transactions = append(b.Transactions, m)
	}
	b.Header.MerkleRoot = merkleRoot(b)
	return b
}

func merkleRoot(b *wire.MsgBlock) chainhash.Hash {
	return blockchain.CalcMerkleRoot(btcutil.NewBlock(b).Transactions(), false)
}

// solve does the proof of work as btcd judges it.
func solve(t *testing.T, b *wire.MsgBlock) {
	t.Helper()
	target := blockchain.CompactToBig(b.Header.Bits)
	for ; ; b.Header.Nonce++ {
		if hash := b.BlockHash(); blockchain.HashToBig(&hash).Cmp(target) <= 0 {
			return
		}
	}
}

// propose asks the node what it would say to a block without proof of work.
func propose(t *testing.T, client *rpcclient.Client, b *wire.MsgBlock, reason string) {
	t.Helper()
	var raw bytes.Buffer
	if err := b.Serialize(&raw); err != nil {
		t.Fatal(err)
	}
	answer, err := client.RawRequest("getblocktemplate", params(map[string]string{"mode": "proposal", "data": hex.EncodeToString(raw.Bytes())}))
	want := "null"
	if reason != "" {
		want = `"` + reason + `"`
	}
	if err != nil || string(answer) != want {
		t.Errorf("proposal: %s (%v), want %s", answer, err, want)
	}
}
