package p2p

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

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
// request and its response, or, if it begins with a status, only statuses in one
// direction.
type kind byte

const (
	kindStatus     kind = 1
	kindGetHeaders kind = 2
	kindHeaders    kind = 3
	kindGetBlocks  kind = 4
	kindBlock      kind = 5
	kindGetPool    kind = 6
	kindPool       kind = 7
	kindGetTxs     kind = 8
	kindTx         kind = 9
	kindMissing    kind = 10
	kindGetPeers   kind = 11
	kindPeers      kind = 12
)

// kinds holds the name of each kind and the maximum size of its payload.
var kinds = [...]struct {
	name string
	most int
}{
	kindStatus:     {"status", statusFixed + MaxAgent},              // tip 32 | height 4 | work 32 | agent length 1 | agent
	kindGetHeaders: {"getheaders", 32 + 32*peer.MaxLocator},         // stop 32 | locator, 32 each
	kindHeaders:    {"headers", block.HeaderSize * peer.MaxHeaders}, // headers, 80 each
	kindGetBlocks:  {"getblocks", 32 * peer.MaxBlocksAsked},         // block hashes, 32 each
	kindBlock:      {"block", MaxMessage},                           // a block
	kindGetPool:    {"getpool", 0},                                  // nothing
	kindPool:       {"pool", 32 * peer.MaxPoolIDs},                  // txids, 32 each
	kindGetTxs:     {"gettxs", 32 * peer.MaxTxsAsked},               // txids, 32 each
	kindTx:         {"tx", MaxMessage},                              // a transaction
	kindMissing:    {"missing", 32},                                 // the requested ID that is not here
	kindGetPeers:   {"getpeers", 0},                                 // nothing
	kindPeers:      {"peers", MaxAddrs * (2 + MaxAddr)},             // addresses, each: length 2 | binary multiaddr with /p2p/
}

func (k kind) known() bool { return int(k) < len(kinds) && kinds[k].name != "" }

func (k kind) String() string {
	if k.known() {
		return kinds[k].name
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// maxPayload returns the maximum size of a payload of this kind; -1 for an unknown kind.
func (k kind) maxPayload() int {
	if k.known() {
		return kinds[k].most
	}
	return -1
}

// malformed is an error that only a peer which violates the protocol can cause.
type malformed string

func (m malformed) Error() string { return string(m) }

func malformedf(format string, args ...any) error { return malformed(fmt.Sprintf(format, args...)) }

// isMalformed tells a violation of the protocol from a broken connection.
func isMalformed(err error) bool { return errors.As(err, new(malformed)) }

const frameHead = 5 // length 4 | kind 1

// appendFrame appends one frame to b. It does not check the payload's length: a caller
// that passes too much has a bug, which the receiver reports.
func appendFrame(b []byte, k kind, payload []byte) []byte {
	return append(append(b, frameHeader(k, len(payload))...), payload...)
}

func frameHeader(k kind, n int) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(n)), byte(k))
}

// readFrame reads one frame of one of the kinds wanted. It checks the length against the
// kind's limit before it allocates, and its buffer grows with what arrives, not with what
// was announced. At the end of the stream it returns io.EOF, in the middle of a frame
// io.ErrUnexpectedEOF. A malformed error means that the peer violated the protocol.
func readFrame(r io.Reader, wanted ...kind) (kind, []byte, error) {
	k, n, err := readHead(r, wanted...)
	if err != nil {
		return 0, nil, err
	}
	payload, err := readGrowing(r, n)
	if err != nil {
		return 0, nil, err
	}
	return k, payload, nil
}

// readHead reads the kind of a frame and the length of its payload, and checks both.
func readHead(r io.Reader, wanted ...kind) (kind, int, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, 0, err
	}
	n, k := binary.LittleEndian.Uint32(head[:]), kind(head[4])
	if !slices.Contains(wanted, k) {
		return 0, 0, malformedf("sent %v, want %v", k, wanted)
	}
	if int64(n) > int64(k.maxPayload()) {
		return 0, 0, malformedf("sent %v of %d bytes, at most %d", k, n, k.maxPayload())
	}
	return k, int(n), nil
}

// readGrowing reads n bytes and allocates at most twice what has arrived (and 64 KB): a
// stream that announces 1 MB and sends nothing costs almost nothing.
func readGrowing(r io.Reader, n int) ([]byte, error) {
	const step = 64 << 10
	buf := make([]byte, 0, min(n, step))
	for len(buf) < n {
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, min(n, 2*cap(buf))), buf...)
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

// printable shortens and cleans our own agent, so that parseStatus accepts it.
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
		return peer.Status{}, malformedf("status of %d bytes, at least %d", len(b), statusFixed)
	}
	var s peer.Status
	copy(s.Tip[:], b)
	height := binary.LittleEndian.Uint32(b[32:])
	if height > math.MaxInt32 {
		return peer.Status{}, malformedf("status with height %d, at most %d", height, math.MaxInt32)
	}
	s.Height = block.Height(height)
	copy(s.Work[:], b[36:])
	s.Agent = string(b[statusFixed:])
	if n := int(b[68]); n != len(s.Agent) || n > MaxAgent {
		return peer.Status{}, malformedf("status with an agent of %d bytes, %d came, at most %d", n, len(s.Agent), MaxAgent)
	}
	if s.Agent != printable(s.Agent) {
		return peer.Status{}, malformedf("status with an agent that is not printable ASCII: %q", s.Agent)
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

// parseHashes parses least to most hashes and rejects anything else.
func parseHashes(b []byte, least, most int) ([]block.Hash, error) {
	n := len(b) / 32
	if len(b)%32 != 0 || n < least || n > most {
		return nil, malformedf("%d bytes of hashes: want %d to %d times 32", len(b), least, most)
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
		return nil, stop, malformedf("getheaders of %d bytes, at least 32", len(b))
	}
	copy(stop[:], b)
	locator, err = parseHashes(b[32:], 0, peer.MaxLocator)
	return locator, stop, err
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
		return nil, malformedf("%d bytes of headers: want at most %d times %d", len(b), peer.MaxHeaders, size)
	}
	hs := make([]block.Header, n)
	for i := range hs {
		h, err := block.ParseHeader(b[size*i : size*(i+1)])
		if err != nil {
			return nil, malformedf("headers: %d: %v", i, err)
		}
		hs[i] = h
	}
	return hs, nil
}

// encodePeers encodes the first MaxAddrs addresses that are short enough.
func encodePeers(addrs []ma.Multiaddr) []byte {
	var b []byte
	sent := 0
	for _, a := range addrs {
		raw := a.Bytes()
		if len(raw) > MaxAddr || sent == MaxAddrs {
			continue
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(len(raw)))
		b = append(b, raw...)
		sent++
	}
	return b
}

// parsePeers parses addresses, each with a /p2p/ part that names the peer.
func parsePeers(b []byte) ([]corepeer.AddrInfo, error) {
	var found []corepeer.AddrInfo
	for len(b) > 0 {
		if len(found) == MaxAddrs {
			return nil, malformedf("more than %d addresses", MaxAddrs)
		}
		if len(b) < 2 {
			return nil, malformedf("address %d: truncated", len(found))
		}
		n := int(binary.LittleEndian.Uint16(b))
		if b = b[2:]; n == 0 || n > MaxAddr || n > len(b) {
			return nil, malformedf("address %d: %d bytes, %d left, at most %d", len(found), n, len(b), MaxAddr)
		}
		a, err := ma.NewMultiaddrBytes(b[:n])
		if err != nil {
			return nil, malformedf("address %d: %v", len(found), err)
		}
		info, err := corepeer.AddrInfoFromP2pAddr(a)
		if err != nil || len(info.Addrs) != 1 {
			return nil, malformedf("address %d: %v is not an address with /p2p/", len(found), a)
		}
		found = append(found, *info)
		b = b[n:]
	}
	return found, nil
}
