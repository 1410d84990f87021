package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/draw"
	"toychain/testnet/history"
)

// recording returns the events of a run, one a line.
func recording(t testing.TB, events []Event) *bytes.Buffer {
	var text bytes.Buffer
	for i := range events {
		if err := json.NewEncoder(&text).Encode(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	return &text
}

// TestReadTrace: a recording that is read is the run that was written, at every moment.
func TestReadTrace(t *testing.T) {
	run := New([]history.Journal{
		journal(t, "a", "a1<g@1000 a2<a1@2000 b2<a1@4000+2 b3<b2@4000+3 a2>b3@4003 =b3"),
		journal(t, "b", "a1<g@1000 b2<a1@2500 b3<b2@3000 a2<a1@4001? =b3"),
	}, []history.Action{{TimeMS: 1500, Verb: "partition", Args: []string{"a", "b"}}, {TimeMS: 3900, Verb: "heal"}, {TimeMS: 5000, Verb: "pause", Args: []string{"a"}}})
	read, err := ReadTrace(recording(t, run.Events))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := recording(t, read.Events).String(), recording(t, run.Events).String(); got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
	a, b := run.Begin(), read.Begin()
	for a.Next() != nil && b.Next() != nil {
		var pictures [2]bytes.Buffer
		for i, s := range []*Stage{a, b} {
			if err := s.Draw(t.Context(), &pictures[i], draw.Style{}); err != nil {
				t.Fatal(err)
			}
		}
		if pictures[0].String() != pictures[1].String() {
			t.Fatalf("after %d events\n%s\nwant\n%s", a.played, pictures[1].String(), pictures[0].String())
		}
	}
}

// TestReadTraceErrors: what is no recording is refused, with the line.
func TestReadTraceErrors(t *testing.T) {
	hash := func(name string) block.Hash { return block.Sum([]byte(name)) }
	made := func(name string, h block.Height) string {
		b := &rpc.TreeBlock{Hash: hash(name), Prev: hash("p"), Height: h}
		return recording(t, []Event{{Event: Block, Node: "n1", Block: &rpc.BlockRef{Hash: b.Hash, Height: h}, Made: b}}).String()
	}
	ref := fmt.Sprintf(`"block":{"hash":"%s","height":1}`, hash("a"))
	for text, want := range map[string]string{
		"":                           "no event in it",
		"{":                          "line 1",
		`{"event":"up"}` + "\nhello": "line 2",
		`{"event":"tip"}`:            "line 1: a tip without its block",
		`{"event":"reorg","node":"n1",` + ref + `}`:             "does not say from where",
		`{"event":"tip","node":"n1",` + ref + `}`:               "does not say what block",
		`{"event":"chat","node":"n1"}`:                          "a chat without its message",
		`{"event":"chat","node":"n1","said":{"state":"mined"}}`: "a message in the state",
		made("p", 7) + made("a", 5):                             "stands on one at height 7",
	} {
		if _, err := ReadTrace(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzReadTrace: whatever is in a file, reading and drawing it ends.
func FuzzReadTrace(f *testing.F) {
	f.Add([]byte(`{"event":"kill","node":"n1"}`))
	f.Add([]byte(`{"event":"chat","node":"n1","said":{"from":"a","text":"b","state":"pending"}}`))
	hash := strings.Repeat("1", 64)
	f.Add(fmt.Appendf(nil, `{"event":"block","node":"n1","block":{"hash":"%s","height":1},"made":{"hash":"%s","height":1,"chainwork":"%s","txs":1}}`, hash, hash, hash))
	f.Fuzz(func(t *testing.T, data []byte) {
		run, err := ReadTrace(bytes.NewReader(data))
		if err != nil {
			return
		}
		s := run.Begin()
		for s.Next() != nil {
		}
		_ = s.Draw(t.Context(), io.Discard, draw.Style{})
	})
}
