package server

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"toychain/rpc"
)

// dial opens a connection that stays open until the test ends.
func (w *world) dial() net.Conn {
	w.t.Helper()
	c, err := net.Dial("tcp", w.server.Addr())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	return c
}

// head is a request's head with the right password.
func (w *world) head(length int) string {
	return fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nContent-Length: %d\r\n\r\n",
		base64.StdEncoding.EncodeToString([]byte(w.user+":"+w.pass)), length)
}

// quickly demands an answer before the clients in the way reach their deadlines.
func (w *world) quickly(when string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, min(headerTimeout, transferTimeout)*2/3)
	defer cancel()
	if _, err := w.BlockCount(ctx); err != nil {
		w.t.Fatalf("%s: %v", when, err)
	}
}

func TestGarbage(t *testing.T) {
	w := start(t)
	for _, text := range []string{
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET / HTTP/9.9\r\n\r\n", strings.Repeat("A", 100_000),
		"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 100_000),
		w.head(10) + "{", w.head(1<<40) + "{", w.head(4) + "\xff\xfe\xfd\xfc",
	} {
		c := w.dial()
		io.WriteString(c, text) // the server may hang up in the middle
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c)
		w.quickly("after garbage")
	}
}

func TestBodyTooLarge(t *testing.T) {
	w := start(t)
	big := strings.Repeat(" ", maxBody) + "{}"
	c := w.dial() // and sends nothing of it: a body that is not read may break the connection
	io.WriteString(c, w.head(len(big)))
	if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of %d bytes: %v, %v, want 413", len(big), resp, err)
	}
	// The same without a length ahead.
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.url, io.MultiReader(strings.NewReader(big)))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(w.user, w.pass)
	if resp, err := w.http.Do(req); err == nil {
		if resp.Body.Close(); resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("a body of unknown length: %s, want 413", resp.Status)
		}
	}
	if status, got := w.post(`[` + strings.Repeat(`{},`, maxBatch) + `{}]`); status != http.StatusBadRequest || !strings.Contains(got, "a batch of 10001 calls, at most 10000") {
		t.Errorf("a batch too long: %d %s", status, got)
	}
	if status, got := w.post(strings.Repeat("[", 200_000)); status != http.StatusInternalServerError || !strings.Contains(got, "Parse error") {
		t.Errorf("deep brackets: %d %s", status, got)
	}
	if status, _ := w.post(`{"id":1,"method":"` + strings.Repeat("x", 1<<20) + `"}`); status != http.StatusNotFound {
		t.Errorf("a long method name: %d", status)
	}
}

// TestSlowClients: more connections than there are places, all of them silent or in
// the middle of something, do not keep others out; nor do clients that wait for a block.
func TestSlowClients(t *testing.T) {
	w := start(t)
	for i := range 2 * fewStrangers {
		c := w.dial()
		switch i % 4 {
		case 0: // says nothing
		case 1:
			io.WriteString(c, "POST / HT")
		case 2: // knows no password
			io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		case 3:
			if i < 64 { // knows it
				io.WriteString(c, w.head(1_000_000)+"{")
			}
		}
	}
	w.quickly("with silent connections")
	var waiting sync.WaitGroup
	ctx, cancel := context.WithCancel(w.ctx)
	for i := range maxLong {
		if i%2 == 0 {
			waiting.Go(func() { w.Call(ctx, "waitfornewblock", nil, nil) })
			continue
		}
		waiting.Go(func() { w.Batch(ctx, []rpc.Ask{{Method: "uptime"}, {Method: "waitfornewblock"}}) })
	}
	w.until("all wait", func() bool { return len(w.server.long) == maxLong })
	w.quickly("while others wait for a block")
	if err := w.Call(w.ctx, "waitfornewblock", nil, nil); !errors.Is(err, rpc.ErrBusy) {
		t.Errorf("one more that waits: %v", err)
	}
	if err := w.Batch(w.ctx, []rpc.Ask{{Method: "waitfornewblock"}}); !errors.Is(err, rpc.ErrBusy) {
		t.Errorf("one more that waits, in a batch: %v", err)
	}
	cancel()
	waiting.Wait()
	w.until("all places are free again", func() bool { return len(w.server.long) == 0 })
}

// TestSlowReaders: a program that asks for much and reads nothing does not keep others
// from their answers.
func TestSlowReaders(t *testing.T) {
	w := start(t)
	w.server.methods["big"] = &method{answer: func(*call, []json.RawMessage) (any, *rpc.Error) { return strings.Repeat("x", 1<<20), nil }}
	const ask = `[{"id":1,"method":"big"},{"id":2,"method":"big"},{"id":3,"method":"big"},{"id":4,"method":"big"}]`
	for range maxCalls / 2 {
		io.WriteString(w.dial(), w.head(len(ask))+ask)
	}
	w.until("answers wait to be read", func() bool { return len(w.server.quick) >= maxCalls/4 })
	w.quickly("with slow readers")
}

// TestBatchAnswer: when the answers to a batch are over 64 MB, the rest is not called.
func TestBatchAnswer(t *testing.T) {
	w := start(t)
	called := 0
	w.server.methods["big"] = &method{answer: func(*call, []json.RawMessage) (any, *rpc.Error) {
		called++
		return strings.Repeat("x", 1<<20), nil
	}}
	const one = `{"id":1,"method":"big"}`
	calls, batch, err := parseBody([]byte("[" + strings.Repeat(one+",", 70) + one + "]"))
	raw, status := answered(w.ctx, w.server, calls, batch, err)
	got := string(raw)
	if status != http.StatusOK || called != 64 || strings.Count(got, "not called") != 7 {
		t.Errorf("status %d, %d called, %d not; want 64 and 7", status, called, strings.Count(got, "not called"))
	}
}

// deadlines is a ResponseWriter that records the deadlines that are set.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.read = t; return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.write = t; return nil }

// TestDeadlines: a body has 30 seconds to come, and its answer 30 to be read. (A head
// has 30 too, and a silent connection: that is net/http's own affair.)
func TestDeadlines(t *testing.T) {
	w := start(t)
	near := func(got time.Time) bool {
		left := time.Until(got)
		return left > 20*time.Second && left <= 30*time.Second
	}
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	timed(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if !near(d.read) {
			t.Errorf("a body may take until %v", d.read)
		}
	})).ServeHTTP(d, httptest.NewRequest(http.MethodPost, "/", nil))
	w.server.handleCalls(d, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"id":1,"method":"uptime"}`)))
	if d.Code != http.StatusOK || !near(d.write) {
		t.Errorf("status %d, an answer may take until %v", d.Code, d.write)
	}
}

// TestHalfOpen: 500 silent connections, and a client that needs a new one.
func TestHalfOpen(t *testing.T) {
	w := start(t)
	for range 500 {
		w.dial()
	}
	for range 3 {
		c := rpc.NewClient(w.server.Addr(), w.user, w.pass)
		if n, err := c.BlockCount(w.ctx); err != nil || n != 0 {
			t.Errorf("a newcomer among 500 silent connections: %d, %v", n, err)
		}
		c.Close()
	}
	if _, strangers := w.open(); strangers > fewStrangers {
		t.Errorf("%d strangers are connected, at most %d", strangers, fewStrangers)
	}
}

// open returns how many connections are open.
func (w *world) open() (known, strangers int) {
	w.server.conns.mu.Lock()
	defer w.server.conns.mu.Unlock()
	for _, s := range w.server.conns.open {
		if s.known {
			known++
		} else {
			strangers++
		}
	}
	return known, strangers
}

// TestStrangersCloseNoKnownConnection: a connection with the right password stays open while
// strangers come and go; more of its kind than there may be close the one silent for the longest.
func TestStrangersCloseNoKnownConnection(t *testing.T) {
	w := start(t)
	const body = `{"id":1,"method":"uptime"}`
	ask := func(c net.Conn) error {
		io.WriteString(c, w.head(len(body))+body)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
		}
		return err
	}
	first := w.dial()
	if err := ask(first); err != nil {
		t.Fatal(err)
	}
	for i := range 2 * fewStrangers {
		c := w.dial()
		if i%2 == 0 {
			io.WriteString(c, "GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n\r\n")
		}
	}
	if err := ask(first); err != nil {
		t.Fatalf("after %d strangers: %v", 2*fewStrangers, err)
	}
	var rest []net.Conn
	for range fewKnown {
		c := w.dial()
		rest = append(rest, c)
		if err := ask(c); err != nil {
			t.Fatal(err)
		}
	}
	if known, _ := w.open(); known > fewKnown {
		t.Errorf("%d known connections, at most %d", known, fewKnown)
	}
	if err := ask(first); err == nil {
		t.Error("the connection that was silent for the longest is still open")
	}
	if err := ask(rest[len(rest)-1]); err != nil {
		t.Error(err)
	}
}

// until waits for a condition.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-w.ctx.Done():
			w.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// TestManyCallers: 200 connections at once are all answered.
func TestManyCallers(t *testing.T) {
	w := start(t)
	w.mine(1, alice)
	var group sync.WaitGroup
	for i := range 200 {
		c := rpc.NewClient(w.server.Addr(), w.user, w.pass)
		defer c.Close()
		if _, err := c.BlockCount(w.ctx); err != nil { // all are connected before the crowd begins
			t.Fatalf("caller %d: %v", i, err)
		}
		group.Go(func() {
			for range 5 {
				n, err := c.BlockCount(w.ctx)
				for errors.Is(err, rpc.ErrBusy) { // said at once, as Core does
					n, err = c.BlockCount(w.ctx)
				}
				if err != nil || n != 1 {
					t.Errorf("caller %d: %d, %v", i, n, err)
				}
			}
		})
	}
	group.Wait()
	w.quickly("after a crowd")
}

// TestWorkQueue: when all places are taken a call waits for one, and when too many wait it is
// refused at once.
func TestWorkQueue(t *testing.T) {
	w := start(t)
	for w.server.quick.take() {
	}
	waits := make(chan error, 1)
	go func() {
		_, err := w.BlockCount(w.ctx)
		waits <- err
	}()
	w.until("a call waits", func() bool { return len(w.server.waiting) == 1 })
	w.server.quick.release()
	if err := <-waits; err != nil {
		t.Errorf("a call that waited: %v", err)
	}
	w.until("its place is free again", w.server.quick.take)
	for w.server.waiting.take() {
	}
	status, got := w.post(`{"id":1,"method":"getblockcount"}`)
	if status != http.StatusServiceUnavailable || got != "Work queue depth exceeded" {
		t.Errorf("with a full queue: %d %s", status, got)
	}
	again := 0 // net/http may not reuse one that it was slow to return
	ctx := httptrace.WithClientTrace(w.ctx, &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		if c.Reused {
			again++
		}
	}})
	for range 20 {
		if _, err := w.BlockCount(ctx); !errors.Is(err, rpc.ErrBusy) {
			t.Fatalf("with a full queue: %v", err)
		}
	}
	if again < 5 {
		t.Errorf("of 20 refused calls %d kept their connection", again)
	}
	for range maxWaiting {
		w.server.waiting.release()
	}
	for range maxCalls {
		w.server.quick.release()
	}
	w.quickly("with an empty queue")
}

// TestPanic: a bug in a method is one call's failure.
func TestPanic(t *testing.T) {
	w := start(t)
	w.server.methods["oops"] = &method{Info: rpc.Info{Name: "oops"}, answer: func(*call, []json.RawMessage) (any, *rpc.Error) { panic("a bug") }}
	w.refused(rpc.CodeMisc, "internal error in oops", "oops")
	w.quickly("after a panic")
}

// TestKeepAlive: calls one after the other share a connection.
func TestKeepAlive(t *testing.T) {
	w := start(t)
	c := w.dial()
	r := bufio.NewReader(c)
	for range 3 {
		const body = `{"id":1,"method":"uptime"}`
		io.WriteString(c, w.head(len(body))+body)
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", resp, err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

// TestStopWakesWaiters: stopping does not wait for calls that wait.
func TestStopWakesWaiters(t *testing.T) {
	w := start(t)
	done := make(chan error, 1)
	go func() { done <- w.Call(t.Context(), "waitfornewblock", nil, nil) }()
	w.until("it waits", func() bool { return len(w.server.long) == 1 })
	w.end()
	var told *rpc.Error // and not a broken connection: the call was answered
	if err := <-done; !errors.As(err, &told) {
		t.Errorf("a wait that was cut short: %v", err)
	}
}
