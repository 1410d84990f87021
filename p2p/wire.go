package p2p

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"toychain/block"
	"toychain/peer"

	corepeer "github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// The sync protocol is made of frames:
//
//	frame = length 4 | kind 1 | payload (length bytes)
//
// The length is little-endian and counts the payload only. A stream carries one
// request and its answer, or, if it begins with a status, one status after the
// other in one direction.
type kind byte

const (
	kindStatus     kind = 1  // tip 32 | height 4 | work 32 | agent length 1 | agent
	kindGetHeaders kind = 2  // stop 32 | locator, 32 each
	kindHeaders    kind = 3  // headers, 80 each
	kindGetBlocks  kind = 4  // ids, 32 each
	kindBlock      kind = 5  // a block
	kindGetPool    kind = 6  // nothing
	kindPool       kind = 7  // txids, 32 each
	kindGetTxs     kind = 8  // txids, 32 each
	kindTx         kind = 9  // a transaction
	kindMissing    kind = 10 // the id, asked for, that is not here
	kindGetPeers   kind = 11 // nothing
	kindPeers      kind = 12 // addresses, each: length 2 | binary multiaddr with /p2p/
	kindGetAges    kind = 13 // ids of blocks, 32 each
	kindAges       kind = 14 // microseconds, 8 each, signed: see Handler.BlockAges
)

func (k kind) String() string {
	names := [...]string{kindStatus: "status", kindGetHeaders: "getheaders", kindHeaders: "headers",
		kindGetBlocks: "getblocks", kindBlock: "block", kindGetPool: "getpool", kindPool: "pool",
		kindGetTxs: "gettxs", kindTx: "tx", kindMissing: "missing", kindGetPeers: "getpeers", kindPeers: "peers",
		kindGetAges: "getages", kindAges: "ages"}
	if int(k) < len(names) && names[k] != "" {
		return names[k]
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// most returns the most bytes that a payload of this kind may have; -1 for a
// kind that does not exist.
func (k kind) most() int {
	switch k {
	case kindStatus:
		return statusFixed + MaxAgent
	case kindGetHeaders:
		return 32 + 32*peer.MaxLocator
	case kindHeaders:
		return block.HeaderSize * peer.MaxHeaders
	case kindGetBlocks:
		return 32 * peer.MaxBlocksAsked
	case kindBlock, kindTx:
		return MaxMessage
	case kindGetPool, kindGetPeers:
		return 0
	case kindPool:
		return 32 * peer.MaxPoolIDs
	case kindGetTxs:
		return 32 * peer.MaxTxsAsked
	case kindMissing:
		return 32
	case kindPeers:
		return MaxAddrsTold * (2 + MaxAddr)
	case kindGetAges:
		return 32 * MaxAgesAsked
	case kindAges:
		return 8 * MaxAgesAsked
	}
	return -1
}

// garbled is an error that only a peer which breaks the protocol can cause.
type garbled string

func (g garbled) Error() string { return string(g) }

func garble(format string, args ...any) error { return garbled(fmt.Sprintf(format, args...)) }

// isGarbled tells a broken protocol from a broken line.
func isGarbled(err error) bool {
	var g garbled
	return errors.As(err, &g)
}

const frameHead = 5 // length 4 | kind 1

// appendFrame appends one frame to b. The payload's length is our own affair: a
// caller that passes too much has a bug, and the receiver will say so.
func appendFrame(b []byte, k kind, payload []byte) []byte {
	return append(append(b, frameHeader(k, len(payload))...), payload...)
}

func frameHeader(k kind, n int) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(n)), byte(k))
}

// readFrame reads one frame of one of the kinds wanted. The length is held
// against the kind's limit before anything is allocated, and the buffer grows
// with what arrives, not with what was announced. At the end of the stream it
// returns io.EOF; in the middle of a frame io.ErrUnexpectedEOF. A garbled error
// means the peer broke the protocol.
func readFrame(r io.Reader, wanted ...kind) (kind, []byte, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n, k := binary.LittleEndian.Uint32(head[:]), kind(head[4])
	ok := false
	for _, w := range wanted {
		ok = ok || w == k
	}
	if !ok {
		return 0, nil, garble("sent %v where %v belongs", k, wanted)
	}
	if int64(n) > int64(k.most()) {
		return 0, nil, garble("sent %v of %d bytes, at most %d", k, n, k.most())
	}
	payload, err := readGrowing(r, int(n))
	if err != nil {
		return 0, nil, err
	}
	return k, payload, nil
}

// readGrowing reads n bytes, allocating at most twice what has arrived (and
// 64 KB): a stream that announces 4 MB and sends nothing costs next to nothing.
func readGrowing(r io.Reader, n int) ([]byte, error) {
	const step = 64 << 10
	buf := make([]byte, 0, min(n, step))
	for len(buf) < n {
		if len(buf) == cap(buf) {
			bigger := make([]byte, len(buf), min(n, 2*cap(buf)))
			copy(bigger, buf)
			buf = bigger
		}
		m, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+m]
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
	}
	return buf, nil
}

const statusFixed = 32 + 4 + 32 + 1

func encodeStatus(s peer.Status) []byte {
	agent := printable(s.Agent)
	b := make([]byte, 0, statusFixed+len(agent))
	b = append(b, s.Tip[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(max(s.Height, 0)))
	b = append(b, s.Work[:]...)
	b = append(b, byte(len(agent)))
	return append(b, agent...)
}

// printable cuts our own agent to what parseStatus accepts.
func printable(agent string) string {
	if len(agent) > MaxAgent {
		agent = agent[:MaxAgent]
	}
	b := []byte(agent)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

func parseStatus(b []byte) (peer.Status, error) {
	if len(b) < statusFixed {
		return peer.Status{}, garble("status of %d bytes, at least %d", len(b), statusFixed)
	}
	var s peer.Status
	copy(s.Tip[:], b)
	height := binary.LittleEndian.Uint32(b[32:])
	if height > math.MaxInt32 {
		return peer.Status{}, garble("status with height %d, at most %d", height, math.MaxInt32)
	}
	s.Height = block.Height(height)
	copy(s.Work[:], b[36:])
	s.Agent = string(b[statusFixed:])
	if n := int(b[68]); n != len(s.Agent) || n > MaxAgent {
		return peer.Status{}, garble("status with an agent of %d bytes, %d came, at most %d", n, len(s.Agent), MaxAgent)
	}
	if s.Agent != printable(s.Agent) {
		return peer.Status{}, garble("status with an agent that is not printable ASCII: %q", s.Agent)
	}
	return s, nil
}

func encodeHashes(hs []block.Hash) []byte {
	b := make([]byte, 0, 32*len(hs))
	for i := range hs {
		b = append(b, hs[i][:]...)
	}
	return b
}

// parseHashes reads least to most hashes and nothing else.
func parseHashes(b []byte, least, most int) ([]block.Hash, error) {
	n := len(b) / 32
	if len(b)%32 != 0 || n < least || n > most {
		return nil, garble("%d bytes of hashes: want %d to %d times 32", len(b), least, most)
	}
	hs := make([]block.Hash, n)
	for i := range hs {
		copy(hs[i][:], b[32*i:])
	}
	return hs, nil
}

func encodeGetHeaders(locator []block.Hash, stop block.Hash) []byte {
	return append(stop[:], encodeHashes(locator)...)
}

func parseGetHeaders(b []byte) (locator []block.Hash, stop block.Hash, err error) {
	if len(b) < 32 {
		return nil, stop, garble("getheaders of %d bytes, at least 32", len(b))
	}
	copy(stop[:], b)
	locator, err = parseHashes(b[32:], 0, peer.MaxLocator)
	return locator, stop, err
}

func encodeAges(ages []time.Duration) []byte {
	b := make([]byte, 0, 8*len(ages))
	for _, a := range ages {
		us := int64(a)
		if a >= 0 {
			us = a.Microseconds()
		}
		b = binary.LittleEndian.AppendUint64(b, uint64(us))
	}
	return b
}

// parseAges reads n ages and nothing else.
func parseAges(b []byte, n int) ([]time.Duration, error) {
	if len(b) != 8*n {
		return nil, garble("%d bytes of ages: want %d times 8", len(b), n)
	}
	ages := make([]time.Duration, n)
	for i := range ages {
		us := int64(binary.LittleEndian.Uint64(b[8*i:]))
		switch {
		case us == int64(AgeUnknown) || us == int64(AgeLater):
			ages[i] = time.Duration(us)
		case us < 0 || us > int64(math.MaxInt64/time.Microsecond):
			return nil, garble("age of %d microseconds", us)
		default:
			ages[i] = time.Duration(us) * time.Microsecond
		}
	}
	return ages, nil
}

func encodeHeaders(hs []block.Header) []byte {
	b := make([]byte, 0, block.HeaderSize*len(hs))
	for i := range hs {
		raw := hs[i].Bytes()
		b = append(b, raw[:]...)
	}
	return b
}

func parseHeaders(b []byte) ([]block.Header, error) {
	const size = block.HeaderSize
	n := len(b) / size
	if len(b)%size != 0 || n > peer.MaxHeaders {
		return nil, garble("%d bytes of headers: want at most %d times %d", len(b), peer.MaxHeaders, size)
	}
	hs := make([]block.Header, n)
	for i := range hs {
		h, err := block.ParseHeader(b[size*i : size*(i+1)])
		if err != nil {
			return nil, garble("headers: %d: %v", i, err)
		}
		hs[i] = h
	}
	return hs, nil
}

// encodePeers writes the first MaxAddrsTold addresses that are short enough.
func encodePeers(addrs []ma.Multiaddr) []byte {
	var b []byte
	told := 0
	for _, a := range addrs {
		raw := a.Bytes()
		if len(raw) > MaxAddr || told == MaxAddrsTold {
			continue
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(len(raw)))
		b = append(b, raw...)
		told++
	}
	return b
}

// parsePeers reads addresses, each with a /p2p/ part that says whose it is.
func parsePeers(b []byte) ([]corepeer.AddrInfo, error) {
	var found []corepeer.AddrInfo
	for len(b) > 0 {
		if len(found) == MaxAddrsTold {
			return nil, garble("more than %d addresses", MaxAddrsTold)
		}
		if len(b) < 2 {
			return nil, garble("address %d: truncated", len(found))
		}
		n := int(binary.LittleEndian.Uint16(b))
		if b = b[2:]; n == 0 || n > MaxAddr || n > len(b) {
			return nil, garble("address %d: %d bytes, %d left, at most %d", len(found), n, len(b), MaxAddr)
		}
		a, err := ma.NewMultiaddrBytes(b[:n])
		if err != nil {
			return nil, garble("address %d: %v", len(found), err)
		}
		info, err := corepeer.AddrInfoFromP2pAddr(a)
		if err != nil || len(info.Addrs) != 1 {
			return nil, garble("address %d: %v is not an address with /p2p/", len(found), a)
		}
		found = append(found, *info)
		b = b[n:]
	}
	return found, nil
}
