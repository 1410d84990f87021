package store

import (
	"crypto/sha256"
	"encoding/binary"

	"toychain/block"
	"toychain/chain"
)

// The first byte of every key is its kind: see the table in doc.go.
const (
	keyMeta    = 'm'
	keyEntry   = 'h'
	keyBody    = 'b'
	keyUndo    = 'u'
	keyChain   = 'c'
	keyCoin    = 'o'
	keyTx      = 't'
	keyHistory = 'a'
	keyReorg   = 'r'
)

var (
	metaSchema  = []byte("mschema")
	metaNetwork = []byte("mnetwork")
	metaTip     = []byte("mtip")
)

// The lengths of the keys that are taken apart again.
const (
	lenEntryKey   = 1 + 32
	lenBodyKey    = 1 + 4 + 32 // and undo
	lenChainKey   = 1 + 4
	lenCoinKey    = 1 + 32 + 4
	lenTxKey      = 1 + 32 + 32
	lenHistoryKey = 1 + 20 + 4 + 4
	lenReorgKey   = 1 + 8
)

// scriptID names a script in the address index: the first 20 bytes of its
// SHA-256. Two scripts with the same name are as hard to find as two keys with
// the same address.
type scriptID [20]byte

func idOf(script []byte) scriptID {
	sum := sha256.Sum256(script)
	return scriptID(sum[:20])
}

// Each of the functions below appends a key to b, which is often b[:0] of the last.

func appendEntryKey(b []byte, hash block.Hash) []byte {
	return append(append(b, keyEntry), hash[:]...)
}

func appendBodyKey(b []byte, p chain.Point) []byte { return appendPlace(append(b, keyBody), p) }

func appendUndoKey(b []byte, p chain.Point) []byte { return appendPlace(append(b, keyUndo), p) }

func appendChainKey(b []byte, h block.Height) []byte {
	return binary.BigEndian.AppendUint32(append(b, keyChain), uint32(h))
}

func appendCoinKey(b []byte, o block.Outpoint) []byte {
	b = append(append(b, keyCoin), o.TxID[:]...)
	return binary.BigEndian.AppendUint32(b, o.Index)
}

func appendTxKey(b []byte, txid, in block.Hash) []byte {
	return append(append(append(b, keyTx), txid[:]...), in[:]...)
}

func appendHistoryKey(b []byte, id scriptID, h block.Height, at int) []byte {
	b = append(append(b, keyHistory), id[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(h))
	return binary.BigEndian.AppendUint32(b, uint32(at))
}

// historyOf takes the key of a transaction in an address's history apart.
func historyOf(key []byte) (id scriptID, h block.Height, at int, err error) {
	if len(key) != lenHistoryKey {
		return id, 0, 0, errKey
	}
	be := binary.BigEndian
	return scriptID(key[1:21]), block.Height(be.Uint32(key[21:])), int(be.Uint32(key[25:])), nil
}

func appendReorgKey(b []byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, keyReorg), number)
}

// A body and undo data are keyed by height first, so that neighbours in the chain
// are neighbours on the disk, and a new block goes to the end.
func appendPlace(b []byte, p chain.Point) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(p.Height))
	return append(b, p.Hash[:]...)
}

// placeOf takes the key of a body or of undo data apart.
func placeOf(key []byte) (chain.Point, error) {
	if len(key) != lenBodyKey {
		return chain.Point{}, errKey
	}
	return chain.Point{Height: block.Height(binary.BigEndian.Uint32(key[1:])), Hash: block.Hash(key[5:])}, nil
}

// outpointOf takes the key of a coin apart.
func outpointOf(key []byte) (block.Outpoint, error) {
	if len(key) != lenCoinKey {
		return block.Outpoint{}, errKey
	}
	return block.Outpoint{TxID: block.Hash(key[1:33]), Index: binary.BigEndian.Uint32(key[33:])}, nil
}

// reorgNumber takes the key of a journal entry apart; its length was checked.
func reorgNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key[1:]) }
