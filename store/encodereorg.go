package store

import (
	"encoding/binary"
	"time"

	"toychain/chain"
)

// The fewest bytes that one item of each list in a journal entry takes.
const (
	minPoint = 32 + 1
	minPair  = 32 + 32
)

func appendReorg(b []byte, g *chain.Reorg) []byte {
	b = binary.AppendVarint(b, g.Time.UnixMilli())
	for _, p := range []chain.Point{g.From, g.To, g.Fork} {
		b = appendPoint(b, p)
	}
	for _, list := range [][]chain.Point{g.Left, g.Joined} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, p := range list {
			b = appendPoint(b, p)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(g.Returned)))
	for _, id := range g.Returned {
		b = append(b, id[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(g.Reconfirmed)))
	for _, c := range g.Reconfirmed {
		b = append(append(b, c.TxID[:]...), c.Block[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(g.Conflicted)))
	for _, c := range g.Conflicted {
		b = append(append(b, c.TxID[:]...), c.By[:]...)
	}
	return b
}

func decodeReorg(b []byte) (chain.Reorg, error) {
	r := reader{b: b}
	g := chain.Reorg{Time: time.UnixMilli(r.varint()).UTC()}
	g.From, g.To, g.Fork = r.point(), r.point(), r.point()
	g.Left, g.Joined = r.points(), r.points()
	g.Returned = list(&r, 32, (*reader).hash)
	g.Reconfirmed = list(&r, minPair, func(r *reader) chain.Reconfirmed {
		return chain.Reconfirmed{TxID: r.hash(), Block: r.hash()}
	})
	g.Conflicted = list(&r, minPair, func(r *reader) chain.Conflicted {
		return chain.Conflicted{TxID: r.hash(), By: r.hash()}
	})
	return g, r.end()
}

func appendPoint(b []byte, p chain.Point) []byte {
	return binary.AppendUvarint(append(b, p.Hash[:]...), uint64(p.Height))
}

func (r *reader) point() chain.Point { return chain.Point{Hash: r.hash(), Height: r.height()} }

func (r *reader) points() []chain.Point { return list(r, minPoint, (*reader).point) }

// list reads a length and that many items of at least size bytes; nil if none.
func list[T any](r *reader, size int, item func(*reader) T) []T {
	n := r.count(size)
	if n == 0 {
		return nil
	}
	out := make([]T, n)
	for i := range out {
		out[i] = item(r)
	}
	return out
}
