package explorer

import (
	"context"

	"toychain/testnet/replay"
)

// skip takes note of what was done before the log begins: only a partition that lasts is shown.
func (l *Live) skip(ctx context.Context) {
	all, err := l.net.Actions(ctx)
	if err != nil {
		return // act says it all, once it can be read
	}
	events := replay.New(nil, all).Events
	for i := range events {
		if g := groupsOf(&events[i]); g != nil {
			l.groups = *g
		}
	}
	l.actions = len(all)
}

// act adds what was done to the network since the last time.
func (l *Live) act(ctx context.Context) {
	all, err := l.net.Actions(ctx)
	if err != nil || len(all) <= l.actions {
		return
	}
	events := replay.New(nil, all).Events
	for _, e := range events[min(l.actions, len(events)):] {
		next := Event{TimeMS: e.TimeMS, Node: e.Node, Kind: e.Event, Text: e.String(), Groups: groupsOf(&e)}
		if next.Groups != nil {
			l.groups = *next.Groups
		}
		l.log.Append(next)
	}
	l.actions = len(all)
}

// groupsOf returns the groups after an action, nil if it changes none.
func groupsOf(e *replay.Event) *[]string {
	switch {
	case e.Undone:
	case e.Event == "partition":
		return &e.Args
	case e.Event == "heal" || e.Event == "up":
		return &[]string{}
	}
	return nil
}
