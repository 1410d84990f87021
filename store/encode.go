package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
)

// Why bytes are not a value that this package wrote.
var (
	errTruncated  = errors.New("value is truncated")
	errTrailing   = errors.New("value has trailing bytes")
	errNotMinimal = errors.New("number is not in its shortest form")
	errRange      = errors.New("number is out of range")
	errForm       = errors.New("value is not in its one form")
	errKey        = errors.New("key is not of its kind")
)

// reader takes a value apart from the front. The first error sticks, so a decoder
// reads straight through and asks once at the end.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// take returns the next n bytes without copying, or nil after an error.
func (r *reader) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.b)) {
		r.err = errTruncated
	}
	if r.err != nil {
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) hash() (h block.Hash) {
	copy(h[:], r.take(len(h)))
	return h
}

// uvarint reads a number up to most.
func (r *reader) uvarint(most uint64) uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.b)
	switch {
	case n == 0:
		r.fail(errTruncated)
	case n < 0 || v > most:
		r.fail(errRange)
	case n > 1 && r.b[n-1] == 0:
		r.fail(errNotMinimal)
	}
	if r.err != nil {
		return 0
	}
	r.b = r.b[n:]
	return v
}

// varint reads a signed number.
func (r *reader) varint() int64 {
	v := r.uvarint(math.MaxUint64)
	return int64(v>>1) ^ -int64(v&1)
}

func (r *reader) height() block.Height { return block.Height(r.uvarint(math.MaxInt32)) }

// count reads how many items follow, each of which takes at least size bytes.
func (r *reader) count(size int) int {
	return int(r.uvarint(uint64(len(r.b) / size)))
}

// end demands that nothing is left.
func (r *reader) end() error {
	if len(r.b) > 0 {
		r.fail(errTrailing)
	}
	return r.err
}

func appendEntry(b []byte, e *chain.Entry) []byte {
	h := e.Header.Bytes()
	b = append(append(b, h[:]...), byte(e.Status))
	b = binary.AppendUvarint(b, uint64(e.Height))
	b = binary.AppendVarint(b, e.Seq)
	b = binary.AppendVarint(b, e.Received.UnixMilli())
	b = binary.AppendUvarint(b, uint64(e.Txs))
	b = binary.AppendUvarint(b, uint64(e.Size))
	if e.Complete.IsZero() {
		return b
	}
	return binary.AppendVarint(b, e.Complete.UnixMilli()-e.Received.UnixMilli())
}

// allStatus is every status there is.
const allStatus = chain.HasBody | chain.Connected | chain.Failed | chain.FailedParent

func decodeEntry(b []byte) (chain.Entry, error) {
	r := reader{b: b}
	header := r.take(block.HeaderSize)
	e := chain.Entry{Status: chain.Status(r.byte())}
	if e.Status&^allStatus != 0 {
		r.fail(errRange)
	}
	e.Height = r.height()
	e.Seq = r.varint()
	e.Received = time.UnixMilli(r.varint()).UTC()
	e.Txs = int(r.uvarint(math.MaxInt32))
	e.Size = int(r.uvarint(math.MaxInt32))
	if len(r.b) > 0 {
		e.Complete = time.UnixMilli(e.Received.UnixMilli() + r.varint()).UTC()
	}
	if err := r.end(); err != nil {
		return chain.Entry{}, err
	}
	var err error
	e.Header, err = block.ParseHeader(header)
	return e, err
}

func appendCoin(b []byte, c *consensus.Coin) []byte {
	code := uint64(c.Height) << 1
	if c.Coinbase {
		code |= 1
	}
	b = binary.AppendUvarint(b, code)
	b = binary.AppendUvarint(b, uint64(c.Value))
	b = binary.LittleEndian.AppendUint32(b, c.MedianTime)
	if hash, ok := block.PubKeyHash(c.Script); ok {
		return append(append(b, 0), hash[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(c.Script))+1)
	return append(b, c.Script...)
}

// coin reads one coin. Its script shares no memory with the value.
func (r *reader) coin() (c consensus.Coin) {
	code := r.uvarint(math.MaxInt32<<1 | 1)
	c.Height, c.Coinbase = block.Height(code>>1), code&1 == 1
	c.Value = block.Amount(r.uvarint(math.MaxUint64))
	if since := r.take(4); since != nil {
		c.MedianTime = binary.LittleEndian.Uint32(since)
	}
	n := r.uvarint(uint64(len(r.b)) + 1)
	if n == 0 {
		if hash := r.take(20); hash != nil {
			c.Script = block.PubKeyHashScript([20]byte(hash))
		}
		return c
	}
	c.Script = append([]byte(nil), r.take(int(n-1))...)
	if _, ok := block.PubKeyHash(c.Script); ok {
		r.fail(errForm)
	}
	return c
}

func decodeCoin(b []byte) (consensus.Coin, error) {
	r := reader{b: b}
	c := r.coin()
	return c, r.end()
}

// undo data is the coins one after the other.
func appendUndo(b []byte, spent []consensus.UTXO) []byte {
	for i := range spent {
		b = appendCoin(b, &spent[i].Coin)
	}
	return b
}

func decodeUndo(b []byte) ([]consensus.Coin, error) {
	var out []consensus.Coin
	r := reader{b: b}
	for len(r.b) > 0 && r.err == nil {
		out = append(out, r.coin())
	}
	return out, r.err
}

// decodeBody reads the block with this hash.
func decodeBody(b []byte, hash block.Hash) (*block.Block, error) {
	out, err := block.Parse(b)
	if err != nil {
		return nil, err
	}
	if got := out.Hash(); got != hash {
		return nil, fmt.Errorf("its hash is %s", got)
	}
	return out, nil
}

// scriptDelta is what one transaction did to one script: the outputs that pay to it, and
// the sum of the inputs that spend from it.
type scriptDelta struct {
	txid    block.Hash
	spent   block.Amount
	outputs []received
}

type received struct {
	index uint32
	value block.Amount
}

func appendScriptDelta(b []byte, t *scriptDelta) []byte {
	b = append(b, t.txid[:]...)
	b = binary.AppendUvarint(b, uint64(t.spent))
	for _, out := range t.outputs {
		b = binary.AppendUvarint(b, uint64(out.index))
		b = binary.AppendUvarint(b, uint64(out.value))
	}
	return b
}

func decodeScriptDelta(b []byte) (scriptDelta, error) {
	r := reader{b: b}
	t := scriptDelta{txid: r.hash()}
	t.spent = block.Amount(r.uvarint(math.MaxUint64))
	for len(r.b) > 0 && r.err == nil {
		index := r.uvarint(math.MaxUint32)
		t.outputs = append(t.outputs, received{uint32(index), block.Amount(r.uvarint(math.MaxUint64))})
	}
	return t, r.err
}

func decodeHash(b []byte) (block.Hash, error) {
	r := reader{b: b}
	h := r.hash()
	return h, r.end()
}

func decodeNumber(b []byte) (uint64, error) {
	r := reader{b: b}
	n := r.uvarint(math.MaxInt32)
	return n, r.end()
}

// network is which network's chain a database holds.
type network struct {
	digest block.Hash
	name   string
}

func appendNetwork(b []byte, n network) []byte {
	return append(append(b, n.digest[:]...), n.name...)
}

func decodeNetwork(b []byte) (network, error) {
	r := reader{b: b}
	n := network{digest: r.hash(), name: string(r.b)}
	return n, r.err
}
