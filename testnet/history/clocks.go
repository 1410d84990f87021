package history

import (
	"time"

	"toychain/rpc"
)

// ClockLog is how wrong one node's clock was, from when until when: what the testnet's own
// commands did to it. While a command lasts, both what was and what will be can hold.
type ClockLog []clockSpan

type clockSpan struct {
	from, until time.Time // zero: ever since, for ever
	by          time.Duration
}

// Clocks reads out of the journal what was done to clocks. Nodes to which nothing was
// done are not in it.
func Clocks(actions []Action) map[string]ClockLog {
	logs := map[string]ClockLog{}
	for _, a := range actions {
		set := func(name string, by time.Duration) {
			log := logs[name]
			if log == nil {
				log = ClockLog{{}}
			}
			log[len(log)-1].until = a.Done()
			logs[name] = append(log, clockSpan{from: a.Begun(), by: by})
		}
		switch {
		case a.Verb == "up":
			for name := range logs {
				set(name, 0)
			}
		case a.Verb == "clock" && len(a.Args) == 2:
			if by, err := time.ParseDuration(a.Args[1]); err == nil {
				set(a.Args[0], by)
			}
		}
	}
	return logs
}

// Right returns when it really was that a node wrote down, to the millisecond, and false
// if that can have been at more than one time, or at none.
func (c ClockLog) Right(written, now time.Time) (at time.Time, ok bool) {
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

// Correct sets every time right that a node wrote down by its wrong clock. If one cannot
// be, it returns false and changes nothing.
func (c ClockLog) Correct(tree *rpc.Tree, reorgs []rpc.Reorg, now time.Time) bool {
	var all []*int64
	for i := range tree.Blocks {
		if b := &tree.Blocks[i]; b.Height > 0 {
			all = append(all, &b.ReceivedMS, &b.CompleteMS)
		}
	}
	for i := range reorgs {
		all = append(all, &reorgs[i].TimeMS)
	}
	rights := make([]int64, len(all))
	for i, ms := range all {
		if *ms == 0 {
			continue // not known
		}
		at, ok := c.Right(time.UnixMilli(*ms), now)
		if !ok {
			return false
		}
		rights[i] = at.UnixMilli()
	}
	for i, ms := range all {
		*ms = rights[i]
	}
	return true
}

// CorrectClocks sets the times right that nodes wrote down while their clocks were wrong,
// by what was done to them. It returns the nodes for which that cannot be done, because a
// time can have been two: theirs stay as they wrote them.
func CorrectClocks(journals []Journal, actions []Action) (unsure []string) {
	logs, now := Clocks(actions), time.Now()
	for i := range journals {
		j := &journals[i]
		if !logs[j.Node].Correct(&j.Tree, j.Reorgs, now) {
			unsure = append(unsure, j.Node)
		}
	}
	return unsure
}
