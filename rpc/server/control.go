package server

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"toychain/rpc"
)

func uptime(c *call, _ rpc.None) (int64, *rpc.Error) {
	return int64(time.Since(c.node.Started()).Seconds()), nil
}

func stop(c *call, _ rpc.None) (string, *rpc.Error) {
	if c.server.cfg.Stop == nil {
		return "", fail(rpc.CodeMisc, "this node cannot be stopped by a call")
	}
	c.server.cfg.Stop() // the server lets this call finish
	return "toychain stopping", nil
}

func getRPCInfo(c *call, _ rpc.None) (rpc.RPCInfo, *rpc.Error) {
	return rpc.RPCInfo{ActiveCommands: c.server.running.list(time.Now()), LogPath: c.server.cfg.LogPath}, nil
}

// callList is the list of the calls that are being answered.
type callList struct {
	mu   sync.Mutex
	last int
	now  map[int]runningCall
}

type runningCall struct {
	method string
	since  time.Time
}

func newCallList() *callList { return &callList{now: make(map[int]runningCall)} }

// begin adds a call; the function that it returns removes it.
func (a *callList) begin(method string, now time.Time) (done func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	n := a.last
	a.now[n] = runningCall{method, now}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.now, n)
	}
}

// list returns the calls, the oldest first.
func (a *callList) list(now time.Time) []rpc.ActiveCommand {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := []rpc.ActiveCommand{}
	for _, r := range a.now {
		out = append(out, rpc.ActiveCommand{Method: r.method, Duration: now.Sub(r.since).Microseconds()})
	}
	slices.SortFunc(out, func(a, b rpc.ActiveCommand) int { return cmp.Compare(b.Duration, a.Duration) })
	return out
}
