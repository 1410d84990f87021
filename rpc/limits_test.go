package rpc

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// dial opens a connection that nobody closes before the test ends.
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

// quickly demands an answer within the two seconds that a node may take.
func (w *world) quickly(when string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 2*time.Second)
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
	if status, _ := w.post(big); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of %d bytes: status %d, want 413", len(big), status)
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
// the middle of something, keep nobody out; and those who wait for a block neither.
func TestSlowClients(t *testing.T) {
	w := start(t)
	for i := range 2 * maxConns {
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
	for range maxWaiting {
		waiting.Go(func() { w.Call(ctx, "waitfornewblock", nil, nil) })
	}
	w.until("all wait", func() bool { return len(w.server.waiting) == maxWaiting })
	w.quickly("while others wait for a block")
	if err := w.Call(w.ctx, "waitfornewblock", nil, nil); !errors.Is(err, ErrBusy) {
		t.Errorf("one who waits too many: %v", err)
	}
	cancel()
	waiting.Wait()
	w.until("all places are free again", func() bool { return len(w.server.waiting) == 0 })
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
		group.Go(func() {
			c := NewClient(w.server.Addr(), w.user, w.pass)
			defer c.Close()
			for range 5 {
				n, err := c.BlockCount(w.ctx)
				for errors.Is(err, ErrBusy) { // said at once, as Core does
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

// TestWorkQueue: when all workers are busy and the queue is full, a caller is told
// so at once.
func TestWorkQueue(t *testing.T) {
	w := start(t)
	for range cap(w.server.admitted) {
		w.server.admitted <- struct{}{}
	}
	status, got := w.post(`{"id":1,"method":"getblockcount"}`)
	if status != http.StatusServiceUnavailable || got != "Work queue depth exceeded" {
		t.Errorf("with a full queue: %d %s", status, got)
	}
	for range cap(w.server.admitted) {
		<-w.server.admitted
	}
	w.quickly("with an empty queue")
}

// TestPanic: a bug in a method is one call's failure.
func TestPanic(t *testing.T) {
	w := start(t)
	w.server.methods["oops"] = &method{name: "oops", call: func(*call) (any, *Error) { panic("a bug") }}
	w.refused(CodeMisc, "internal error in oops", "oops")
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

// TestStopWakesWaiters: the server's end does not wait for those who wait.
func TestStopWakesWaiters(t *testing.T) {
	w := start(t)
	done := make(chan error, 1)
	go func() { done <- w.Call(w.ctx, "waitfornewblock", nil, nil) }()
	w.until("it waits", func() bool { return len(w.server.waiting) == 1 })
	begun := time.Now()
	w.end()
	if took := time.Since(begun); took > stopTimeout {
		t.Errorf("stopping took %v", took)
	}
	if err := <-done; err == nil {
		t.Error("a wait that was cut short looks like an answer")
	}
}
