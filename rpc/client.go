package rpc

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ErrUnreachable is wrapped by every error that means that no node answers.
var ErrUnreachable = errors.New("no node answers")

// ErrRefused is wrapped when a node answers and refuses user and password.
var ErrRefused = errors.New("the node refuses the password")

// ErrBusy is wrapped when a node has too many calls to answer already: try again.
var ErrBusy = errors.New("the node has too much work")

// Error is a node's answer that a call failed. Codes and messages are Bitcoin Core's.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s (code %d)", e.Message, e.Code) }

// maxAnswer is the most bytes of one answer that a Client takes: a tree of 200,000
// blocks, ten times over.
const maxAnswer = 1 << 30

// CookieName is the name of the cookie file in a node's directory: one line,
// user:password. Every program that can read it may call the node. The node writes a
// new one at each start and removes it at the end.
const CookieName = ".cookie"

// Client calls a node. It is safe for use by several goroutines.
type Client struct {
	url    string // http://host:port
	cookie string // file; "" when user and password were given
	http   *http.Client
	lastID atomic.Int64

	mu         sync.Mutex
	user, pass string
}

// NewClient returns a client of the node at host:port, or a URL, that logs in
// with a user and password. It does not connect yet.
func NewClient(addr, user, pass string) *Client {
	if !strings.Contains(addr, "://") {
		addr = "http://" + addr
	}
	return &Client{url: strings.TrimRight(addr, "/"), user: user, pass: pass,
		http: &http.Client{Transport: &http.Transport{
			DialContext:     (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			IdleConnTimeout: 20 * time.Second, // below the server's, which closes at idleTimeout
		}}}
}

// Dial returns a client of the node at host:port that logs in with the cookie that
// the node wrote when it started. A node that was restarted has written another one;
// the client reads it when the old one is refused. The error wraps ErrUnreachable if
// there is no cookie, and so no node.
func Dial(addr, cookieFile string) (*Client, error) {
	c := NewClient(addr, "", "")
	c.cookie = cookieFile
	if err := c.readCookie(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Client) readCookie() error {
	text, err := os.ReadFile(c.cookie)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: there is no cookie %s; start a node with: toychain node run", ErrUnreachable, c.cookie)
	}
	if err != nil {
		return fmt.Errorf("cookie: %w", err)
	}
	user, pass, ok := strings.Cut(strings.TrimSpace(string(text)), ":")
	if !ok {
		return fmt.Errorf("cookie %s is damaged: restart the node, and it writes a new one", c.cookie)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.user, c.pass = user, pass
	return nil
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Call calls a method by name and reads its result into result, which may be nil. params
// are a []any, a map[string]any by their names, or nil. The error is an *Error if the node
// refuses the call; it wraps ErrUnreachable if no node answers, ErrRefused if the password
// is wrong, ErrBusy if the node has too much work, and the error of ctx if that ends first.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	if v := reflect.ValueOf(params); !v.IsValid() || v.IsNil() {
		params = []any{}
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  *Error          `json:"error"`
	}
	call := map[string]any{"jsonrpc": "2.0", "id": c.lastID.Add(1), "method": method, "params": params}
	if err := c.post(ctx, method, call, &answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return answer.Error
	}
	return storeResult(method, answer.Result, result)
}

func storeResult(method string, raw json.RawMessage, into any) error {
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: reading the result: %w", method, err)
	}
	return nil
}

// post sends a call or a batch, of which errors speak as what, and reads the answer.
func (c *Client) post(ctx context.Context, what string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	resp, err := c.do(ctx, http.MethodPost, "/", body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return c.connError(ctx, err)
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("%s: %s answers %s, which is no JSON-RPC: is it a toychain node?", what, c.url, resp.Status)
	}
	return nil
}

// healthTimeout is how long Health waits: longer than the node itself does.
const healthTimeout = 5 * time.Second

// Health returns nil if the node answers; it needs no password. The error wraps
// ErrUnreachable if there is no node, or if it hangs.
func (c *Client) Health(ctx context.Context) error {
	patience, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(patience, http.MethodGet, c.url+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("address of the node: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.connError(ctx, err)
	}
	defer drain(resp)
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%w at %s: %s", ErrUnreachable, strings.TrimPrefix(c.url, "http://"), resp.Status)
	}
	return nil
}

// do sends one request, and a second one if the cookie had changed. The caller
// closes the response's body.
func (c *Client) do(ctx context.Context, verb, path string, body []byte) (*http.Response, error) {
	for again := false; ; again = true {
		req, err := http.NewRequestWithContext(ctx, verb, c.url+path, bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("address of the node: %w", err)
		}
		c.mu.Lock()
		req.SetBasicAuth(c.user, c.pass)
		c.mu.Unlock()
		req.Header.Set("Content-Type", "application/json")
		resp, err := c.http.Do(req)
		if err != nil {
			return nil, c.connError(ctx, err)
		}
		switch {
		case resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Content-Type") != jsonType:
			drain(resp)
			return nil, fmt.Errorf("%w: %s; try again", ErrBusy, c.url)
		case resp.StatusCode != http.StatusUnauthorized:
			return resp, nil
		}
		drain(resp)
		if c.cookie == "" || again {
			return nil, fmt.Errorf("%w: check user and password, or the cookie %s", ErrRefused, c.cookie)
		}
		if err := c.readCookie(); err != nil {
			return nil, err
		}
	}
}

// drain reads and closes a short answer, so that its connection can be used again.
func drain(resp *http.Response) {
	io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<10))
	resp.Body.Close()
}

// jsonType is the content type of every JSON-RPC answer; the server refuses a request
// for which it has no place with plain text.
const jsonType = "application/json"

// connError returns the error of a connection that could not be opened, or broke.
func (c *Client) connError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("calling %s: %w", c.url, ctx.Err())
	}
	return fmt.Errorf("%w at %s: start one with: toychain node run (%w)", ErrUnreachable, strings.TrimPrefix(c.url, "http://"), err)
}

// Watch calls f for every event of the node from now on, and ready (unless it is nil)
// once, as soon as no event can be missed. If f is slower than the node, events are
// dropped. Watch returns when ctx ends, f returns an error, or the connection breaks.
func (c *Client) Watch(ctx context.Context, ready func(), f func(Event) error) error {
	resp, err := c.do(ctx, http.MethodGet, "/events", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("events of %s: %s", c.url, resp.Status)
	}
	if ready != nil {
		ready()
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxAnswer)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue // the name of an event, a comment that keeps the connection open, or an empty line
		}
		var e Event
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("events of %s: %w", c.url, err)
		}
		if err := f(e); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return c.connError(ctx, err)
	}
	return c.connError(ctx, io.EOF)
}
