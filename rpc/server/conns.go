package server

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Every limit of the server, with its source.
const (
	// maxConns is how many connections are open at once. For one more, the one that
	// has been silent for the longest is closed. Ours.
	maxConns = 256
	// maxHeaderBytes is the most bytes of a request's headers (Core: MAX_HEADERS_SIZE).
	maxHeaderBytes = 8192
	// maxBody is the most bytes of a request: the largest message there is, in hex
	// digits, and room for what is around it. Core takes 32 MB; its blocks are larger.
	maxBody = 8_000_000 + 64<<10
	// smallBody is up to where bodies are read without a place among bigBodies, and
	// bigBodies how many larger ones are in memory at once. Ours.
	smallBody = 64 << 10
	bigBodies = 8
	// maxBatch is how many calls one batch may hold. Ours; Core has no limit.
	maxBatch = 10_000
	// maxBatchAnswer is after how many bytes of answers a batch gets no more. Ours.
	maxBatchAnswer = 64 << 20
	// maxAnswers is how many bytes of all answers may be in memory, being made or on
	// their way to slow readers, until nobody gets more than he has. Ours.
	maxAnswers = 256 << 20

	// threads is how many calls are worked on at once (Core 28: -rpcthreads), and
	// workQueue how many more may wait for that (Core 28: -rpcworkqueue).
	threads   = 16
	workQueue = 64
	// maxWaiting is how many calls may wait or work for long beside them. Ours.
	maxWaiting = 64
	// maxStreams is how many may listen to events. Ours.
	maxStreams = 32

	// headerTimeout is how long a request's headers may take, transferTimeout its
	// body, and again the answer (Core: -rpcservertimeout). A program that has connected
	// on a machine under load may take seconds to say its first word; those who never
	// do hold up nobody (maxConns).
	headerTimeout   = 30 * time.Second
	transferTimeout = 30 * time.Second
	// idleTimeout is how long a connection may be silent between calls (Core:
	// -rpcservertimeout).
	idleTimeout = 30 * time.Second
	// stopTimeout is how long calls may take to end when the server stops. Ours.
	stopTimeout = 3 * time.Second
)

// conns are the open connections. Nobody who is not let in can take up all places:
// those who are not being served make room, the longest silent first.
type conns struct {
	most int
	mu   sync.Mutex
	all  map[net.Conn]*conn
}

// conn is one open connection. Its fields belong to conns.mu.
type conn struct {
	since time.Time // when it was made, or last served
	busy  bool      // somebody who is let in is being served
}

func newConns(most int) *conns { return &conns{most: most, all: make(map[net.Conn]*conn)} }

// connKey is the key of a connection's *conn in its context.
type connKey struct{}

// enter is http.Server.ConnContext.
func (cs *conns) enter(ctx context.Context, c net.Conn) context.Context {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for len(cs.all) >= cs.most && cs.closeOne() {
	}
	if len(cs.all) >= cs.most {
		c.Close()
	}
	info := &conn{since: time.Now()}
	cs.all[c] = info
	return context.WithValue(ctx, connKey{}, info)
}

// closeOne closes the connection that has been silent for the longest, if there is one.
func (cs *conns) closeOne() bool {
	var oldest net.Conn
	for c, info := range cs.all {
		if !info.busy && (oldest == nil || info.since.Before(cs.all[oldest].since)) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	delete(cs.all, oldest)
	oldest.Close()
	return true
}

// state is http.Server.ConnState.
func (cs *conns) state(c net.Conn, s http.ConnState) {
	if s == http.StateClosed || s == http.StateHijacked {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		delete(cs.all, c)
	}
}

// serving marks the connection of a request as busy for as long as h takes.
func (cs *conns) serving(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		info, _ := r.Context().Value(connKey{}).(*conn)
		set := func(busy bool) {
			cs.mu.Lock()
			defer cs.mu.Unlock()
			info.busy, info.since = busy, time.Now()
		}
		set(true)
		defer set(false)
		h(w, r)
	}
}
