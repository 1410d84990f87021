package interop

import (
	"path/filepath"
	"testing"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/database"
	_ "github.com/btcsuite/btcd/database/ffldb"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"toychain/block"
)

// btcd is btcd's consensus code on a database of its own.
type btcd struct {
	t     testing.TB
	chain *blockchain.BlockChain
}

func newBtcd(t testing.TB, params chaincfg.Params) *btcd {
	t.Helper()
	db, err := database.Create("ffldb", filepath.Join(t.TempDir(), "btcd"), wire.TestNet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c, err := blockchain.New(&blockchain.Config{
		DB: db, ChainParams: &params, TimeSource: blockchain.NewMedianTime(), SigCache: txscript.NewSigCache(10_000),
		UtxoCacheMaxSize: 8 << 20, // without room btcd is slow with ten thousand coins
	})
	if err != nil {
		t.Fatal(err)
	}
	return &btcd{t, c}
}

// give hands btcd a block by its bytes. The error is why it refuses it.
func (b *btcd) give(x *block.Block) error {
	_, _, err := b.chain.ProcessBlock(wireBlock(b.t, x), blockchain.BFNone)
	return err
}

func (b *btcd) tip() block.Hash { return toHash(b.chain.BestSnapshot().Hash) }
