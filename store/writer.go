package store

import (
	"encoding/binary"

	"github.com/syndtr/goleveldb/leveldb"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// writer turns values into the operations of a batch. The batch copies what it is
// given, so one key and one value are enough for all.
type writer struct {
	batch      *leveldb.Batch
	haveBodies bool
	key, value []byte

	// Of the transaction at hand: the scripts that it pays to or spends from, and the delta
	// of each, in the same order.
	scripts []scriptID
	deltas  []scriptDelta
	at      map[scriptID]int
}

func (w *writer) put() { w.batch.Put(w.key, w.value) }

// commit writes a change of the best chain; reorgs is the number of the journal's newest
// entry before it.
func (w *writer) commit(c *chain.Commit, reorgs uint64) {
	for i := range c.Entries {
		e := &c.Entries[i]
		w.entry(chain.Point{Hash: e.ID(), Height: e.Height}, e)
	}
	for i := range c.Steps {
		w.step(&c.Steps[i])
	}
	w.coins(c.Coins)
	for i := range c.Reorgs {
		w.reorg(reorgs+uint64(i)+1, &c.Reorgs[i])
	}
	w.batch.Put(metaTip, c.Tip[:])
}

func (w *writer) entry(p chain.Point, e *chain.Entry) {
	w.key = appendEntryKey(w.key[:0], p.Hash)
	w.value = appendEntry(w.value[:0], e)
	w.put()
	if p.Height == 0 { // genesis never takes a step: it is where the best chain begins
		w.best(p)
		w.batch.Put(metaTip, p.Hash[:])
	}
}

func (w *writer) best(p chain.Point) {
	w.key = appendChainKey(w.key[:0], p.Height)
	w.value = append(w.value[:0], p.Hash[:]...)
	w.put()
}

func (w *writer) body(p chain.Point, b consensus.Block) {
	if !w.haveBodies {
		w.key = appendBodyKey(w.key[:0], p)
		w.batch.Put(w.key, b.Block.Bytes())
	}
	for i, id := range b.IDs {
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

// gather sums up what a transaction does to each script that it pays to or spends from.
func (w *writer) gather(txid block.Hash, made, spent []consensus.UTXO) {
	w.scripts = w.scripts[:0]
	if w.at == nil {
		w.at = make(map[scriptID]int)
	}
	clear(w.at)
	for i := range made {
		t := w.delta(txid, made[i].Script)
		t.outputs = append(t.outputs, received{made[i].Index, made[i].Value})
	}
	for i := range spent {
		w.delta(txid, spent[i].Script).spent += spent[i].Value
	}
}

// delta returns what is known so far of a script in the transaction at hand, nothing at first.
func (w *writer) delta(txid block.Hash, script []byte) *scriptDelta {
	id := idOf(script)
	i, known := w.at[id]
	if !known {
		i = len(w.scripts)
		w.at[id] = i
		w.scripts = append(w.scripts, id)
		if i == len(w.deltas) {
			w.deltas = append(w.deltas, scriptDelta{})
		}
		w.deltas[i] = scriptDelta{txid: txid, outputs: w.deltas[i].outputs[:0]}
	}
	return &w.deltas[i]
}

// history writes or removes what gather found of transaction i.
func (w *writer) history(s *chain.Step, i int) {
	for n, id := range w.scripts {
		w.key = appendHistoryKey(w.key[:0], id, s.Height, i)
		if !s.Connect {
			w.batch.Delete(w.key)
			continue
		}
		w.value = appendScriptDelta(w.value[:0], &w.deltas[n])
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
