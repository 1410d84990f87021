package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"toychain/block"
	"toychain/rpc"
)

// sameText calls a method whose result is written as it is made, in both versions and in a batch,
// and demands the bytes that the encoder makes of the whole.
func sameText[T any](s *scene, method, params string) {
	s.t.Helper()
	for _, version := range []string{"", `"jsonrpc":"2.0",`} {
		one := fmt.Sprintf(`{%s"id":["a", 1],"method":%q,"params":%s}`, version, method, params)
		req, _ := parseRequest(json.RawMessage(one))
		status, got := s.post(one)
		var v struct{ Result T }
		if err := json.Unmarshal([]byte(got), &v); err != nil || status != http.StatusOK {
			s.t.Fatalf("%s %s: %d, %v in %.200s", method, params, status, err, got)
		}
		want := string(req.answer(v.Result, nil))
		if got != want {
			s.t.Errorf("%s %s\n got %.1000s\nwant %.1000s", method, params, got, want)
		}
		if _, got = s.post("[" + one + "," + one + "]"); got != "["+want+","+want+"]" {
			s.t.Errorf("%s %s in a batch\n got %.1000s\nwant %.1000s twice", method, params, got, want)
		}
	}
}

func TestLargeAnswersHaveTheSameText(t *testing.T) {
	s := play(t)
	for _, hash := range s.blocks {
		for v := range 4 {
			params := fmt.Sprintf(`["%s",%d]`, hash, v)
			switch v {
			case 0:
				sameText[string](s, "getblock", params)
			case 1:
				sameText[rpc.Block](s, "getblock", params)
			default:
				sameText[rpc.FullBlock](s, "getblock", params)
			}
		}
	}
	sameText[map[block.Hash]rpc.MempoolEntry](s, "getrawmempool", `[true]`)
	sameText[rpc.Tree](s, "getblocktree", `[]`)
	sameText[[]rpc.PendingTx](s, "getpending", `[]`)
	// One of many rows is in pieces, too, and has no length.
	s.server.methods["rows"] = &method{answer: func(*call, []json.RawMessage) (any, *rpc.Error) {
		return inRows(strings.Split(strings.Repeat("12345678<&>,", 20_000), ",")), nil
	}}
	sameText[[]string](s, "rows", `[]`)
}

// A large answer that fails is an error, as long as nothing of it was sent; then it is cut off.
func TestLargeAnswerFails(t *testing.T) {
	w := start(t)
	fails := func(after int, how func() error) *method {
		return &method{answer: func(*call, []json.RawMessage) (any, *rpc.Error) {
			return stream{write: func(to *reply) error {
				return to.array(eachOf(after+1, func(i int) (any, error) {
					if i == after {
						return nil, how()
					}
					return "0123456789", nil
				}))
			}}, nil
		}}
	}
	oops := func() error { return errors.New("oops") }
	w.server.methods["early"], w.server.methods["late"] = fails(10, oops), fails(50_000, oops)
	w.server.methods["bug"] = fails(10, func() error { panic("a bug") })
	const want = `{"result":null,"error":{"code":-1,"message":"oops"},"id":1}`
	if status, got := w.post(`{"id":1,"method":"early"}`); status != http.StatusInternalServerError || got != want {
		t.Errorf("early: %d %s", status, got)
	}
	if status, got := w.post(`[{"id":1,"method":"early"},{"id":1,"method":"early"}]`); status != http.StatusOK || got != "["+want+","+want+"]" {
		t.Errorf("early in a batch: %d %s", status, got)
	}
	w.refused(rpc.CodeMisc, "internal error in ", "bug")
	for _, body := range []string{`{"id":1,"method":"late"}`, `[{"id":1,"method":"uptime"},{"id":1,"method":"late"}]`} {
		req, _ := http.NewRequestWithContext(w.ctx, http.MethodPost, w.url, strings.NewReader(body))
		req.SetBasicAuth(w.user, w.pass)
		resp, err := w.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil || len(raw) < replyPiece/2 {
			t.Errorf("%s: %d bytes came, and then %v; want it cut off", body, len(raw), err)
		}
	}
	w.quickly("after answers that failed")
	w.until("all places are free", func() bool { return len(w.server.large)+len(w.server.quick) == 0 })
}

// No more than maxLarge large answers are made at once; the others wait, and quick calls do not.
func TestLargeAnswers(t *testing.T) {
	w := start(t)
	goOn := make(chan struct{})
	var making, most atomic.Int64
	w.server.methods["large"] = &method{answer: func(*call, []json.RawMessage) (any, *rpc.Error) {
		return stream{write: func(to *reply) error {
			most.Store(max(most.Load(), making.Add(1)))
			defer making.Add(-1)
			<-goOn
			return to.value("done")
		}}, nil
	}}
	const more = 5
	var group sync.WaitGroup
	for range maxLarge + more {
		group.Go(func() {
			if err := w.Call(w.ctx, "large", nil, nil); err != nil {
				t.Error(err)
			}
		})
	}
	w.until("all places are taken", func() bool { return making.Load() == maxLarge && len(w.server.waiting) == more })
	w.quickly("while large answers are made")
	close(goOn)
	group.Wait()
	if most.Load() > maxLarge {
		t.Errorf("%d were made at once, at most %d", most.Load(), maxLarge)
	}
}
