package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// read calls f with the state between two writes, all of those in it that were handed in
// before, whatever is written meanwhile.
func (db *DB) read(f func(source) error) error {
	db.queue.await(&db.queue.all)
	return db.peek(f)
}

// peek is read without waiting for what is on its way.
func (db *DB) peek(f func(source) error) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.leave()
	snap, err := db.level.GetSnapshot()
	if err != nil {
		return db.wrap(err, "reading")
	}
	defer snap.Release()
	return f(snap)
}

// each calls f with every key that begins with prefix, in order. The slices are valid until
// f returns.
func (db *DB) each(from source, prefix []byte, what string, f func(key, value []byte) error) error {
	it := from.NewIterator(util.BytesPrefix(prefix), passing)
	defer it.Release()
	for it.Next() {
		if err := f(it.Key(), it.Value()); err != nil {
			return err
		}
	}
	return db.wrap(it.Error(), what)
}

// passing reads without evicting from the cache what look-ups need again.
var passing = &opt.ReadOptions{DontFillCache: true}

// Load returns every stored header and the tip of the best chain, for
// chain.NewTree; nothing at all if the database is new.
func (db *DB) Load() (entries []chain.Entry, tip block.Hash, err error) {
	err = db.read(func(from source) error {
		entries, tip, err = db.load(from)
		return err
	})
	return entries, tip, err
}

func (db *DB) load(from source) (entries []chain.Entry, tip block.Hash, err error) {
	err = db.each(from, []byte{keyEntry}, "reading headers", func(key, value []byte) error {
		e, err := db.entry(key, value)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, block.Hash{}, err
	}
	tip, found, err := db.tip(from)
	if err == nil && !found && len(entries) > 0 {
		err = db.damaged("there are headers, but no tip of the best chain")
	}
	return entries, tip, err
}

// tip returns the end of the best chain, unless nothing was ever committed.
func (db *DB) tip(from source) (tip block.Hash, found bool, err error) {
	tip, found, err = find(db, from, metaTip, "the tip of the best chain", decodeHash)
	if err == nil && found {
		if _, err = db.stored(from, tip); errors.Is(err, chain.ErrUnknown) {
			err = db.damaged("the tip of the best chain is %s, whose header is missing", tip)
		}
	}
	return tip, found, err
}

func (db *DB) entry(key, value []byte) (chain.Entry, error) {
	e, err := decodeEntry(value)
	if err == nil && len(key) != lenEntryKey {
		err = errKey
	}
	if err != nil {
		return chain.Entry{}, db.damaged("header under key %x: %w", key, err)
	}
	e.HeaderHash = block.Hash(key[1:])
	return e, nil
}

// stored returns the entry of a block; chain.ErrUnknown if there is none.
func (db *DB) stored(from source, hash block.Hash) (chain.Entry, error) {
	e, found, err := find(db, from, appendEntryKey(nil, hash), "a header", decodeEntry)
	if err == nil && !found {
		err = chain.ErrUnknown
	}
	if err != nil {
		return chain.Entry{}, fmt.Errorf("block %s: %w", hash, err)
	}
	e.HeaderHash = hash
	return e, nil
}

// Coins implements chain.Disk.
func (db *DB) Coins(of []block.Outpoint, into consensus.Coins) error {
	if of = db.coinsOnTheWay(of, into); len(of) == 0 {
		return nil
	}
	return db.peek(func(from source) error {
		var key [lenCoinKey]byte
		for _, o := range of {
			coin, found, err := find(db, from, appendCoinKey(key[:0], o), "a coin", decodeCoin)
			if err != nil {
				return fmt.Errorf("%s: %w", o, err)
			}
			if found {
				into[o] = &coin
			}
		}
		return nil
	})
}

// Block implements chain.Disk: it returns a body of any branch. The error is
// chain.ErrUnknown, chain.ErrNoBody, ErrDamaged or the disk's.
func (db *DB) Block(hash block.Hash) (b *block.Block, err error) {
	err = db.readBody(func(from source) error {
		b, err = db.block(from, hash)
		return err
	})
	return b, err
}

// BlockBytes is Block in wire format.
func (db *DB) BlockBytes(hash block.Hash) (raw []byte, err error) {
	err = db.readBody(func(from source) error {
		raw, err = body(db, from, hash, func(b []byte) ([]byte, error) {
			_, err := decodeBody(b, hash)
			return b, err
		})
		return err
	})
	return raw, err
}

// readBody is read for a body, which never changes: it waits only for one that is not
// there yet.
func (db *DB) readBody(f func(source) error) error {
	err := db.peek(f)
	if errors.Is(err, chain.ErrUnknown) || errors.Is(err, chain.ErrNoBody) {
		err = db.read(f)
	}
	return err
}

func (db *DB) block(from source, hash block.Hash) (*block.Block, error) {
	return body(db, from, hash, func(b []byte) (*block.Block, error) { return decodeBody(b, hash) })
}

// body reads and decodes a body of any branch.
func body[T any](db *DB, from source, hash block.Hash, decode func([]byte) (T, error)) (none T, err error) {
	e, err := db.stored(from, hash)
	if err != nil {
		return none, err
	}
	if e.Status&chain.HasBody == 0 {
		return none, fmt.Errorf("%w: %s", chain.ErrNoBody, hash)
	}
	key := appendBodyKey(nil, chain.Point{Hash: hash, Height: e.Height})
	return get(db, from, key, fmt.Sprintf("block %s at height %d", hash, e.Height), decode)
}

// Undo implements chain.Disk: it returns the coins that a block spent, in the
// order of its inputs, if it ever was on the best chain. The error is
// chain.ErrUnknown, ErrDamaged or the disk's.
func (db *DB) Undo(hash block.Hash) (coins []consensus.Coin, err error) {
	if coins, ok := db.undoOnTheWay(hash); ok {
		return coins, nil
	}
	err = db.read(func(from source) error {
		e, err := db.stored(from, hash)
		if err != nil {
			return err
		}
		if e.Status&chain.Connected == 0 || e.Height == 0 {
			return fmt.Errorf("%w: %s never joined the best chain", chain.ErrUnknown, hash)
		}
		key := appendUndoKey(nil, chain.Point{Hash: hash, Height: e.Height})
		coins, err = get(db, from, key, fmt.Sprintf("undo data of block %s at height %d", hash, e.Height), decodeUndo)
		return err
	})
	return coins, err
}

// TxPlace is where a transaction stands: in a block of any branch.
type TxPlace struct {
	Block block.Hash
	Index int // 0 is the coinbase
}

// TxPlaces returns every block that holds the transaction, none if no block does,
// in no particular order.
func (db *DB) TxPlaces(txid block.Hash) (places []TxPlace, err error) {
	prefix := append([]byte{keyTx}, txid[:]...)
	err = db.read(func(from source) error {
		return db.each(from, prefix, "reading the transaction index", func(key, value []byte) error {
			p, err := decodeTxPlace(key, value)
			if err != nil {
				return db.damaged("transaction index, %s: %w", txid, err)
			}
			places = append(places, p)
			return nil
		})
	})
	return places, err
}

func decodeTxPlace(key, value []byte) (TxPlace, error) {
	if len(key) != lenTxKey {
		return TxPlace{}, errKey
	}
	n, err := decodeNumber(value)
	return TxPlace{Block: block.Hash(key[33:]), Index: int(n)}, err
}

// HistoryEntry is one transaction of the best chain that an address took part in.
type HistoryEntry struct {
	Height   block.Height
	Block    block.Hash
	TxID     block.Hash
	Received block.Amount // by its outputs to the script
	Spent    block.Amount // by its inputs from the script
}

// History returns every transaction of the best chain that pays to the script or
// spends from it, the oldest first.
func (db *DB) History(script []byte) (out []HistoryEntry, err error) {
	err = db.read(func(from source) error {
		err := db.eachScriptDelta(from, script, func(h block.Height, t scriptDelta) error {
			e := HistoryEntry{Height: h, TxID: t.txid, Spent: t.spent}
			for _, o := range t.outputs {
				e.Received += o.value
			}
			out = append(out, e)
			return nil
		})
		if err != nil {
			return err
		}
		return db.nameBlocks(from, out)
	})
	return out, err
}

// Unspent returns the coins that the script holds, the oldest first. It looks at
// every output that ever paid to it.
func (db *DB) Unspent(script []byte) (out []consensus.UTXO, err error) {
	var key [lenCoinKey]byte
	err = db.read(func(from source) error {
		return db.eachScriptDelta(from, script, func(h block.Height, t scriptDelta) error {
			for i := range t.outputs {
				o := block.Outpoint{TxID: t.txid, Index: t.outputs[i].index}
				coin, found, err := find(db, from, appendCoinKey(key[:0], o), "a coin", decodeCoin)
				if err != nil {
					return fmt.Errorf("%s: %w", o, err)
				}
				// Bitcoin has two pairs of coinbases with one id; the later took the earlier's place.
				if found && coin.Height == h {
					out = append(out, consensus.UTXO{Outpoint: o, Coin: coin})
				}
			}
			return nil
		})
	})
	return out, err
}

// eachScriptDelta calls f with each transaction in a script's history, the oldest first.
func (db *DB) eachScriptDelta(from source, script []byte, f func(block.Height, scriptDelta) error) error {
	id := idOf(script)
	prefix := append([]byte{keyHistory}, id[:]...)
	return db.each(from, prefix, "reading an address's history", func(key, value []byte) error {
		_, height, _, err := historyOf(key)
		var t scriptDelta
		if err == nil {
			t, err = decodeScriptDelta(value)
		}
		if err != nil {
			return db.damaged("history of an address, key %x: %w", key, err)
		}
		return f(height, t)
	})
}

// nameBlocks fills in the blocks of a history.
func (db *DB) nameBlocks(from source, out []HistoryEntry) error {
	for i := range out {
		if i > 0 && out[i].Height == out[i-1].Height {
			out[i].Block = out[i-1].Block
			continue
		}
		what := fmt.Sprintf("the best chain at height %d", out[i].Height)
		hash, err := get(db, from, appendChainKey(nil, out[i].Height), what, decodeHash)
		if err != nil {
			return err
		}
		out[i].Block = hash
	}
	return nil
}

// Reorgs returns the newest entries of the journal, the oldest first: at most
// limit, or all if limit is 0.
func (db *DB) Reorgs(limit int) (out []chain.Reorg, err error) {
	err = db.read(func(from source) error {
		all := util.BytesPrefix([]byte{keyReorg})
		it := from.NewIterator(all, nil)
		defer it.Release()
		for ok := it.Last(); ok && (limit <= 0 || len(out) < limit); ok = it.Prev() {
			g, err := db.reorg(it.Key(), it.Value())
			if err != nil {
				return err
			}
			out = append(out, g)
		}
		return db.wrap(it.Error(), "reading the journal")
	})
	slices.Reverse(out)
	return out, err
}

func (db *DB) reorg(key, value []byte) (chain.Reorg, error) {
	n, err := db.reorgNumber(key)
	if err != nil {
		return chain.Reorg{}, err
	}
	g, err := decodeReorg(value)
	if err != nil {
		return chain.Reorg{}, db.damaged("journal entry %d: %w", n, err)
	}
	return g, nil
}

func (db *DB) reorgNumber(key []byte) (uint64, error) {
	if len(key) != lenReorgKey {
		return 0, db.damaged("journal, key %x: %w", key, errKey)
	}
	return reorgNumber(key), nil
}
