package rpc

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

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
