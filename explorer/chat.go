package explorer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"toychain/block"
	"toychain/chat"
	"toychain/rpc"
	"toychain/testnet/replay"
)

// Said is a message on the chain, and what it is on each node that knows it.
type Said struct {
	ID      block.Hash            `json:"id"`
	From    string                `json:"from"` // as the last node that told of it knows its author
	Address string                `json:"address"`
	Text    string                `json:"text"`
	TimeMS  int64                 `json:"time_ms"` // when it was written, as its author signed
	Height  block.Height          `json:"height"`  // of the block that confirmed it last; -1: none did
	On      map[string]chat.State `json:"on"`      // by node
}

// maxSaid is how many messages are shown, the newest. Ours: about a page that can be read.
const maxSaid = 500

// heard is what a node says of the chat.
type heard struct {
	node string
	all  []chat.Message
}

// overhear hands over the messages that a node knows each time that they change, until ctx ends.
func overhear(ctx context.Context, e Endpoint, prefixes block.Prefixes, in chan<- heard) {
	reader := chat.NewReader(e.Client, prefixes)
	var last []chat.Message
	var asked int64 // when, in ms
	look := func() error {
		asked = time.Now().UnixMilli()
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		all, err := reader.Read(ctx)
		if err != nil || slices.Equal(all, last) {
			return err
		}
		last = all
		select {
		case in <- heard{e.Name, slices.Clone(all[max(0, len(all)-maxSaid):])}:
		case <-ctx.Done():
		}
		return nil
	}
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for ctx.Err() == nil {
		var begun error
		_ = e.Client.Watch(ctx, func() { begun = look() }, func(ev rpc.Event) error { // what ends it, follow says
			switch ev.Event {
			case "tx", "dropped", "tip", "reorg":
				if ev.TimeMS >= asked { // what is older was seen
					return look()
				}
			}
			return begun
		})
		select {
		case <-again.C:
		case <-ctx.Done():
		}
	}
}

// hear adds what a node says of the chat to the log: all at once at first, and then what changed.
func (l *Live) hear(h heard) {
	if l.nodes[h.node] == nil {
		return
	}
	before, known := l.heard[h.node]
	now := make(map[block.Hash]chat.State, len(h.all))
	var news []Event
	for i := range h.all {
		m := &h.all[i]
		now[m.ID] = m.State
		s := l.talk[m.ID]
		if known && s != nil && before[m.ID] == m.State && s.Text == m.Text && s.From == m.From {
			continue
		}
		next := Said{ID: m.ID, From: m.From, Address: m.Address, Text: m.Text, TimeMS: m.TimeMS, Height: m.Height, On: map[string]chat.State{}}
		if s != nil {
			next.On = maps.Clone(s.On)
			if next.Height < 0 {
				next.Height = s.Height
			}
		}
		next.On[h.node] = m.State
		l.talk[m.ID] = &next
		news = append(news, Event{Kind: "chat", Text: inWords(m, s == nil), Chat: []Said{next}})
	}
	l.heard[h.node] = now
	if len(l.talk) > 4*maxSaid {
		maps.DeleteFunc(l.talk, func(id block.Hash, _ *Said) bool { return !l.knows(id) })
	}
	if !known && len(news) > 1 {
		all := Event{Kind: "chat", Text: fmt.Sprintf("knows %d messages", len(news))}
		for i := range news {
			all.Chat = append(all.Chat, news[i].Chat...)
		}
		news = []Event{all}
	}
	for _, e := range news {
		l.show(l.nodes[h.node], e)
	}
}

// knows reports whether a node told of a message when it was asked last.
func (l *Live) knows(id block.Hash) bool {
	for _, on := range l.heard {
		if on[id] != "" {
			return true
		}
	}
	return false
}

// inWords says what became of a message at a node, the first one that has it or another.
func inWords(m *chat.Message, first bool) string { return recorded(m).Words(first) }

// recorded returns a message as a recording has it.
func recorded(m *chat.Message) *replay.Said {
	return &replay.Said{ID: m.ID, From: m.From, Address: m.Address, Text: m.Text, TimeMS: m.TimeMS, State: string(m.State), Height: m.Height}
}

// PastChat returns what was said in a network's past, in the order of time, from the journals of the
// nodes that run. When a message was first pending is not recorded: it is shown at its signed time.
// The error names the nodes that did not answer; what the others know is returned all the same.
func PastChat(ctx context.Context, net Network) (moments []replay.Event, bad error) {
	all, err := net.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range all[:min(len(all), maxNodes)] {
		if e.Client == nil {
			continue
		}
		some, err := chatOf(ctx, e, net.Prefixes())
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("what was said on the chain is not asked of %s: %w", e.Name, err))
		}
		moments = append(moments, some...)
	}
	slices.SortStableFunc(moments, func(a, b replay.Event) int { return cmp.Compare(a.TimeMS, b.TimeMS) })
	return moments, bad
}

// chatOf returns what became of each message at one node.
func chatOf(ctx context.Context, e Endpoint, prefixes block.Prefixes) (moments []replay.Event, err error) {
	ask, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	known, err := chat.NewReader(e.Client, prefixes).Read(ask)
	if err != nil {
		return nil, err
	}
	for _, m := range known[max(0, len(known)-maxSaid):] {
		h, err := rpc.GetTxHistory.Call(ctx, e.Client, rpc.TxArg{TxID: m.ID})
		if err != nil {
			return nil, err
		}
		moments = append(moments, momentsOf(e.Name, m, &h)...)
	}
	return moments, nil
}

// momentsOf returns what became of a message at one node: pending, and then what happened to the
// transaction of its first part.
func momentsOf(node string, m chat.Message, h *rpc.TxHistory) (out []replay.Event) {
	add := func(ms int64) {
		out = append(out, replay.Event{TimeMS: ms, Node: node, Event: replay.Chat, Said: recorded(&m)})
	}
	m.State, m.Height = chat.Pending, -1
	add(m.TimeMS)
	for _, e := range h.Events {
		switch {
		case (e.Event == rpc.TxConfirmed || e.Event == rpc.TxReconfirmed) && e.Block != nil:
			m.State, m.Height = chat.Confirmed, e.Block.Height
		case m.State == chat.Confirmed:
			m.State, m.Height = chat.TakenBack, -1
		default:
			continue
		}
		add(e.TimeMS)
	}
	return out
}
