package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"toychain/engine"
	"toychain/node"
)

// Config is how a Server can be reached.
type Config struct {
	Listen  string // host:port; "" is 127.0.0.1 and a port that the system chooses; see listen
	Dir     string // directory of the cookie; "": there is none
	User    string // a user that may log in as well, unless ""
	Pass    string
	REST    bool         // answer REST requests too, which need no password (rest.go)
	Log     *slog.Logger // nil: nothing is logged
	Stop    func()       // stops the program, for the method stop; nil: the method fails
	LogPath string       // for getrpcinfo; may be ""
}

// Server answers calls for one node.
type Server struct {
	cfg       Config
	node      *node.Node
	log       *slog.Logger
	listeners []net.Listener // one at least
	login     *login
	conns     *conns
	methods   map[string]*method
	metrics   *metrics
	running   sync.Map // by *runningCall
	treeSeq   int64    // before the first change of the tree: greater than any sequence number of an earlier run
	coinbases sync.Map // answer.Coinbase by block.Hash: no more than the tree has blocks, which are in memory too

	// See limits.go.
	quick, long, large, streams, rest, waiting places
}

// New opens the port and writes the cookie. Requests are answered by Run, which must be
// called: with a context that has ended, it only closes the Server.
func New(cfg Config, n *node.Node) (*Server, error) {
	cfg.Listen = cmp.Or(cfg.Listen, "127.0.0.1:0")
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Dir == "" && cfg.User == "" {
		return nil, errors.New("rpc: no client could log in: there is neither a directory for the cookie nor a user")
	}
	if err := checkLogin(cfg.User, cfg.Pass); err != nil {
		return nil, fmt.Errorf("rpc: %w", err)
	}
	listeners, err := listen(cfg.Listen, cfg.Log)
	if err != nil {
		return nil, listenError(cfg.Listen, err)
	}
	l, err := newLogin(cfg.Dir, cfg.User, cfg.Pass)
	if err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return nil, fmt.Errorf("rpc: %w", err)
	}
	s := &Server{
		treeSeq: time.Now().UnixMilli() * 1000,
		cfg:     cfg, node: n, log: cfg.Log, listeners: listeners, login: l, methods: table(),
		conns: &conns{known: fewConns(maxConns), strangers: fewConns(maxStrangers), open: make(map[net.Conn]connState)},
		quick: make(places, maxCalls), long: make(places, maxLong), streams: make(places, maxStreams), rest: make(places, maxREST),
		large: make(places, maxLarge), waiting: make(places, maxWaiting),
	}
	s.metrics = newMetrics(s)
	return s, nil
}

// listen opens addr. One on 127.0.0.1 or localhost is opened on [::1] as well, with the same
// port, if the machine has that and the port is free: some clients take localhost for it
// (Core: DEFAULT_RPCBIND, both).
func listen(addr string, log *slog.Logger) ([]net.Listener, error) {
	first, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	out := []net.Listener{first}
	host, port, _ := net.SplitHostPort(first.Addr().String())
	if host != "127.0.0.1" {
		return out, nil
	}
	second, err := net.Listen("tcp6", net.JoinHostPort("::1", port))
	if errors.Is(err, syscall.EADDRINUSE) {
		log.Warn("another program has this port on [::1]: clients that connect to localhost may reach that one, give them 127.0.0.1", "port", port)
	}
	if err == nil {
		out = append(out, second)
	}
	return out, nil
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

// Addr returns where the server listens, host:port; of two addresses that of IPv4.
func (s *Server) Addr() string { return s.listeners[0].Addr().String() }

// Run answers requests until ctx ends. Then it wakes the calls that wait, lets the others
// finish, and removes the cookie. It owns every goroutine of the Server.
func (s *Server) Run(ctx context.Context) error {
	defer s.login.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	mux := http.NewServeMux()
	inside := func(h http.HandlerFunc) http.HandlerFunc { return s.login.guard(s.conns.serving(true, h)) }
	mux.HandleFunc("/{$}", inside(s.handleCalls))
	mux.HandleFunc(walletPath, inside(s.handleCalls))
	mux.HandleFunc("GET /events", sameSite(inside(s.handleEvents)))
	mux.HandleFunc("GET /metrics", sameSite(inside(s.metrics.http.ServeHTTP)))
	mux.HandleFunc("GET /healthz", s.handleHealth)
	mux.HandleFunc(restPath, s.conns.serving(false, s.handleREST))
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
	group.Go(func() {
		for ev := range s.node.Watch(ctx) {
			s.metrics.observe(&ev)
		}
	})
	ended := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		group.Go(func() { ended <- web.Serve(l) })
	}
	var err error
	select {
	case err = <-ended:
		web.Close()
	case <-ctx.Done():
		// The contexts of the calls end with ctx; give them a moment to answer so.
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

// timed limits how long a request's body may take to arrive.
func timed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(transferTimeout))
		h.ServeHTTP(w, r)
	})
}

// handleHealth answers whether the node does. It needs no password and reveals nothing else.
func (s *Server) handleHealth(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.node.Look(ctx, func(*engine.Engine) {}); err != nil {
		http.Error(w, "the node does not answer", http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ok\n")
}
