package server

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// conns are the open connections, at most so many. For one more, the one that has been
// silent for the longest is closed.
type conns struct {
	most int

	mu     sync.Mutex
	silent map[net.Conn]time.Time // since when; zero while a request is answered
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

// enter is http.Server.ConnContext.
func (cs *conns) enter(ctx context.Context, c net.Conn) context.Context {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for len(cs.silent) >= cs.most && cs.closeOldest() {
	}
	if len(cs.silent) >= cs.most {
		c.Close()
	}
	cs.silent[c] = time.Now()
	return context.WithValue(ctx, connKey{}, c)
}

// closeOldest closes the connection that has been silent for the longest, and reports
// whether there is a silent one.
func (cs *conns) closeOldest() bool {
	var oldest net.Conn
	for c, since := range cs.silent {
		if !since.IsZero() && (oldest == nil || since.Before(cs.silent[oldest])) {
			oldest = c
		}
	}
	if oldest == nil {
		return false
	}
	delete(cs.silent, oldest)
	oldest.Close()
	return true
}

// state is http.Server.ConnState.
func (cs *conns) state(c net.Conn, s http.ConnState) {
	if s == http.StateClosed || s == http.StateHijacked {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		delete(cs.silent, c)
	}
}

// serving keeps a request's connection open for as long as h takes.
func (cs *conns) serving(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Context().Value(connKey{}).(net.Conn)
		mark := func(since time.Time) {
			cs.mu.Lock()
			defer cs.mu.Unlock()
			if _, open := cs.silent[c]; open {
				cs.silent[c] = since
			}
		}
		mark(time.Time{})
		defer func() { mark(time.Now()) }()
		h(w, r)
	}
}
