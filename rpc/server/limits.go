package server

import (
	"context"
	"time"
)

// The limits of the server, each with its source, and what they are good for.
//
// The server listens on the loopback interface unless its user chooses otherwise, and
// demands a password for everything but /healthz and, where it is on, REST. Three parties
// can reach it:
//
//   - A stranger: any program that can open a connection and does not know a password.
//     The server reads the head of its request and nothing more. All that it can use up
//     is connections, and only those of strangers: they are counted apart from those on
//     which a password was right, and when there are maxStrangers, the one that has been
//     silent for the longest is closed (conns.go). So a stranger cannot lock other
//     programs out. With REST it can read the chain and the
//     mempool, and use up what limits REST alone: maxREST requests at once, a small body.
//   - A page in the user's browser, which may have kept the password. Its requests are
//     refused because of their origin (http.CrossOriginProtection); those of REST, which
//     needs none, also because of the name that they give this machine (checkSite).
//   - A program with the password. It may stop the node, so there is no defence against
//     malice; but it can be wrong, call without end, or ask for too much. Each request
//     takes a place until its answer is written. It may have to wait for one; when too many
//     wait it is refused at once with Core's "Work queue depth exceeded". Calls that may
//     take long and streams of events have separate places, so that quick calls are always
//     answered. The size of bodies and batches is limited, and so is the time to send a body
//     or to read an answer.
const (
	// maxConns is how many connections with a right password are open at once, and
	// maxStrangers how many others. Ours.
	// Each takes a file descriptor; where the system allows few, there may be fewer (fewConns).
	maxConns     = 1024
	maxStrangers = 1024
	// maxHeaderBytes is the most bytes of a request's headers (Core: MAX_HEADERS_SIZE).
	maxHeaderBytes = 8192

	// maxCalls is how many requests are answered at once (Core 28: -rpcthreads 16 and
	// -rpcworkqueue 64).
	maxCalls = 16 + 64
	// maxWaiting is how many requests may wait for such a place, each for at most maxWait. Ours:
	// all programs with a connection may call at the same moment, and be answered one after
	// the other.
	maxWaiting = maxConns
	maxWait    = 20 * time.Second
	// maxLarge is how many large answers are made and sent at once: a block with all its
	// transactions takes 4 MB meanwhile. The others wait like calls. Ours.
	maxLarge = 16
	// maxLong is how many requests may wait or work for long beside them. Ours.
	maxLong = 64
	// maxREST is how many REST requests are answered at once (Core 28: -rpcthreads). Ours
	// are beside the calls, whose places they cannot take.
	maxREST = 16
	// maxRESTBody is the most bytes of a REST request's body. Ours; maxRESTOutpoints take
	// 1,084 hex digits.
	maxRESTBody = 64 << 10
	// maxRESTHeaders is how many headers one request returns (Core: MAX_REST_HEADERS_RESULTS).
	maxRESTHeaders = 2000
	// maxRESTOutpoints is of how many outputs one request asks (Core: MAX_GETUTXOS_OUTPOINTS).
	maxRESTOutpoints = 15
	// maxStreams is how many streams of events there may be. Ours.
	maxStreams = 32

	// maxBody is the most bytes of a request: the largest message there is, in hex
	// digits, and some room for the rest. Core allows 32 MB; its blocks are larger.
	maxBody = 8_000_000 + 64<<10
	// maxValues is how many JSON values a body may have: each takes some hundred bytes
	// while the body is read. Ours; the largest batch has room for 25 values a call.
	maxValues = 250_000
	// maxBatch is how many calls one batch may hold. Ours; Core has no limit.
	maxBatch = 10_000
	// maxBatchAnswer is the size of a batch's answers after which no more calls of it
	// are made. Ours.
	maxBatchAnswer = 64 << 20

	// headerTimeout is how long a request's headers may take, transferTimeout its
	// body, and again the answer (Core: -rpcservertimeout). On a machine under load a
	// program may need seconds between connecting and its first byte.
	headerTimeout   = 30 * time.Second
	transferTimeout = 30 * time.Second
	// idleTimeout is how long a connection may be silent between calls (Core:
	// -rpcservertimeout).
	idleTimeout = 30 * time.Second
	// stopTimeout is how long calls may take to end when the server stops. Ours.
	stopTimeout = 3 * time.Second
)

// places are held by requests that are being answered; there are as many as the
// channel's capacity.
type places chan struct{}

// take takes a place, and reports whether one was free.
func (p places) take() bool {
	select {
	case p <- struct{}{}:
		return true
	default:
		return false
	}
}

func (p places) release() { <-p }

// wait takes a place as soon as one is free, and reports whether it did: not if there is no room
// to wait, if it takes too long, or if ctx ends.
func (p places) wait(ctx context.Context, room places) bool {
	if p.take() {
		return true
	}
	if !room.take() {
		return false
	}
	defer room.release()
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	select {
	case p <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}
