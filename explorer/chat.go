package explorer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"toychain/block"
	"toychain/chat"
	"toychain/rpc"
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
func inWords(m *chat.Message, first bool) string {
	who := m.From
	if len(who) > 20 { // an address
		who = who[:6] + "…" + who[len(who)-4:]
	}
	switch {
	case m.State == chat.Confirmed:
		return fmt.Sprintf("block %d confirms what %s wrote: “%s”", m.Height, who, m.Text)
	case m.State == chat.TakenBack:
		return fmt.Sprintf("what %s wrote is taken back: “%s”", who, m.Text)
	case first:
		return fmt.Sprintf("%s writes: “%s”", who, m.Text)
	}
	return fmt.Sprintf("has what %s wrote: “%s”", who, m.Text)
}

// PastChat returns what was said in a network's past, in the order of time, from the journals of the
// nodes that run. When a message was first pending is not recorded: it is shown at its signed time.
func PastChat(ctx context.Context, net Network) ([]Event, error) {
	all, err := net.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	var moments []Event // of one node and message each; On has that node only
	for _, e := range all[:min(len(all), maxNodes)] {
		if e.Client == nil {
			continue
		}
		known, err := chat.NewReader(e.Client, net.Prefixes()).Read(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name, err)
		}
		for i := range known[max(0, len(known)-maxSaid):] {
			m := known[max(0, len(known)-maxSaid)+i]
			h, err := rpc.GetTxHistory.Call(ctx, e.Client, rpc.TxArg{TxID: m.ID})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.Name, err)
			}
			moments = append(moments, momentsOf(e.Name, m, &h)...)
		}
	}
	slices.SortStableFunc(moments, func(a, b Event) int { return cmp.Compare(a.TimeMS, b.TimeMS) })
	talk := make(map[block.Hash]Said)
	for i := range moments {
		s := &moments[i].Chat[0]
		if before, there := talk[s.ID]; there {
			on := maps.Clone(before.On)
			maps.Copy(on, s.On)
			s.On, s.Height = on, max(s.Height, before.Height)
		}
		talk[s.ID] = *s
	}
	return moments, nil
}

// momentsOf returns what became of a message at one node: pending, and then what happened to the
// transaction of its first part.
func momentsOf(node string, m chat.Message, h *rpc.TxHistory) (out []Event) {
	add := func(ms int64) {
		out = append(out, Event{TimeMS: ms, Node: node, Kind: "chat", Text: inWords(&m, len(out) == 0), Chat: []Said{{ID: m.ID, From: m.From, Address: m.Address, Text: m.Text,
			TimeMS: m.TimeMS, Height: m.Height, On: map[string]chat.State{node: m.State}}}})
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
