package real

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// This file sends a node the strangest calls: a query of death, if there is one, is like them.

// callTime bounds one such call.
const callTime = 20 * time.Second

// malformedCalls makes n calls that cannot be answered, one after the other. The node may
// answer anything or close the connection.
func (w *World) malformedCalls(ctx context.Context, node string, n int) error {
	c, err := w.Client(node)
	if err != nil {
		return err
	}
	defer c.Close()
	at := w.Nodes()[slices.Index(w.Names(), node)]
	login, err := os.ReadFile(at.Cookie)
	if err != nil {
		return err
	}
	user, pass, _ := strings.Cut(strings.TrimSpace(string(login)), ":")
	chance := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range n {
		body := garbage(chance, i)
		if i%5 == 4 {
			err = sendRaw(ctx, at.RPC, body)
		} else {
			err = post(ctx, "http://"+at.RPC, user, pass, body)
		}
		if err != nil {
			return fmt.Errorf("call %d of %d, %.40q…: %w", i+1, n, body, err)
		}
	}
	return nil
}

// garbage returns the i-th body: inputs that programs have crashed on, then random changes of
// a valid call.
func garbage(chance *rand.Rand, i int) []byte {
	const good = `{"jsonrpc":"2.0","id":1,"method":"getblock","params":["0000000000000000000000000000000000000000000000000000000000000000",2]}`
	shapes := []string{
		"", "null", "[]", "{}", "[[[]]]", `{"method":1}`, `{"method":"getblock","params":{"blockhash":{}}}`,
		strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 50_000),
		`{"method":"getblockhash","params":[1e999]}`, `{"method":"getblockhash","params":[-9223372036854775808]}`,
		`{"method":"decoderawtransaction","params":["` + strings.Repeat("ff", 100_000) + `"]}`,
		`{"method":"sendrawtransaction","params":["01000000ffffffffffffffffff"]}`,
		`{"method":"submitblock","params":["` + strings.Repeat("00", 80) + `feffffffff"]}`,
		`{"method":"getblocktree","params":[-1]}`, `{"method":"help","params":["\u0000\ud800"]}`,
		"[" + strings.Repeat(`{"method":"getblockcount"},`, 2000) + "1]", "\xff\xfe\x00{",
	}
	if i < len(shapes) {
		return []byte(shapes[i])
	}
	out := []byte(good)
	for range 1 + chance.IntN(8) {
		out[chance.IntN(len(out))] = byte(chance.Uint32())
	}
	return out[:1+chance.IntN(len(out))]
}

// post sends a body as a call.
func post(ctx context.Context, url, user, pass string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(user, pass)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// sendRaw sends bytes that are no HTTP, and waits until the node answers or closes the
// connection.
func sendRaw(ctx context.Context, addr string, body []byte) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(callTime)); err != nil {
		return err
	}
	// The node may close the connection before the end: that is an answer too.
	_, _ = c.Write(append(bytes.Clone(body), "\r\n\r\n"...))
	var answer [1]byte
	if _, err := c.Read(answer[:]); err != nil && os.IsTimeout(err) {
		return fmt.Errorf("the node does not answer: %w", err)
	}
	return nil
}
