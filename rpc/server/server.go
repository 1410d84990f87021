package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"toychain/engine"
	"toychain/node"
	"toychain/rpc"
)

// Config says how a Server is to be reached.
type Config struct {
	Listen  string // host:port; "" is 127.0.0.1 and a port of the system's choice
	Dir     string // folder for the cookie; "": there is none
	User    string // lets this user in as well, unless ""
	Pass    string
	Log     *slog.Logger // nil: silence
	Stop    func()       // ends the program; what "stop" calls. nil: stop is refused
	LogPath string       // for getrpcinfo; may be ""
}

// Server answers calls for one node.
type Server struct {
	cfg      Config
	node     *node.Node
	log      *slog.Logger
	listener net.Listener
	login    *login
	conns    *conns
	methods  map[string]*method
	metrics  *metrics
	facts    *facts
	peerIDs  *peerIDs
	active   *activity
	gate     gate

	// Each is full when no more are admitted.
	admitted chan struct{} // threads and workQueue
	threads  chan struct{}
	waiting  chan struct{}
	big      chan struct{}
	streams  chan struct{}

	answers atomic.Int64 // bytes of all answers that are in memory
}

// New opens the port and writes the cookie. Nothing is answered before Run,
// and Run must be called: to throw a Server away, with a context that has ended.
func New(cfg Config, n *node.Node) (*Server, error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Dir == "" && cfg.User == "" {
		return nil, errors.New("rpc: neither a folder for a cookie nor a user: nobody could log in")
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, listenError(cfg.Listen, err)
	}
	l, err := newLogin(cfg.Dir, cfg.User, cfg.Pass)
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("rpc: %w", err)
	}
	s := &Server{
		cfg: cfg, node: n, log: cfg.Log, listener: listener, login: l, conns: newConns(maxConns),
		methods: make(map[string]*method),
		facts:   newFacts(), peerIDs: newPeerIDs(), active: newActivity(),
		admitted: make(chan struct{}, threads+workQueue), threads: make(chan struct{}, threads),
		waiting: make(chan struct{}, maxWaiting), big: make(chan struct{}, bigBodies), streams: make(chan struct{}, maxStreams),
	}
	for _, m := range methods() {
		s.methods[m.Name] = &m
	}
	s.metrics = newMetrics(s)
	return s, nil
}

func listenError(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("rpc: cannot listen on %s: another program has that port: stop it, or choose another with --rpc (port 0 lets the system choose)", addr)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("rpc: cannot listen on %s: no permission: choose a port above 1023 with --rpc", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("rpc: cannot listen on %s: this machine has no such address: try 127.0.0.1 or 0.0.0.0", addr)
	}
	return fmt.Errorf("rpc: cannot listen on %s: want host:port, like 127.0.0.1:8332: %w", addr, err)
}

// Addr returns where the server listens, host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run answers until ctx ends. Then calls that wait are woken and others may finish;
// the cookie is removed. It owns every goroutine of the Server.
func (s *Server) Run(ctx context.Context) error {
	defer s.login.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", s.login.guard(s.conns.serving(s.handleCalls)))
	mux.HandleFunc("GET /events", s.login.guard(s.conns.serving(s.handleEvents)))
	mux.HandleFunc("GET /metrics", s.login.guard(s.conns.serving(s.metrics.handle)))
	mux.HandleFunc("GET /healthz", s.handleHealth)
	web := &http.Server{
		Handler:           timed(http.NewCrossOriginProtection().Handler(mux)), // a browser may have kept the password
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       s.conns.enter,
		ConnState:         s.conns.state,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	var group sync.WaitGroup
	group.Go(func() { s.metrics.watch(ctx) })
	ended := make(chan error, 1)
	group.Go(func() { ended <- web.Serve(s.listener) })
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		// The calls' contexts end with ctx; give them a moment to say so.
		stop, cancelStop := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		if web.Shutdown(stop) != nil {
			web.Close()
		}
		cancelStop()
	}
	cancel()
	group.Wait()
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("rpc: %w", err)
	}
	return nil
}

// timed bounds how long a request's body may take to come.
func timed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(transferTimeout))
		h.ServeHTTP(w, r)
	})
}

// handleHealth says whether the node answers. It needs no password and tells nothing else.
func (s *Server) handleHealth(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.node.Look(ctx, func(*engine.Engine) {}); err != nil {
		http.Error(w, "the node does not answer", http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ok\n")
}

// handleCalls answers one call or a batch.
func (s *Server) handleCalls(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "JSONRPC server handles only POST requests", http.StatusMethodNotAllowed)
		return
	}
	body, status := s.readBody(w, r)
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return
	}
	// From here on only the end of the connection cuts a call short.
	http.NewResponseController(w).SetReadDeadline(time.Time{})

	var after []func()
	defer func() {
		for _, f := range after {
			f()
		}
	}()
	reply, status := s.answerBody(r.Context(), body, &after)
	held := int64(len(reply))
	defer s.answers.Add(-held) // when it has been read, or the reader was too slow
	if s.answers.Add(held) > maxAnswers && held > smallBody {
		reply, status = nil, http.StatusServiceUnavailable
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(transferTimeout))
	if status == http.StatusServiceUnavailable {
		http.Error(w, "Work queue depth exceeded", status)
		return
	}
	if reply != nil {
		w.Header().Set("Content-Type", jsonType)
		reply = append(reply, '\n')
		w.Header().Set("Content-Length", strconv.Itoa(len(reply))) // one write, in one piece
	}
	w.WriteHeader(status)
	w.Write(reply)
	http.NewResponseController(w).Flush()
}

// readBody reads what was sent, if it is not too much.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, int) {
	if r.ContentLength > maxBody {
		return nil, http.StatusRequestEntityTooLarge
	}
	if r.ContentLength < 0 || r.ContentLength > smallBody {
		select {
		case s.big <- struct{}{}:
			defer func() { <-s.big }()
		case <-time.After(transferTimeout):
			return nil, http.StatusServiceUnavailable
		case <-r.Context().Done():
			return nil, http.StatusServiceUnavailable
		}
	}
	var body bytes.Buffer
	body.Grow(int(max(r.ContentLength, 0)) + bytes.MinRead)
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, http.StatusRequestEntityTooLarge
	case err != nil:
		return nil, http.StatusRequestTimeout
	}
	return body.Bytes(), http.StatusOK
}

// answerBody answers one call or a batch, and collects what is to be done after
// that. The answer is nil if nobody wants one.
func (s *Server) answerBody(ctx context.Context, body []byte, after *[]func()) ([]byte, int) {
	calls, batch, err := splitBatch(body)
	if err == nil && len(calls) > maxBatch {
		err = fail(rpc.CodeInvalidRequest, "a batch of %d calls, at most %d", len(calls), maxBatch)
	}
	if err != nil {
		none := request{id: null}
		return none.answer(nil, err), none.httpStatus(err)
	}
	parsed := make([]parsedCall, len(calls))
	places := s.admitted
	for i, raw := range calls {
		p := &parsed[i]
		p.req, p.err = parseRequest(raw)
		if m := s.methods[p.req.method]; p.err == nil && m != nil && m.Long {
			places = s.waiting
		}
	}
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	default:
		return nil, http.StatusServiceUnavailable
	}
	if batch {
		return s.answerBatch(ctx, parsed, after)
	}
	req := parsed[0].req
	result, err := s.answerCall(ctx, &req, parsed[0].err, after)
	if req.notification() {
		return nil, http.StatusNoContent
	}
	return req.answer(result, err), req.httpStatus(err)
}

// parsedCall is a call of a body, or what is wrong with it.
type parsedCall struct {
	req request
	err *rpc.Error
}

// answerBatch answers calls one after the other, in one array.
func (s *Server) answerBatch(ctx context.Context, calls []parsedCall, after *[]func()) ([]byte, int) {
	out := []byte{'['}
	counted := int64(0)
	defer func() { s.answers.Add(-counted) }()
	for _, c := range calls {
		var result any
		req, err := c.req, c.err
		if len(out) > maxBatchAnswer {
			err = fail(rpc.CodeMisc, "not called: the answers to this batch are over %d bytes; ask for less at once", maxBatchAnswer)
		} else if s.answers.Load() > maxAnswers {
			err = fail(rpc.CodeMisc, "not called: the answers that wait to be read are over %d bytes; ask for less at once", maxAnswers)
		} else {
			result, err = s.answerCall(ctx, &req, err, after)
		}
		if req.notification() {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, req.answer(result, err)...)
		s.answers.Add(int64(len(out)) - counted)
		counted = int64(len(out))
	}
	if len(out) == 1 && len(calls) > 0 {
		return nil, http.StatusNoContent
	}
	return append(out, ']'), http.StatusOK
}

// answerCall answers one call. err is what parseRequest said of it.
func (s *Server) answerCall(ctx context.Context, req *request, err *rpc.Error, after *[]func()) (any, *rpc.Error) {
	if err != nil {
		s.metrics.called("", 0, err)
		return nil, err
	}
	m := s.methods[req.method]
	if m == nil {
		err = fail(rpc.CodeMethodNotFound, "Method not found")
		s.metrics.called("", 0, err)
		return nil, err
	}
	if !m.Long {
		select {
		case s.threads <- struct{}{}:
			defer func() { <-s.threads }()
		case <-ctx.Done():
			return nil, trouble(ctx.Err())
		}
	}
	begun := time.Now()
	done := s.active.begin(m.Name, begun)
	defer done()
	result, err := s.run(ctx, m, req, after)
	s.metrics.called(m.Name, time.Since(begun), err)
	return result, err
}

// run calls the method. A panic is a bug of ours and must not end the node.
func (s *Server) run(ctx context.Context, m *method, req *request, after *[]func()) (result any, err *rpc.Error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("a call failed: this is a bug", "method", m.Name, "panic", p, "stack", string(debug.Stack()))
			result, err = nil, fail(rpc.CodeMisc, "internal error in %s: this is a bug in toychain", m.Name)
		}
	}()
	args, err := m.arrange(req.params)
	if err != nil {
		return nil, err
	}
	c := &call{ctx: ctx, server: s, node: s.node, method: m}
	if result, err = m.answer(c, args); err == nil && c.after != nil {
		*after = append(*after, c.after)
	}
	return result, err
}
