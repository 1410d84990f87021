package server

import (
	"cmp"
	"slices"
	"time"

	"toychain/rpc"
)

func uptime(c *call, _ rpc.None) (int64, error) {
	return int64(time.Since(c.node.Started()).Seconds()), nil
}

func stop(c *call, _ rpc.None) (string, error) {
	if c.server.cfg.Stop == nil {
		return "", fail(rpc.CodeMisc, "this node cannot be stopped by a call")
	}
	c.server.cfg.Stop() // the server lets this call finish
	return "toychain stopping", nil
}

func getRPCInfo(c *call, _ rpc.None) (rpc.RPCInfo, error) {
	return rpc.RPCInfo{ActiveCommands: c.server.runningCalls(), LogPath: c.server.cfg.LogPath}, nil
}

// runningCall is a call that is being answered.
type runningCall struct {
	method string
	since  time.Time
}

// runningCalls returns the calls that are being answered, the oldest first.
func (s *Server) runningCalls() []rpc.ActiveCommand {
	out := []rpc.ActiveCommand{}
	for r := range s.running.Range {
		r := r.(*runningCall)
		out = append(out, rpc.ActiveCommand{Method: r.method, Duration: time.Since(r.since).Microseconds()})
	}
	slices.SortFunc(out, func(a, b rpc.ActiveCommand) int { return cmp.Compare(b.Duration, a.Duration) })
	return out
}
