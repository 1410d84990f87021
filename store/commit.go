package store

import (
	"encoding/binary"
	"fmt"

	"github.com/syndtr/goleveldb/leveldb"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/store/ldb"
)

// keepBatch is the most bytes of a written batch whose memory is used again for
// the next: a block of a few hundred payments.
const keepBatch = 1 << 20

// Commit implements chain.Disk: it writes c as one batch and returns when that is
// safe from a crash, or at once if c.Later is set: see behind. After an error nothing
// more is written.
func (db *DB) Commit(c *chain.Commit) error {
	db.catchUp()
	if c.Later {
		return db.commitLater(c)
	}
	return db.commit(c, false)
}

// commit is Commit. haveBodies says that the bodies are stored already, and only
// their places in the transaction index are missing.
func (db *DB) commit(c *chain.Commit, haveBodies bool) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.leave()
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.failed != nil {
		return fmt.Errorf("nothing is written after an earlier failure, open the database again: %w", db.failed)
	}
	w := writer{batch: db.batch, haveBodies: haveBodies}
	if size := room(c); size > cap(w.batch.Dump()) {
		w.batch = leveldb.MakeBatch(size)
	}
	err := db.fill(&w, c)
	if err == nil {
		err = db.wrap(ldb.Write(db.level, w.batch), "writing")
	}
	if err == nil {
		err = db.wrap(ldb.Sync(db.level), "writing")
	}
	if err != nil {
		db.failed = err
		return err
	}
	db.reorgs += uint64(len(c.Reorgs))
	if db.batch = w.batch; cap(db.batch.Dump()) > keepBatch {
		db.batch = new(leveldb.Batch)
	}
	db.batch.Reset()
	return nil
}

// room returns about how many bytes the batch for c will have. A batch that grows as it
// is filled is copied again and again.
func room(c *chain.Commit) int {
	size := 1<<10 + 200*len(c.Entries)
	for _, b := range c.Blocks {
		size += b.Size() + 100*len(b.Txs) // the body, and a transaction's place
	}
	for i := range c.Steps {
		size += 200*len(c.Steps[i].Block.Txs) + 50*len(c.Steps[i].Delta.Spent) // its history, and undo
	}
	return size + 70*len(c.Coins)
}

// fill writes c into a batch.
func (db *DB) fill(w *writer, c *chain.Commit) error {
	places := make(map[block.Hash]chain.Point, len(c.Entries))
	for i := range c.Entries {
		e := &c.Entries[i]
		p := chain.Point{Hash: e.Header.Hash(), Height: e.Height}
		places[p.Hash] = p
		w.entry(p, e)
	}
	ids := make(map[block.Hash][]block.Hash, len(c.Steps))
	for i := range c.Steps {
		ids[c.Steps[i].Hash] = c.Steps[i].IDs
	}
	for _, b := range c.Blocks {
		hash := b.Hash()
		p, known := places[hash]
		if !known {
			var err error
			if p, err = db.placeOf(db.level, hash); err != nil {
				return err
			}
		}
		txids, known := ids[hash]
		if !known {
			txids = b.TxIDs()
		}
		w.body(p, b, txids)
	}
	for i := range c.Steps {
		w.step(&c.Steps[i])
	}
	w.coins(c.Coins)
	for i := range c.Reorgs {
		w.reorg(db.reorgs+uint64(i)+1, &c.Reorgs[i])
	}
	w.batch.Put(metaTip, c.Tip[:])
	return nil
}

// writer turns values into the operations of a batch. The batch copies what it is
// given, so one key and one value are enough for all.
type writer struct {
	batch      *leveldb.Batch
	haveBodies bool
	key, value []byte

	// Of the transaction at hand: the scripts that it touches, and how, side by side.
	scripts []scriptID
	touches []touch
	at      map[scriptID]int
}

func (w *writer) put() { w.batch.Put(w.key, w.value) }

func (w *writer) entry(p chain.Point, e *chain.Entry) {
	w.key = appendEntryKey(w.key[:0], p.Hash)
	w.value = appendEntry(w.value[:0], e)
	w.put()
	if p.Height == 0 { // genesis never takes a step: it is where the best chain begins
		w.best(p)
	}
}

func (w *writer) best(p chain.Point) {
	w.key = appendChainKey(w.key[:0], p.Height)
	w.value = append(w.value[:0], p.Hash[:]...)
	w.put()
}

func (w *writer) body(p chain.Point, b *block.Block, txids []block.Hash) {
	if !w.haveBodies {
		w.key = appendBodyKey(w.key[:0], p)
		w.batch.Put(w.key, b.Bytes())
	}
	for i, id := range txids {
		w.key = appendTxKey(w.key[:0], id, p.Hash)
		w.value = binary.AppendUvarint(w.value[:0], uint64(i))
		w.put()
	}
}

// step writes what goes with a block that joins or leaves the best chain, but for
// the coins.
func (w *writer) step(s *chain.Step) {
	p := chain.Point{Hash: s.Hash, Height: s.Height}
	made, spent := s.Delta.Created, s.Delta.Spent
	if s.Connect {
		w.best(p)
		w.key = appendUndoKey(w.key[:0], p)
		w.value = appendUndo(w.value[:0], spent)
		w.put()
	} else {
		made, spent = spent, made
		w.key = appendChainKey(w.key[:0], p.Height)
		w.batch.Delete(w.key)
	}
	for i, tx := range s.Block.Txs {
		outs := 0
		for outs < len(made) && made[outs].TxID == s.IDs[i] {
			outs++
		}
		ins := len(tx.Inputs)
		if i == 0 {
			ins = 0 // a coinbase
		}
		w.gather(s.IDs[i], made[:outs], spent[:ins])
		made, spent = made[outs:], spent[ins:]
		w.history(s, i)
	}
}

// gather sums up what a transaction does to each script that it touches.
func (w *writer) gather(txid block.Hash, made, spent []consensus.UTXO) {
	w.scripts = w.scripts[:0]
	if w.at == nil {
		w.at = make(map[scriptID]int)
	}
	clear(w.at)
	for i := range made {
		t := w.touch(txid, made[i].Script)
		t.outputs = append(t.outputs, received{made[i].Index, made[i].Value})
	}
	for i := range spent {
		w.touch(txid, spent[i].Script).spent += spent[i].Value
	}
}

// touch returns what is known so far of a script in the transaction at hand.
func (w *writer) touch(txid block.Hash, script []byte) *touch {
	id := idOf(script)
	i, known := w.at[id]
	if !known {
		i = len(w.scripts)
		w.at[id] = i
		w.scripts = append(w.scripts, id)
		if i == len(w.touches) {
			w.touches = append(w.touches, touch{})
		}
		w.touches[i] = touch{txid: txid, outputs: w.touches[i].outputs[:0]}
	}
	return &w.touches[i]
}

// history writes or removes what gather found of transaction i.
func (w *writer) history(s *chain.Step, i int) {
	for n, id := range w.scripts {
		w.key = appendHistoryKey(w.key[:0], id, s.Height, i)
		if !s.Connect {
			w.batch.Delete(w.key)
			continue
		}
		w.value = appendTouch(w.value[:0], &w.touches[n])
		w.put()
	}
}

// coins writes the net change of the coin set.
func (w *writer) coins(changed map[block.Outpoint]*consensus.Coin) {
	for o, coin := range changed {
		w.key = appendCoinKey(w.key[:0], o)
		if coin == nil {
			w.batch.Delete(w.key)
			continue
		}
		w.value = appendCoin(w.value[:0], coin)
		w.put()
	}
}

func (w *writer) reorg(number uint64, g *chain.Reorg) {
	w.key = appendReorgKey(w.key[:0], number)
	w.value = appendReorg(w.value[:0], g)
	w.put()
}
