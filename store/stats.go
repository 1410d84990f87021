package store

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"os"
	"path/filepath"

	"github.com/syndtr/goleveldb/leveldb"

	"toychain/block"
	"toychain/consensus"
)

// EachCoin calls f with every coin of the best chain, in order of the txid's bytes
// and then of the output's number. f must not call the database. An error of f
// ends it and is returned.
func (db *DB) EachCoin(f func(consensus.UTXO) error) error {
	return db.read(func(from source) error { return db.eachCoin(from, f) })
}

func (db *DB) eachCoin(from source, f func(consensus.UTXO) error) error {
	return db.each(from, []byte{keyCoin}, "reading coins", func(key, value []byte) error {
		o, err := outpointOf(key)
		if err != nil {
			return db.damaged("coin under key %x: %w", key, err)
		}
		coin, err := decodeCoin(value)
		if err != nil {
			return db.damaged("coin %s: %w", o, err)
		}
		return f(consensus.UTXO{Outpoint: o, Coin: coin})
	})
}

// CoinStats sums up the coin set of the best chain.
type CoinStats struct {
	Tip   block.Hash // of the chain whose coins these are; zero if nothing was ever stored
	Coins int
	Txs   int          // transactions with at least one coin left
	Total block.Amount // of all coins
	Bytes int64        // Core's bogosize: 50 and the script's length for each coin
	Hash  block.Hash   // Core's hash_serialized_3
}

// CoinStats walks over all coins. The same chain gives the same Hash here as on
// Bitcoin Core (gettxoutsetinfo).
func (db *DB) CoinStats() (stats CoinStats, err error) {
	err = db.read(func(from source) error {
		stats, err = db.coinStats(from)
		return err
	})
	return stats, err
}

func (db *DB) coinStats(from source) (CoinStats, error) {
	tip, _, err := db.tip(from)
	if err != nil {
		return CoinStats{}, err
	}
	s := NewCoinHash()
	stats := CoinStats{Tip: tip}
	var last block.Hash
	err = db.eachCoin(from, func(c consensus.UTXO) error {
		if stats.Coins == 0 || c.TxID != last {
			stats.Txs++
			last = c.TxID
		}
		stats.Coins++
		stats.Total += c.Value
		stats.Bytes += int64(32 + 4 + 4 + 8 + 2 + len(c.Script))
		s.Add(c)
		return nil
	})
	stats.Hash = s.Sum()
	return stats, err
}

// CoinHash computes Core's hash_serialized_3 of a set of coins, which must be
// added in order of the txid's bytes and then of the output's number.
type CoinHash struct {
	sha hash.Hash
	buf []byte
}

// NewCoinHash returns the hash of no coins.
func NewCoinHash() *CoinHash { return &CoinHash{sha: sha256.New()} }

// Add appends one coin (Core: TxOutSer in kernel/coinstats.cpp):
//
//	txid 32 | output 4 | 2·height+coinbase 4 | value 8 | script
func (h *CoinHash) Add(c consensus.UTXO) {
	le := binary.LittleEndian
	code := uint32(c.Height) << 1
	if c.Coinbase {
		code |= 1
	}
	b := append(h.buf[:0], c.TxID[:]...)
	b = le.AppendUint32(b, c.Index)
	b = le.AppendUint32(b, code)
	b = le.AppendUint64(b, uint64(c.Value))
	b = block.AppendCompactSize(b, uint64(len(c.Script)))
	h.buf = append(b, c.Script...)
	h.sha.Write(h.buf)
}

// Sum returns the double SHA-256 of what was added.
func (h *CoinHash) Sum() block.Hash { return sha256.Sum256(h.sha.Sum(nil)) }

// Size returns how many bytes the database takes on disk; LevelDB's own estimate
// where there is no directory.
func (db *DB) Size() int64 {
	if db.enter() != nil {
		return 0
	}
	defer db.leave()
	var total int64
	if db.dir == "" {
		var stats leveldb.DBStats
		if db.level.Stats(&stats) == nil {
			total = stats.LevelSizes.Sum()
		}
		return total
	}
	files, _ := os.ReadDir(db.dir)
	for _, f := range files {
		if info, err := os.Stat(filepath.Join(db.dir, f.Name())); err == nil {
			total += info.Size()
		}
	}
	return total
}
