package p2p

import (
	"io"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// handshakes are the inbound connections whose peer is not known yet. One that stays silent has
// dialTimeout; but when there are too many, each new one ends another, or as many silent ones as
// fit would keep all newcomers out meanwhile. A handshake takes some round trips, so a newcomer
// has finished before maxHandshakes others have come, unless they come by the thousand in a
// second. (Core accepts first, and then evicts among all inbound peers.)
type handshakes struct {
	mu   sync.Mutex
	open []handshake // the oldest first; failed ones are there until they would have timed out
}

type handshake struct {
	conn  io.Closer
	from  string // its remote address
	group string // see groupOf
	since time.Time
}

// begin notes a connection that was accepted. If there are too many, it closes the oldest of the
// network from which the most come.
func (h *handshakes) begin(c network.ConnMultiaddrs, now time.Time) {
	conn, ok := c.(io.Closer)
	if !ok {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.open) > 0 && now.Sub(h.open[0].since) > dialTimeout {
		h.open = h.open[1:]
	}
	h.open = append(h.open, handshake{conn, c.RemoteMultiaddr().String(), groupOf(c.RemoteMultiaddr()), now})
	if len(h.open) > maxHandshakes {
		i := h.worst()
		h.open[i].conn.Close()
		h.remove(i)
	}
}

// end notes that the peer of a connection is known.
func (h *handshakes) end(c network.ConnMultiaddrs) {
	h.mu.Lock()
	defer h.mu.Unlock()
	from := c.RemoteMultiaddr().String()
	for i, o := range h.open {
		if o.from == from {
			h.remove(i)
			return
		}
	}
}

// worst returns the oldest of the largest group.
func (h *handshakes) worst() (worst int) {
	size := map[string]int{}
	for _, o := range h.open {
		size[o.group]++
	}
	for i, o := range h.open {
		if size[o.group] > size[h.open[worst].group] {
			worst = i
		}
	}
	return worst
}

func (h *handshakes) remove(i int) { h.open = append(h.open[:i:i], h.open[i+1:]...) }
