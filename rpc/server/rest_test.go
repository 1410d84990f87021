package server

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"toychain/block"
	"toychain/internal/chaingen"
	"toychain/rpc"
)

// rest makes a REST request without a password and returns the status and the body.
func (w *world) rest(verb, path string, body io.Reader, header ...string) (int, string, http.Header) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx, verb, w.url+"/rest"+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	resp, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(raw), resp.Header
}

// shows demands what a resource answers.
func (s *scene) shows(path, kind, want string) {
	s.t.Helper()
	status, got, header := s.rest(http.MethodGet, path, nil)
	if status != http.StatusOK || got != want || header.Get("Content-Type") != kind || header.Get("Content-Length") != fmt.Sprint(len(want)) {
		s.t.Errorf("%s: %d, %s, %.300q\nwant %s, %.300q", path, status, header.Get("Content-Type"), got, kind, want)
	}
}

// forms demands that a resource has these bytes, and in JSON what these calls return.
func (s *scene) forms(path, query string, raw []byte, json string) {
	s.t.Helper()
	s.shows(path+".bin"+query, "application/octet-stream", string(raw))
	s.shows(path+".hex"+query, "text/plain", hex.EncodeToString(raw)+"\n")
	s.shows(path+".json"+query, "application/json", json+"\n")
}

// Every resource says what the method of the same subject says.
func TestREST(t *testing.T) {
	s := play(t)
	s.until("the mempool is loaded", s.node.MempoolLoaded)
	var raw []byte
	var shown []string
	for h := 2; h <= 6; h++ {
		raw = append(raw, unhex(t, get[string](s.world, "getblockheader", s.blocks[h], false))...)
		shown = append(shown, string(s.must("getblockheader", s.blocks[h])))
	}
	s.forms(fmt.Sprint("/headers/", s.blocks[2]), "", raw, "["+strings.Join(shown, ",")+"]")
	s.forms(fmt.Sprint("/headers/", s.blocks[2]), "?count=2", raw[:160], "["+shown[0]+","+shown[1]+"]")
	s.forms(fmt.Sprint("/headers/2000/", s.blocks[5]), "", raw[240:], "["+shown[3]+","+shown[4]+"]")
	s.forms("/headers/"+nowhere, "", nil, "[]")

	raw = unhex(t, get[string](s.world, "getblock", s.tip(), 0))
	s.forms(fmt.Sprint("/block/", s.tip()), "", raw, string(s.must("getblock", s.tip(), 3)))
	s.forms(fmt.Sprint("/block/notxdetails/", s.tip()), "", raw, string(s.must("getblock", s.tip(), 1)))

	for h, hash := range s.blocks {
		s.shows(fmt.Sprintf("/blockhashbyheight/%d.bin", h), "application/octet-stream", string(hash[:]))
		s.shows(fmt.Sprintf("/blockhashbyheight/%d.hex", h), "text/plain", hash.String()+"\n")
		s.shows(fmt.Sprintf("/blockhashbyheight/%d.json", h), "application/json", fmt.Sprintf("{\"blockhash\":\"%s\"}\n", hash))
	}
	for _, tx := range []*block.Tx{s.toAlice, s.child} {
		want := get[rpc.Tx](s.world, "getrawtransaction", tx.ID(), 1)
		want.Confirmations, want.Time, want.BlockTime = nil, 0, 0
		s.forms(fmt.Sprint("/tx/", tx.ID()), "", tx.Bytes(), string(marshal(want)))
	}
	for path, call := range map[string]json.RawMessage{
		"/mempool/info.json":                                         s.must("getmempoolinfo"),
		"/mempool/contents.json":                                     s.must("getrawmempool", true),
		"/mempool/contents.json?verbose=true":                        s.must("getrawmempool", true),
		"/mempool/contents.json?verbose=false":                       s.must("getrawmempool"),
		"/mempool/contents.json?verbose=false&mempool_sequence=true": s.must("getrawmempool", false, true),
	} {
		s.shows(path, "application/json", string(call)+"\n")
	}
	size := regexp.MustCompile(`"size_on_disk":\d+`) // LevelDB tidies up at any time
	_, info, _ := s.rest(http.MethodGet, "/chaininfo.json", nil)
	if want := string(s.must("getblockchaininfo")) + "\n"; size.ReplaceAllString(info, "") != size.ReplaceAllString(want, "") {
		t.Errorf("/chaininfo.json: %s\nwant %s", info, want)
	}
	if status, got, header := s.rest(http.MethodHead, "/chaininfo.json", nil); status != http.StatusOK || got != "" || header.Get("Content-Length") == "" {
		t.Errorf("HEAD: %d %q %v", status, got, header)
	}
}

// A block that is not on the best chain can be read, and begins no headers.
func TestRESTStaleBlock(t *testing.T) {
	s := play(t)
	s.must("invalidateblock", s.tip())
	s.shows(fmt.Sprintf("/headers/%s.json", s.tip()), "application/json", "[]\n")
	s.shows(fmt.Sprintf("/block/%s.json", s.tip()), "application/json", string(s.must("getblock", s.tip(), 3))+"\n")
	next := s.branch(5).Mine("next")
	s.must("submitheader", blockHex(next.Block)[:160])
	for _, form := range []string{"bin", "json"} {
		if status, got, _ := s.rest("GET", fmt.Sprintf("/block/%s.%s", next.Hash, form), nil); status != 404 || got != next.Hash.String()+" not available (not fully downloaded)\r\n" {
			t.Errorf("a block without its body: %d %q", status, got)
		}
	}
}

// unspent returns the path of outputs.
func unspent(of ...block.Outpoint) (path string) {
	for _, o := range of {
		path += fmt.Sprintf("/%s-%d", o.TxID, o.Index)
	}
	return path
}

// getutxos in its three forms, by path and by body, with and without the mempool: as in
// Core's interface_rest.py.
func TestRESTUTXOs(t *testing.T) {
	s := play(t)
	kept := block.Outpoint{TxID: s.toBob.ID()}     // unspent on the chain
	spent := block.Outpoint{TxID: s.toAlice.ID()}  // spent by a pending transaction
	pending := block.Outpoint{TxID: s.child.ID()}  // of a pending transaction
	gone := block.Outpoint{TxID: s.parent.ID()}    // of a pending transaction, and spent by another
	no := block.Outpoint{TxID: s.tip(), Index: 77} // there is none
	coin := func(height int64, tx *block.Tx) string {
		o := tx.Outputs[0]
		script := get[rpc.Tx](s.world, "decoderawtransaction", txHex(tx)).Vout[0].ScriptPubKey
		return fmt.Sprintf(`{"height":%d,"value":%s,"scriptPubKey":%s}`, height, marshal(o.Value), marshal(script))
	}
	answer := func(bitmap string, coins ...string) string {
		return fmt.Sprintf(`{"chainHeight":6,"chaintipHash":"%s","bitmap":"%s","utxos":[%s]}`, s.tip(), bitmap, strings.Join(coins, ",")) + "\n"
	}
	all := unspent(kept, spent, pending, gone, no)
	s.shows("/getutxos"+all+".json", "application/json", answer("11000", coin(6, s.toBob), coin(6, s.toAlice)))
	s.shows("/getutxos/checkmempool"+all+".json", "application/json", answer("10100", coin(6, s.toBob), coin(0x7fffffff, s.child)))
	s.shows("/getutxos"+unspent(no)+".json", "application/json", answer("0"))

	// Height, tip, a bitmap of one byte, one coin: its version, height, value and script.
	o := s.child.Outputs[0]
	want := fmt.Sprintf("06000000%x0101", [32]byte(s.tip())) + "01" + "00000000ffffff7f" + fmt.Sprintf("%x", littleEndian(uint64(o.Value))) +
		fmt.Sprintf("%02x%x", len(o.Script), o.Script)
	s.shows("/getutxos/checkmempool"+unspent(pending)+".hex", "text/plain", want+"\n")
	s.shows("/getutxos/checkmempool"+unspent(pending)+".bin", "application/octet-stream", string(unhex(t, want)))
	id := pending.TxID
	sent := append(append([]byte{1, 1}, id[:]...), 0, 0, 0, 0)
	for _, body := range []string{string(sent), string(sent) + "what follows is ignored"} {
		if status, got, _ := s.rest("POST", "/getutxos.bin", strings.NewReader(body)); status != 200 || got != string(unhex(t, want)) {
			t.Errorf("by body: %d %x\nwant %s", status, got, want)
		}
	}
	for _, path := range []string{"/getutxos.hex", "/getutxos/checkmempool.hex"} {
		if status, got, _ := s.rest("POST", path, strings.NewReader(hex.EncodeToString(sent)+"\n")); status != 200 || got != want+"\n" {
			t.Errorf("by body, in hex: %d %s\nwant %s", status, got, want)
		}
	}
}

func littleEndian(n uint64) (out [8]byte) {
	for i := range out {
		out[i] = byte(n >> (8 * i))
	}
	return out
}

// Core's messages and statuses, most of them from its interface_rest.py.
func TestRESTRefuses(t *testing.T) {
	s := play(t)
	const zeros = "0000000000000000000000000000000000000000000000000000000000000000"
	tip, tx := s.tip().String(), s.toBob.ID().String()
	formats := "output format not found (available: .bin, .hex, .json)"
	for _, row := range []struct {
		path   string
		status int
		want   string
	}{
		{"/tx/abc.json", 400, "Invalid hash: abc"},
		{"/tx/" + zeros + ".json", 404, zeros + " not found"},
		{"/tx/" + tx, 404, formats},
		{"/tx/" + tx + ".xml", 400, "Invalid hash: " + tx + ".xml"},
		{"/block/abc.bin", 400, "Invalid hash: abc"},
		{"/block/" + zeros + ".json", 404, zeros + " not found"},
		{"/block/" + zeros + ".hex", 404, zeros + " not found"},
		{"/block/" + tip, 404, formats},
		{"/headers/" + tip, 404, formats},
		{"/headers/abc.json", 400, "Invalid hash: abc"},
		{"/headers/1/2/3.json", 400, "Invalid URI format. Expected /rest/headers/<hash>.<ext>?count=<count>"},
		{"/headers/0/" + tip + ".json", 400, "Header count is invalid or out of acceptable range (1-2000): 0"},
		{"/blockhashbyheight/abc.json", 400, "Invalid height: abc"},
		{"/blockhashbyheight/+1.json", 400, "Invalid height: +1"},
		{"/blockhashbyheight/-1.json", 400, "Invalid height: -1"},
		{"/blockhashbyheight/.json", 400, "Invalid height: "},
		{"/blockhashbyheight/1000000.json", 404, "Block height out of range"},
		{"/blockhashbyheight/1", 404, formats},
		{"/chaininfo.bin", 404, "output format not found (available: json)"},
		{"/mempool/x.json", 400, "Invalid URI format. Expected /rest/mempool/<info|contents>.json"},
		{"/mempool/info.hex", 404, "output format not found (available: json)"},
		{"/mempool/contents.json?verbose=1", 400, `The "verbose" query parameter must be either "true" or "false".`},
		{"/mempool/contents.json?mempool_sequence=", 400, `The "mempool_sequence" query parameter must be either "true" or "false".`},
		{"/mempool/contents.json?mempool_sequence=true", 400, `Verbose results cannot contain mempool sequence values. (hint: set "verbose=false")`},
		{"/getutxos.json", 400, "Error: empty request"},
		{"/getutxos/checkmempool.json", 400, "Error: empty request"},
		{"/getutxos/" + tx + "_+1.json", 400, "Parse error"},
		{"/getutxos/" + tx + "-+1.json", 400, "Parse error"},
		{"/getutxos/" + tx + "--1.json", 400, "Parse error"},
		{"/getutxos/" + tx + "aa-1234.json", 400, "Parse error"},
		{"/getutxos/aa-1234.json", 400, "Parse error"},
		{"/getutxos/" + tx + "-0", 404, formats},
		{"/x", 404, "there is no resource /rest/x: see Bitcoin Core's doc/REST-interface.md"},
	} {
		status, got, header := s.rest("GET", row.path, nil)
		if status != row.status || got != row.want+"\r\n" || header.Get("Content-Type") != "text/plain" {
			t.Errorf("%s: %d %q\nwant %d %q", row.path, status, got, row.status, row.want)
		}
	}
	for _, row := range []struct{ path, body, want string }{
		{"/getutxos.json", `{"checkmempool`, "Error: empty request"},
		{"/getutxos.bin", `{"checkmempool`, "Parse error"},
		{"/getutxos.bin", "\x00", "Parse error"},
		{"/getutxos.bin", "\x00\xfd\x01\x00" + strings.Repeat("x", 36), "Parse error"}, // 1 in a longer form
		{"/getutxos.bin", "\x00\xff" + strings.Repeat("\xff", 8), "Parse error"},
		{"/getutxos.hex", "xyz", "Parse error"},
		{"/getutxos/" + tx + "-0.bin", "\x00\x00", "Combination of URI scheme inputs and raw post data is not allowed"},
	} {
		if status, got, _ := s.rest("POST", row.path, strings.NewReader(row.body)); status != 400 || got != row.want+"\r\n" {
			t.Errorf("%s with %q: %d %q, want %q", row.path, row.body, status, got, row.want)
		}
	}
}

// The limits are Core's, but for the size of a body.
func TestRESTLimits(t *testing.T) {
	s := play(t)
	one := block.Outpoint{TxID: s.toBob.ID()}
	of := bytes.Repeat([]byte(unspent(one)), maxRESTOutpoints)
	if status, got, _ := s.rest("POST", "/getutxos"+string(of)+".json", nil); status != 200 || !strings.Contains(got, `"bitmap":"111111111111111"`) {
		t.Errorf("15 outpoints: %d %s", status, got)
	}
	if status, got, _ := s.rest("GET", "/getutxos"+string(of)+unspent(one)+".json", nil); status != 400 || got != "Error: max outpoints exceeded (max: 15, tried: 16)\r\n" {
		t.Errorf("16 outpoints: %d %s", status, got)
	}
	body := "\x00\xfd\x2c\x01" + strings.Repeat("x", 300*36)
	if status, got, _ := s.rest("POST", "/getutxos.bin", strings.NewReader(body)); status != 400 || got != "Error: max outpoints exceeded (max: 15, tried: 300)\r\n" {
		t.Errorf("300 outpoints in a body: %d %s", status, got)
	}
	if status, _, _ := s.rest("POST", "/getutxos.bin", strings.NewReader(strings.Repeat("x", maxRESTBody+1))); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d, want 413", status)
	}
	for _, count := range []string{"2001", "0", "-5", "5a", "99999999999999999999999999999999999"} {
		want := "Header count is invalid or out of acceptable range (1-2000): " + count + "\r\n"
		if status, got, _ := s.rest("GET", fmt.Sprintf("/headers/%s.json?count=%s", s.tip(), count), nil); status != 400 || got != want {
			t.Errorf("%s headers: %d %q", count, status, got)
		}
	}
	for s.server.rest.take() {
	}
	if status, got, _ := s.rest("GET", "/chaininfo.json", nil); status != http.StatusServiceUnavailable || got != "Work queue depth exceeded\n" {
		t.Errorf("with all places taken: %d %q", status, got)
	}
	s.quickly("while all places of REST are taken")
}

// Without --rest there is no door.
func TestRESTIsOff(t *testing.T) {
	w := start(t)
	if status, got, _ := w.rest("GET", "/chaininfo.json", nil); status != 404 || !strings.Contains(got, "--rest") {
		t.Errorf("%d %q", status, got)
	}
}

// REST needs no password, so pages of other sites must not reach it, neither by what a browser
// sends for them nor by a name of theirs that means this machine.
func TestRESTOtherSites(t *testing.T) {
	s := play(t)
	host := s.server.Addr()
	for _, row := range [][]string{
		{}, {"Host", "localhost:8332"}, {"Host", "n1:8332"}, {"Host", "[::1]:8332"}, {"Host", "192.168.1.7"},
		{"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://" + host}, {"Origin", "http://" + host, "Sec-Fetch-Site", "same-origin"},
	} {
		if status, got, header := s.rest("GET", "/chaininfo.json", nil, row...); status != 200 || header.Get("X-Content-Type-Options") != "nosniff" ||
			header.Get("Cross-Origin-Resource-Policy") != "same-origin" || header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%v: %d %s %v", row, status, got, header)
		}
	}
	for _, row := range [][]string{
		{"Host", "evil.example:8332"}, {"Host", "evil.example"}, {"Host", "127.0.0.1.evil.example"}, {"Host", "evil.example."},
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "http://evil.example"}, {"Origin", "null"},
	} {
		if status, got, _ := s.rest("GET", "/chaininfo.json", nil, row...); status != http.StatusForbidden || strings.Contains(got, "bestblockhash") {
			t.Errorf("%v: %d %s", row, status, got)
		}
	}
}

// FuzzOutpoints: a body is outpoints or refused, and what is read is what was written.
func FuzzOutpoints(f *testing.F) {
	f.Add([]byte("\x01\x01" + strings.Repeat("x", 36)))
	f.Add([]byte("\x00\xfd\x2c\x01" + strings.Repeat("x", 300*36)))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, of, err := parseOutpoints(b)
		if err != nil {
			return
		}
		again := block.AppendCompactSize(b[:1:1], uint64(len(of)))
		for _, o := range of {
			again = append(again, o.TxID[:]...)
			again = append(again, byte(o.Index), byte(o.Index>>8), byte(o.Index>>16), byte(o.Index>>24))
		}
		if !bytes.HasPrefix(b, again) {
			t.Fatalf("%x is read as %v", b, of)
		}
	})
}

// FuzzREST: whatever the path, the answer is a status and no panic.
func FuzzREST(f *testing.F) {
	w := startIn(f, f.TempDir(), Config{REST: true})
	for _, seed := range []string{"headers/5/" + nowhere + ".json", "getutxos/checkmempool/" + nowhere + "-1.bin", "mempool/contents.json?verbose=x", "block/.bin", "blockhashbyheight/0.hex"} {
		f.Add(seed, []byte{1, 0})
	}
	w.mine(2, chaingen.Miner)
	f.Fuzz(func(t *testing.T, path string, sent []byte) {
		r, err := http.NewRequestWithContext(w.ctx, "GET", "http://x/rest/"+path, nil)
		if err != nil {
			return
		}
		err = w.server.answerREST(r, sent, &reply{w: httptest.NewRecorder()})
		if _, refused := err.(*restError); err != nil && !refused {
			t.Fatalf("%s: %v", path, err)
		}
	})
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
