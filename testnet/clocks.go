package testnet

import (
	"time"

	"toychain/testnet/slo"
)

// clockLog is how wrong one node's clock was, from when until when: what the testnet's own
// commands did to it. While a command lasts, both what was and what will be can hold.
type clockLog []clockSpan

type clockSpan struct {
	from, until time.Time // zero: ever since, for ever
	by          time.Duration
}

// clockLogs reads out of the journal what was done to clocks since the testnet came up.
// Nodes to which nothing was done are not in it.
func clockLogs(actions []Action) map[string]clockLog {
	logs := map[string]clockLog{}
	for _, a := range actions {
		switch {
		case a.Verb == "up":
			clear(logs)
		case a.Verb == "clock" && len(a.Args) == 2:
			by, err := time.ParseDuration(a.Args[1])
			if err != nil {
				continue // it was not done either
			}
			log := logs[a.Args[0]]
			if log == nil {
				log = clockLog{{}}
			}
			log[len(log)-1].until = a.Begun().Add(time.Duration(a.TookMS) * time.Millisecond)
			logs[a.Args[0]] = append(log, clockSpan{from: a.Begun(), by: by})
		}
	}
	return logs
}

// right returns when it really was that a node wrote down, to the millisecond, and false
// if that can have been at more than one time, or at none.
func (c clockLog) right(written, now time.Time) (at time.Time, ok bool) {
	const grain = time.Millisecond
	if len(c) == 0 {
		return written, true
	}
	for _, s := range c {
		t := written.Add(-s.by)
		if t.Before(s.from.Add(-grain)) || !s.until.IsZero() && t.After(s.until) || t.After(now) {
			continue
		}
		if ok && !t.Equal(at) {
			return time.Time{}, false
		}
		at, ok = t, true
	}
	return at, ok
}

// correct sets every time right that a node wrote down by its wrong clock. If one cannot
// be, the node's times are unsure, and left as they are.
func (c clockLog) correct(n *slo.Chronicle, now time.Time) {
	set := func(ms *int64) {
		if *ms == 0 || n.Unsure {
			return
		}
		at, ok := c.right(time.UnixMilli(*ms), now)
		if !ok {
			n.Unsure = true
			return
		}
		*ms = at.UnixMilli()
	}
	for i := range n.Tree.Blocks {
		if b := &n.Tree.Blocks[i]; b.Height > 0 {
			set(&b.ReceivedMS)
			set(&b.CompleteMS)
		}
	}
	for i := range n.Reorgs {
		set(&n.Reorgs[i].TimeMS)
	}
}
