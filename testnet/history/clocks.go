package history

import (
	"time"

	"toychain/rpc"
)

// Action is a command on a testnet: a line of events.jsonl. It says when the network was
// partitioned and healed: the nodes themselves know only their present blocklists.
type Action struct {
	TimeMS int64    `json:"time_ms"` // when it began, since 1970
	TookMS int64    `json:"took_ms"` // until it was done
	Verb   string   `json:"verb"`    // up, down, partition, heal, connect, link, clock, kill, start, …: the commands' names
	Args   []string `json:"args"`    // nodes, or groups of them like "n1,n2"; for up how many
	Error  string   `json:"error,omitempty"`
	Undone bool     `json:"undone,omitempty"` // after the error everything is as it was before
}

// Begun returns the time of its start.
func (a Action) Begun() time.Time { return time.UnixMilli(a.TimeMS) }

// Done returns the time of its end.
func (a Action) Done() time.Time { return a.Begun().Add(time.Duration(a.TookMS) * time.Millisecond) }

// ClockLog is the offsets of one node's clock over time, as the testnet's commands set it.
// During a command both the old and the new offset are possible.
type ClockLog []clockSpan

type clockSpan struct {
	from, until time.Time // zero: unbounded
	by          time.Duration
}

// Clocks returns the logs of all clocks that were set.
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
		case a.Verb == "clock" && len(a.Args) == 2 && !a.Undone:
			if by, err := time.ParseDuration(a.Args[1]); err == nil {
				set(a.Args[0], by)
			}
		}
	}
	return logs
}

// Right returns the true time of what a node recorded, to the millisecond. It returns false if
// there are several, or none.
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

// Correct corrects every time that a node recorded. If one is ambiguous, it returns false and
// changes nothing.
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

// CorrectClocks corrects the times that nodes recorded while their clocks were wrong. It
// returns the nodes with an ambiguous time: theirs are not corrected.
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
