package explorer

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"toychain/rpc"
)

// Config is what a Server shows, and where.
type Config struct {
	Listen   string                  // host:port; port 0: the system chooses
	Log      *Log                    // what happened
	Facts    func() map[string]Facts // figures of the nodes; nil: there are none
	Clients  func() []*rpc.Client    // nodes that may be asked for blocks and transactions; nil: none
	Controls Controls                // what the page may change; nil: nothing
	Lab      string                  // directory that may hold the lab's files; "": none
	Errors   *slog.Logger
}

// Server serves the page.
type Server struct {
	cfg      Config
	listener net.Listener
	token    string // that a change must carry
	assets   map[string]*asset
	policy   string
	streams  chan struct{}
	lab      *lab
}

const (
	// maxStreams is how many readers may follow at a time. A reader costs a few kilobytes: it
	// has no queue, only its place in the log.
	maxStreams = 64
	// sendTime is how long a reader may take for what is sent at once; a slower one is
	// disconnected, and gets a snapshot if it comes back too late.
	sendTime = 10 * time.Second
	// aliveEvery is how often a stream says that it is there, if nothing happens.
	aliveEvery = 15 * time.Second
	headerTime = 10 * time.Second
	stopTime   = time.Second
)

// NewServer listens. The error says what to do about it.
func NewServer(cfg Config) (*Server, error) {
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("explorer: cannot listen on %s: %w: choose another address with --listen (port 0 lets the system choose)", cfg.Listen, err)
	}
	s := &Server{cfg: cfg, listener: l, token: rand.Text(), streams: make(chan struct{}, maxStreams), lab: &lab{dir: cfg.Lab}}
	if s.assets, s.policy, err = loadAssets(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return s, nil
}

// URL returns the address of the page.
func (s *Server) URL() string {
	at := s.listener.Addr().(*net.TCPAddr)
	host := at.IP.String()
	if at.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(at.Port)) + "/"
}

// Run answers requests until ctx ends. It owns every goroutine of the Server.
func (s *Server) Run(ctx context.Context) error {
	web := &http.Server{
		Handler: s.guard(s.routes()), ReadHeaderTimeout: headerTime, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	if s.cfg.Errors != nil {
		web.ErrorLog = slog.NewLogLogger(s.cfg.Errors.Handler(), slog.LevelDebug)
	}
	var group sync.WaitGroup
	ended := make(chan error, 1)
	group.Go(func() { ended <- web.Serve(s.listener) })
	defer group.Wait()
	select {
	case err := <-ended:
		return fmt.Errorf("explorer: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if web.Shutdown(stop) != nil {
		return web.Close()
	}
	return nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /assets/{file}", s.asset)
	mux.HandleFunc("GET /lab/{$}", s.labPage)
	mux.HandleFunc("GET /lab/{file}", s.labFile)
	mux.HandleFunc("GET /api/events", s.events)
	mux.HandleFunc("GET /api/snapshot", s.snapshot)
	mux.HandleFunc("GET /api/controls", s.controls)
	mux.HandleFunc("POST /api/do", s.do)
	mux.HandleFunc("GET /find", s.find)
	mux.HandleFunc("GET /block/{hash}", s.blockPage)
	mux.HandleFunc("GET /tx/{txid}", s.txPage)
	mux.HandleFunc("GET /address/{address}", s.addressPage)
	return mux
}

// guard answers only requests of this server's own page, or of programs: the host must be an
// address of this machine and not a name that another site could point here (DNS rebinding),
// and a page of another site sends its own origin.
func (s *Server) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", s.policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		if !plainHost(r.Host) {
			http.Error(w, fmt.Sprintf("this page is served at %s and has no other name", s.URL()), http.StatusForbidden)
			return
		}
		origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
		foreign := site == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate"
		if origin != "" && origin != "http://"+r.Host || foreign {
			http.Error(w, "another site's page may not ask for this", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// plainHost reports whether a Host header is an IP address or localhost.
func plainHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	_, err = netip.ParseAddr(name)
	return err == nil || name == "localhost"
}

// mayChange reports whether a request carries the token.
func (s *Server) mayChange(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Toychain-Token")), []byte(s.token)) == 1
}

func (s *Server) snapshot(w http.ResponseWriter, r *http.Request) {
	text, _ := s.cfg.Log.Snapshot()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(text)
}

// events sends a snapshot and then what happens, or only what happened after the sequence
// number in Last-Event-ID.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		http.Error(w, "too many pages are open: close some", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := stream{w: w, ctl: http.NewResponseController(w)}
	seq := int64(-1)
	if _, err := fmt.Sscan(r.Header.Get("Last-Event-ID"), &seq); err != nil {
		seq = -1
	}
	s.follow(r.Context(), &out, seq)
}

// stream is one reader's connection.
type stream struct {
	w   http.ResponseWriter
	ctl *http.ResponseController
}

// send sends one event; id 0: none. It reports whether the reader took it in time.
func (o *stream) send(kind string, id int64, data []byte) bool {
	_ = o.ctl.SetWriteDeadline(time.Now().Add(sendTime))
	if id > 0 {
		if _, err := fmt.Fprintf(o.w, "id: %d\n", id); err != nil {
			return false
		}
	}
	_, err := fmt.Fprintf(o.w, "event: %s\ndata: %s\n\n", kind, data)
	return err == nil
}

// follow sends what happens after seq until the reader leaves.
func (s *Server) follow(ctx context.Context, out *stream, seq int64) {
	beat := time.NewTicker(aliveEvery)
	defer beat.Stop()
	figures := time.NewTicker(factsEvery)
	defer figures.Stop()
	told := false // the figures, at once
	for {
		texts, changed, ok := s.cfg.Log.since(seq)
		if !ok {
			text, at := s.cfg.Log.Snapshot()
			if !out.send("snapshot", at, text) {
				return
			}
			seq = at
		}
		for _, text := range texts {
			seq++
			if !out.send("change", seq, text) {
				return
			}
		}
		if !told && !s.sendFacts(out) || out.ctl.Flush() != nil {
			return
		}
		told = true
		if !ok || len(texts) > 0 {
			continue // there may be more
		}
		select {
		case <-changed:
		case <-figures.C:
			told = false
		case <-beat.C:
			if _, err := fmt.Fprint(out.w, ": alive\n\n"); err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// sendFacts sends the figures, if there are any.
func (s *Server) sendFacts(out *stream) bool {
	if s.cfg.Facts == nil {
		return true
	}
	text, err := json.Marshal(s.cfg.Facts())
	return err == nil && out.send("facts", 0, text)
}
