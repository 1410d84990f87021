package rpc

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"toychain/peer"
)

// NetworkInfo asks for the node's own place in the network.
func (c *Client) NetworkInfo(ctx context.Context) (NetworkInfo, error) {
	return ask[NetworkInfo](ctx, c, "getnetworkinfo")
}

// PeerInfo asks for the connected peers.
func (c *Client) PeerInfo(ctx context.Context) ([]Peer, error) {
	return ask[[]Peer](ctx, c, "getpeerinfo")
}

// AddPeer has the node call a peer, and call it again for ever. multiaddr ends in
// /p2p/ and the peer's id.
func (c *Client) AddPeer(ctx context.Context, multiaddr string) error {
	return c.Call(ctx, "addnode", []any{multiaddr, "add"}, nil)
}

// ForgetPeer takes AddPeer back.
func (c *Client) ForgetPeer(ctx context.Context, peer string) error {
	return c.Call(ctx, "addnode", []any{peer, "remove"}, nil)
}

// DropPeer ends the connection to a peer, named by its id.
func (c *Client) DropPeer(ctx context.Context, peer string) error {
	return c.Call(ctx, "disconnectnode", []any{peer}, nil)
}

// Ban refuses a peer for a while.
func (c *Client) Ban(ctx context.Context, peer string, how time.Duration) error {
	return c.Call(ctx, "setban", []any{peer, "add", int64(how.Seconds())}, nil)
}

// Unban takes Ban back.
func (c *Client) Unban(ctx context.Context, peer string) error {
	return c.Call(ctx, "setban", []any{peer, "remove"}, nil)
}

// Bans asks who is refused.
func (c *Client) Bans(ctx context.Context) ([]Ban, error) {
	return ask[[]Ban](ctx, c, "listbanned")
}

// SetPartition replaces the set of peers that the node may not talk to; none heals. Those
// in apart are some more to which the network's shape has no line, partition or not.
func (c *Client) SetPartition(ctx context.Context, peers []string, apart ...string) ([]string, error) {
	if peers == nil {
		peers = []string{}
	}
	if apart == nil {
		apart = []string{}
	}
	return ask[[]string](ctx, c, "setpartition", peers, apart)
}

// SetLink makes the line to a peer bad; the zero Link makes it perfect again.
func (c *Client) SetLink(ctx context.Context, id string, l peer.Link) error {
	return c.Call(ctx, "setlink", []any{id, l}, nil)
}

// SetClock makes the node's clock go wrong by this much, in whole seconds; 0: right
// again.
func (c *Client) SetClock(ctx context.Context, offset time.Duration) (Clock, error) {
	return ask[Clock](ctx, c, "setclock", int64(offset/time.Second))
}

// Uptime asks how long the node has been running.
func (c *Client) Uptime(ctx context.Context) (time.Duration, error) {
	seconds, err := ask[int64](ctx, c, "uptime")
	return time.Duration(seconds) * time.Second, err
}

// Stop ends the node. It answers before it is gone.
func (c *Client) Stop(ctx context.Context) error { return c.Call(ctx, "stop", nil, nil) }

// Watch calls f for every event of the node from now on, and ready (unless it is
// nil) once, as soon as none can be missed. A node that is faster than f drops
// events. It returns when ctx ends, f returns an error, or the connection breaks.
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
			continue // an event's name, a comment that keeps the line alive, or a blank
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
		return c.broken(ctx, err)
	}
	return c.broken(ctx, io.EOF)
}
