package server

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// conns are the open connections. Those on which a password was right are known, the others are
// strangers; there are at most so many of each. For one more, the one of its kind that has been
// silent for the longest is closed, so that strangers, however many, close no known one.
type conns struct {
	known, strangers int // the most

	mu   sync.Mutex
	open map[net.Conn]connState
}

type connState struct {
	known  bool
	silent time.Time // since when; zero while a request is answered
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

// enter is http.Server.ConnContext.
func (cs *conns) enter(ctx context.Context, c net.Conn) context.Context {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if !cs.makeRoom(false, cs.strangers) {
		c.Close()
	}
	cs.open[c] = connState{silent: time.Now()}
	return context.WithValue(ctx, connKey{}, c)
}

// makeRoom closes connections of a kind until there are less than so many, the longest silent
// first, and reports whether that could be done.
func (cs *conns) makeRoom(known bool, most int) bool {
	n := 0
	var oldest net.Conn
	for c, s := range cs.open {
		if s.known != known {
			continue
		}
		n++
		if !s.silent.IsZero() && (oldest == nil || s.silent.Before(cs.open[oldest].silent)) {
			oldest = c
		}
	}
	if n < most {
		return true
	}
	if oldest == nil {
		return false
	}
	delete(cs.open, oldest)
	oldest.Close()
	return true
}

// state is http.Server.ConnState.
func (cs *conns) state(c net.Conn, s http.ConnState) {
	if s == http.StateClosed || s == http.StateHijacked {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		delete(cs.open, c)
	}
}

// serving keeps a request's connection open for as long as h takes. If known is set, its password
// was right.
func (cs *conns) serving(known bool, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Context().Value(connKey{}).(net.Conn)
		mark := func(silent time.Time) {
			cs.mu.Lock()
			defer cs.mu.Unlock()
			s, open := cs.open[c]
			if !open {
				return
			}
			if known && !s.known {
				cs.makeRoom(true, cs.known) // if all are busy, one more does no harm: calls are limited
				s.known = true
			}
			s.silent = silent
			cs.open[c] = s
		}
		mark(time.Time{})
		defer func() { mark(time.Now()) }()
		h(w, r)
	}
}
