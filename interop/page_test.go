package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"toychain/block"
	"toychain/rpc"
	"toychain/testnet/replay"
)

// This file looks at the page of "toychain explorer" with a real browser.

// network is a testnet in a directory, and the program.
type network struct {
	t       *testing.T
	ctx     context.Context
	program string
	home    string
}

// newNetwork builds the program. The testnet that it starts ends with the test.
func newNetwork(t *testing.T) *network {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("chromium is not installed: apt-get install chromium, as .ci/run does")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	return &network{t: t, ctx: ctx, home: t.TempDir(), program: program(t, "..", "./cmd/toychain")}
}

func (n *network) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(n.ctx, n.program, args...)
	cmd.Env = append(os.Environ(), "HOME="+n.home)
	return cmd
}

// run runs the program and returns what it prints.
func (n *network) run(args ...string) string {
	n.t.Helper()
	cmd := n.command(args...)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		n.t.Fatalf("toychain %s: %v: %s", strings.Join(args, " "), err, talk.String())
	}
	return string(out)
}

// up starts a testnet.
func (n *network) up(args ...string) {
	n.t.Helper()
	n.t.Cleanup(func() {
		n.ctx = context.WithoutCancel(n.ctx)
		_ = n.command("testnet", "down").Run()
	})
	n.run(append([]string{"testnet", "up"}, args...)...)
}

// tip returns the hash of a node's best block.
func (n *network) tip(node string) string {
	n.t.Helper()
	return strings.TrimSpace(n.run("rpc", "getbestblockhash", "--node", node))
}

// explore starts an explorer and returns the address of its page.
func (n *network) explore(args ...string) string {
	n.t.Helper()
	cmd := n.command(append([]string{"explorer", "--json", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	var first struct{ URL string }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &first) != nil {
		n.t.Fatalf("its first line is %q, %v", line, err)
	}
	return first.URL
}

// tab is a page in a browser.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	errors []string // exceptions, and what the page's policy refused
}

// openTab opens a page in a new browser.
func (n *network) openTab(url string) *tab {
	n.t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.UserDataDir(n.t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(n.ctx, opts...)
	n.t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	n.t.Cleanup(cancel)
	p := &tab{t: n.t, ctx: ctx}
	p.do(chromedp.EmulateViewport(1280, 900))
	thrown, logged := chromedp.Events(ctx, runtime.ExceptionThrown), chromedp.Events(ctx, log.EntryAdded)
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		n.t.Fatal(err)
	}
	go func() {
		for e, err := range thrown {
			if err == nil {
				p.note(fmt.Sprintf("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
			}
		}
	}()
	go func() {
		for e, err := range logged {
			if err == nil && e.Entry.Level == log.EntryLevelError {
				p.note(e.Entry.Text)
			}
		}
	}()
	p.do(chromedp.Navigate(url))
	return p
}

func (p *tab) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errors = append(p.errors, text)
}

// clean demands that nothing went wrong on the page.
func (p *tab) clean() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.errors) > 0 {
		p.t.Errorf("the page had errors: %q", p.errors)
	}
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// eval returns the value of an expression in the page.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits until an expression is true in the page.
func (p *tab) until(what, expression string) {
	p.t.Helper()
	poll := chromedp.Poll[bool](expression, chromedp.WithPollingInterval(30*time.Millisecond), chromedp.WithPollingTimeout(time.Minute))
	_, err := chromedp.Run(p.ctx, poll)
	if err != nil && strings.Contains(err.Error(), "context with specified id") { // the page changed meanwhile
		_, err = chromedp.Run(p.ctx, poll)
	}
	if err != nil {
		p.t.Fatalf("waiting until %s: %v; the log says: %s; errors %q", what, err, eval[string](p, `document.querySelector('.log')?.innerText ?? document.body.innerText`), p.errors)
	}
}

// press focuses an element and types a key: what the page can do, it can do without a mouse.
func (p *tab) press(selector, key string) {
	p.t.Helper()
	p.do(chromedp.Focus(chromedp.CSS(selector)), chromedp.KeyEvent(key))
}

// tips is the number of different tips of the markers in the picture, rows that of the table.
const (
	tips = `new Set([...document.querySelectorAll('.marker[data-node]')].map((m) => m.dataset.tip)).size`
	rows = `new Set([...document.querySelectorAll('.tips tr[data-node]')].map((m) => m.dataset.tip)).size`
)

// TestPage goes through the demo's story in a browser, without a mouse: the network is cut, two
// tips grow, it heals, one branch is stale; the slider goes back to the cut.
func TestPage(t *testing.T) {
	n := newNetwork(t)
	n.up("4", "--window", "0", "--fund", "alice,bob")
	p := n.openTab(n.explore())
	p.until("four nodes stand on one tip", `document.querySelectorAll('.marker').length === 4 && `+tips+` === 1 && `+rows+` === 1`)
	p.until("all drawn blocks are on the best chain", `[...document.querySelectorAll('[data-hash]')].every((b) => b.dataset.hash.length === 64 && b.dataset.state === 'best')`)

	p.press(`[data-verb=cut]`, kb.Enter)
	p.until("the cut is shown", `document.querySelector('.cut')?.innerText.includes('n1,n2 | n3,n4') && document.querySelector('.log').innerText.includes('the network is cut')`)
	n.run("wallet", "send", "bob", "1", "--wallet", "alice", "--node", "n1")
	n.run("mine", "1", "--node", "n1", "--to", "alice")
	n.run("mine", "2", "--node", "n3", "--to", "bob")
	left, right := n.tip("n1"), n.tip("n3")
	p.until("there are two tips", `['`+left+`', '`+left+`', '`+right+`', '`+right+`'].every((tip, i) => ['.marker', '.tips tr'].every((of) => document.querySelector(of + '[data-node=n' + (i + 1) + ']').dataset.tip === tip))`)
	p.do(chromedp.Evaluate[chromedp.Void](`window.lanes = () => new Map([...document.querySelectorAll('[data-hash]')].map((b) => [b.dataset.hash, new DOMMatrix(getComputedStyle(b).transform).e])); window.before = lanes()`))

	p.press(`[data-verb=heal]`, kb.Enter)
	p.until("they agree", tips+` === 1 && `+rows+` === 1`)
	p.until("the losing block is stale", `document.querySelector('[data-hash="`+left+`"]').dataset.state === 'stale'`)
	p.until("the log says so", `[...document.querySelectorAll('.log li.reorg')].some((e) => /n[12] reorganisation: .* 1 left, 2 joined/.test(e.innerText))`)
	p.until("the service levels know the heal", `[...document.querySelectorAll('.levels tr')].some((r) => /agreement after a heal .* ms\s+✓ yes/.test(r.innerText))`)
	p.until("the panels have charts, and the same as tables", `['Fees in the fullest mempool', 'Interval between blocks', 'Difficulty'].every((t) => [...document.querySelectorAll('.panels section')].some((s) =>
		s.innerText.includes(t) && s.querySelector('canvas') !== null && s.querySelectorAll('details tbody tr').length > 1))`)
	if moved := eval[string](p, `(() => { const now = lanes(); return ['`+left+`', '`+right+`'].every((tip) => before.has(tip) && now.has(tip)) ?
		[...now].filter(([b, x]) => before.has(b) && before.get(b) !== x).map(([b, x]) => b + ' from ' + before.get(b) + ' to ' + x).join() : 'a tip is not drawn'; })()`); moved != "" {
		t.Errorf("blocks left their lanes: %s", moved)
	}

	// Back to the last moment before a node moved, and forward again.
	at := eval[int](p, `(() => { const all = [...document.querySelectorAll('.log li')].reverse(); return all.findIndex((e) => e.dataset.kind === 'reorg'); })()`)
	p.do(chromedp.Focus(chromedp.CSS("#moment")))
	for now := eval[int](p, `Number(document.querySelector('#moment').value)`); now > at; now-- {
		p.do(chromedp.KeyEvent(kb.ArrowLeft))
	}
	p.until("two tips again", tips+` === 2 && document.querySelector('[data-hash="`+left+`"]').dataset.state === 'best' && document.querySelector('.cut') !== null`)
	if disabled := eval[bool](p, `document.querySelector('[data-verb=heal]').disabled`); !disabled {
		t.Error("the past can be changed")
	}
	p.press("#present", kb.Enter)
	p.until("the present again", tips+` === 1 && document.querySelector('.cut') === null`)

	p.keys(left)
	p.clean()
}

// keys walks through the tree by keys, to the page of a block.
func (p *tab) keys(stale string) {
	p.t.Helper()
	focus := `document.activeElement.dataset?.hash`
	p.do(chromedp.Focus(chromedp.CSS(`[data-hash][tabindex="0"]`)))
	tip := eval[string](p, focus)
	for _, step := range []struct{ key, what, want string }{
		{kb.ArrowUp, "the parent", `document.activeElement.dataset?.hash !== "` + tip + `"`},
		{kb.ArrowDown, "its child", focus + ` === "` + tip + `"`},
		{kb.Home, "genesis", `document.activeElement.querySelector('title')?.textContent.startsWith('block 0 ')`},
		{kb.End, "the tip", focus + ` === "` + tip + `"`},
		{kb.ArrowUp, "the parent", `document.activeElement.dataset?.hash !== "` + tip + `"`},
	} {
		p.do(chromedp.KeyEvent(step.key))
		p.until("the focus is on "+step.what, step.want)
	}
	side := kb.ArrowLeft
	if eval[bool](p, `new DOMMatrix(getComputedStyle(document.querySelector('[data-hash="`+stale+`"]')).transform).e > new DOMMatrix(getComputedStyle(document.activeElement).transform).e`) {
		side = kb.ArrowRight
	}
	p.do(chromedp.KeyEvent(side))
	p.until("the focus is on the stale sibling", focus+` === "`+stale+`"`)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until("its page is there", `location.pathname === "/block/`+stale+`" && document.body.innerText.includes('This block left the best chain')`)
}

// hostile is a recording in which everything that others may write is markup.
func hostile(t *testing.T, blocks int) string {
	t.Helper()
	const markup = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`
	var out bytes.Buffer
	prev := block.Sum([]byte("g"))
	for i := 1; i <= blocks; i++ {
		b := &rpc.TreeBlock{Hash: block.Sum(fmt.Append(nil, i)), Prev: prev, Height: block.Height(i), Txs: 1, Message: markup, Address: markup, Bits: "1f00ffff"}
		ref := &rpc.BlockRef{Hash: b.Hash, Height: b.Height}
		prev = b.Hash
		for _, e := range []replay.Event{
			{Node: "<b>n1</b>", Event: replay.Block, Block: ref, Made: b, Miner: markup, Born: true},
			{Node: "<b>n1</b>", Event: replay.Tip, Block: ref}, {Event: "partition", Args: []string{markup, "n2"}}, {Event: markup, Args: []string{markup}},
		} {
			line, err := json.Marshal(&e)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(append(line, '\n'))
		}
	}
	name := filepath.Join(t.TempDir(), "hostile.jsonl")
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestPageHostile: what miners and nodes call themselves shows as text.
func TestPageHostile(t *testing.T) {
	n := newNetwork(t)
	url := n.explore("--trace", hostile(t, 2))
	p := n.openTab(url)
	p.until("the name is text", `document.querySelector('.tips th[scope=row]')?.innerText === '<b>n1</b>'`)
	p.until("the miner is text", `[...document.querySelectorAll('.block text')].some((e) => e.textContent.includes('<img src=x'))`)
	p.do(chromedp.Click(chromedp.CSS(`[data-hash][tabindex="0"]`)))
	p.until("the details are text", `document.querySelector('.details').innerText.includes('<script>')`)
	bad := `document.querySelectorAll('img, #app script, b b').length`
	if found := eval[int](p, bad); found != 0 || eval[string](p, `document.title`) != "toychain explorer" {
		t.Errorf("%d elements are from outside, the title is %q", found, eval[string](p, `document.title`))
	}
	p.do(chromedp.Navigate(url + "block/" + block.Sum(fmt.Append(nil, 2)).String()))
	p.until("the block's page shows text", `document.body.innerText.includes('<script>')`)
	if found := eval[int](p, `document.querySelectorAll('img, script').length`); found != 0 {
		t.Errorf("the block's page has %d elements from outside", found)
	}
	p.clean()
}

// TestPageAccessible: axe finds nothing serious on any page, light or dark, wide or narrow. The
// screenshots are kept in TOYCHAIN_SHOTS, if that names a directory.
func TestPageAccessible(t *testing.T) {
	n := newNetwork(t)
	axe := axeSource(t)
	n.up("4", "--window", "0", "--fund", "alice,bob")
	url := n.explore()
	n.run("testnet", "partition", "n1,n2", "n3,n4")
	n.run("mine", "1", "--node", "n1", "--to", "alice")
	n.run("mine", "2", "--node", "n3", "--to", "bob")
	p := n.openTab(url)
	p.until("there are two tips", tips+` === 2`)
	tip := eval[string](p, `document.querySelector('.marker').dataset.tip`)
	for _, page := range []string{"", "block/" + tip} {
		for _, width := range []int64{360, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				p.do(chromedp.EmulateViewport(width, 900))
				if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
					{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
					t.Fatal(err)
				}
				p.do(chromedp.Navigate(url + page))
				if page == "" {
					p.until("there are two tips", tips+` === 2`)
				}
				name := fmt.Sprintf("%s-%d-%s", map[bool]string{true: "tree", false: "block"}[page == ""], width, scheme)
				p.axe(name, axe)
				p.shot(name)
				if page == "" {
					p.until("the charts are there", `document.querySelectorAll('.panels canvas').length > 2`)
					p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('.panels').scrollIntoView()`))
					p.shot("panels-" + strings.TrimPrefix(name, "tree-"))
				}
				if over := eval[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
					t.Errorf("%s: the page is %d pixels wider than the screen: %s", name, over, eval[string](p, `[...document.querySelectorAll('body *')].filter((e) =>
						e.getBoundingClientRect().right > innerWidth && !e.closest('.scroll, .wide')).map((e) => e.tagName + '.' + (e.className.baseVal ?? e.className)).slice(0, 12).join(' ')`))
				}
			}
		}
	}
}

func axeSource(t *testing.T) string {
	t.Helper()
	axe, err := os.ReadFile("page/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("axe-core is not installed (%v): run npm ci in interop/page", err)
	}
	return string(axe)
}

// axe demands that axe-core finds nothing serious.
func (p *tab) axe(name, axe string) {
	p.t.Helper()
	p.do(chromedp.Evaluate[chromedp.Void](axe))
	found := eval[[]string](p, `axe.run().then((r) => r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
		.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 160) + ' ' + n.failureSummary).join('; ')))`)
	for _, f := range found {
		p.t.Errorf("%s: %s", name, f)
	}
}

// shot keeps a screenshot.
func (p *tab) shot(name string) {
	p.t.Helper()
	dir := os.Getenv("TOYCHAIN_SHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644)
	}
	if err != nil {
		p.t.Error(err)
	}
}

// TestPageLatency measures how long it takes from when a node has a block to when it is in the
// picture, and when the page was painted first.
func TestPageLatency(t *testing.T) {
	n := newNetwork(t)
	n.up("4", "--window", "0", "--fund", "alice")
	p := n.openTab(n.explore())
	p.until("four nodes stand on one tip", `document.querySelectorAll('.marker').length === 4 && `+tips+` === 1`)
	p.do(chromedp.Evaluate[chromedp.Void](`window.drawn = new Map(); new MutationObserver((all) => { for (const m of all) for (const e of m.addedNodes)
		if (e.dataset?.hash && !drawn.has(e.dataset.hash)) drawn.set(e.dataset.hash, Date.now()); }).observe(document.body, { childList: true, subtree: true })`))
	for i := range 10 { // one by one: blocks that come together may be folded at once
		n.run("mine", "1", "--node", "n1", "--to", "alice")
		p.until("the next block is drawn", fmt.Sprintf(`drawn.size > %d`, i))
	}
	delays := eval[[]float64](p, `fetch('/api/snapshot').then((r) => r.json()).then((s) => { const at = new Map();
		for (const e of s.events) if (e.kind === 'block' && !at.has(e.blocks[0].hash)) at.set(e.blocks[0].hash, e.time_ms);
		return [...drawn].filter(([h]) => at.has(h)).map(([h, ms]) => ms - at.get(h)).sort((a, b) => a - b); })`)
	paint := eval[float64](p, `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1`)
	t.Logf("from a node's block to the picture: median %v ms, slowest %v ms, of %d; first paint after %.0f ms", delays[len(delays)/2], delays[len(delays)-1], len(delays), paint)
	if delays[len(delays)/2] > 100 {
		t.Errorf("the median is %v ms, want at most 100", delays[len(delays)/2])
	}
	p.clean()
}

// forest is a recording of 50 nodes and 5,000 blocks, of which ten on each of 500 branches.
func forest(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	tell := func(e replay.Event) {
		line, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	made := 0
	grow := func(prev block.Hash, height block.Height, work int) block.Hash {
		made++
		b := &rpc.TreeBlock{Hash: block.Sum(fmt.Append(nil, "b", made)), Prev: prev, Height: height, Txs: 1, Message: fmt.Sprint("n", made%50+1), Bits: "1f00ffff", ReceivedMS: int64(made)}
		if err := b.ChainWork.UnmarshalText(fmt.Appendf(nil, "%064x", work)); err != nil {
			t.Fatal(err)
		}
		tell(replay.Event{Node: b.Message, TimeMS: int64(made), Event: replay.Block, Block: &rpc.BlockRef{Hash: b.Hash, Height: height}, Made: b, Miner: b.Message, Born: true})
		return b.Hash
	}
	trunk := []block.Hash{block.Sum([]byte("g"))}
	for h := 1; h <= 500; h++ {
		trunk = append(trunk, grow(trunk[h-1], block.Height(h), 1000*h))
	}
	for i := range 500 {
		at := trunk[i]
		for j := 1; j <= 9; j++ {
			at = grow(at, block.Height(i+j), 1000*i+j)
		}
	}
	for i := range 50 {
		tell(replay.Event{Node: fmt.Sprint("n", i+1), TimeMS: int64(made), Event: replay.Tip, Block: &rpc.BlockRef{Hash: trunk[500], Height: 500}})
	}
	name := filepath.Join(t.TempDir(), "forest.jsonl")
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestPageLoad measures how many pictures a second a tree of 5,000 blocks on 500 branches, and 50
// nodes, is drawn in while it is scrolled.
func TestPageLoad(t *testing.T) {
	n := newNetwork(t)
	begun := time.Now()
	p := n.openTab(n.explore("--trace", forest(t)))
	p.until("fifty nodes are there", `document.querySelectorAll('.tips tr[data-node]').length === 50 && document.querySelectorAll('[data-hash]').length > 5`)
	ready := time.Since(begun)
	rate := eval[float64](p, `new Promise((done) => { const e = document.querySelector('.scroll'); let n = 0; const begun = performance.now(); e.scrollTop = 0;
		const step = () => { n++; e.scrollTop += 25; const t = performance.now() - begun; if (t < 3000) requestAnimationFrame(step); else done(1000 * n / t); }; requestAnimationFrame(step); })`)
	drawn := eval[int](p, `document.querySelectorAll('[data-hash]').length`)
	moves := eval[float64](p, `new Promise((done) => { const e = document.querySelector('#moment'), most = Number(e.max); let n = 0; const begun = performance.now();
		const step = () => { n++; e.value = String(Math.round(most * (1 - (n % 100) / 100))); e.dispatchEvent(new Event('input', { bubbles: true })); const t = performance.now() - begun;
		if (t < 3000) requestAnimationFrame(step); else done(1000 * n / t); }; requestAnimationFrame(step); })`)
	t.Logf("%.0f moments a second while the slider is dragged", moves)
	t.Logf("shown after %v with the browser's start; %.0f pictures a second while it is scrolled, %d blocks in sight", ready.Round(time.Millisecond), rate, drawn)
	if drawn > 600 || rate < 5 {
		t.Errorf("%d blocks are drawn at once, %.1f pictures a second", drawn, rate)
	}
	p.clean()
}

// TestPageExported: a site that was exported plays on a server that knows only files, below a path.
func TestPageExported(t *testing.T) {
	n := newNetwork(t)
	site := filepath.Join(t.TempDir(), "some", "where")
	n.run("explorer", "--trace", hostile(t, 3), "--export", site)
	files := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(filepath.Dir(site)))))
	t.Cleanup(files.Close)
	p := n.openTab(files.URL + "/some/where/")
	p.until("the end is shown", `document.querySelector('.marker[data-node]') !== null && document.querySelectorAll('[data-hash]').length === 4`)
	p.do(chromedp.Focus(chromedp.CSS("#moment")), chromedp.KeyEvent(kb.Home))
	p.until("the beginning is shown", `document.querySelectorAll('[data-hash]').length === 1`)
	p.press("#present", kb.Enter)
	p.until("the end again", `document.querySelectorAll('[data-hash]').length === 4`)
	p.press(`[data-hash][tabindex="0"]`, kb.Enter)
	p.until("a block's page", `location.pathname.startsWith('/some/where/block/') && document.body.innerText.includes('Block 3')`)
	p.clean()
}

// TestPageChat: a message is shown at once, pending when a node has it, confirmed by a block, and
// taken back by a reorganisation; what is in it is text.
func TestPageChat(t *testing.T) {
	n := newNetwork(t)
	n.up("4", "--window", "0", "--fund", "alice,bob")
	p := n.openTab(n.explore())
	p.until("the chat can be used", `document.querySelector('.say [data-verb=chat]') !== null && document.querySelectorAll('.marker').length === 4`)
	said := func(text, state string) string {
		return fmt.Sprintf(`[...document.querySelectorAll('.message[data-message]')].some((e) => e.querySelector('.text').innerText === %q && e.dataset.state === %q)`, text, state)
	}
	say := func(text, wallet, node string) {
		t.Helper()
		p.do(chromedp.Evaluate[chromedp.Void](`(() => { window.predicted = null; const list = document.querySelector('.chat ol'); let begun;
			document.addEventListener('submit', () => { begun = performance.now(); }, { capture: true, once: true });
			new MutationObserver((all, o) => { if (list.querySelector('.sending')) { predicted = performance.now() - begun; o.disconnect(); } }).observe(list, { childList: true, subtree: true }); })()`))
		for _, f := range []struct{ name, value string }{{"speaker", wallet}, {"message", text}} {
			p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const e = document.querySelector('.say [name=%s]'); e.value = ''; e.focus(); })()`, f.name)))
			p.do(chromedp.KeyEvent(f.value))
		}
		p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const e = document.querySelector('.say select'); e.value = %q; e.dispatchEvent(new Event('change', { bubbles: true })); })()`, node)))
		p.press(`.say [name=message]`, kb.Enter)
	}
	markup := `<script>document.title='taken'</script><img src=x>`
	say(markup, "alice", "n1")
	p.until("the message was shown before a node had it", `predicted !== null`)
	p.until("it is pending, as text", said(markup, "pending"))
	p.until("how long that took is shown", `document.querySelector('.lag') !== null`)
	t.Logf("shown %.1f ms after Enter; %s", eval[float64](p, `predicted`), eval[string](p, `document.querySelector('.lag').innerText`))
	if found := eval[int](p, `document.querySelectorAll('img, #app script').length`); found != 0 || eval[string](p, `document.title`) != "toychain explorer" {
		t.Errorf("the message became %d elements", found)
	}
	n.run("mine", "1", "--node", "n1", "--to", "alice")
	p.until("it is confirmed", said(markup, "confirmed"))

	n.run("testnet", "partition", "n1,n2", "n3,n4")
	say("on the left", "alice", "n1")
	p.until("the left is pending", said("on the left", "pending"))
	n.run("chat", "send", "on the right", "--wallet", "bob", "--node", "n3", "--as", "bob")
	p.until("the right is pending", said("on the right", "pending"))
	p.until("nodes do not agree", `[...document.querySelectorAll('.message')].some((e) => e.innerText.includes('bob: on the right') && e.innerText.includes('unknown on n1 n2'))`)
	n.run("mine", "1", "--node", "n1", "--to", "alice")
	n.run("mine", "2", "--node", "n3", "--to", "bob")
	p.until("both are confirmed, each on its side", said("on the left", "confirmed")+` && `+said("on the right", "confirmed"))
	n.run("testnet", "heal")
	p.until("the left is taken back", `[...document.querySelectorAll('.log li.chat')].some((e) => e.innerText.includes('is taken back: “on the left”'))`)
	p.until("the right stays", said("on the right", "confirmed"))
	n.run("mine", "1", "--node", "n1", "--to", "alice")
	p.until("the left is confirmed again", said("on the left", "confirmed"))
	if order := eval[string](p, `[...document.querySelectorAll('.message .text')].map((e) => e.innerText).slice(-2).join()`); order != "on the right,on the left" {
		t.Errorf("the chain's order is %s", order)
	}
	p.press(`.chat input[type=checkbox]`, " ")
	p.until("as written, the left is first", `[...document.querySelectorAll('.message .text')].map((e) => e.innerText).slice(-2).join() === 'on the left,on the right'`)

	// The past has what was said until then.
	p.do(chromedp.Focus(chromedp.CSS("#moment")), chromedp.KeyEvent(kb.Home))
	p.until("nothing was said yet", `document.querySelectorAll('.message[data-message]').length === 0`)
	p.press("#present", kb.Enter)
	p.until("all is there again", `document.querySelectorAll('.message[data-message]').length === 3`)

	// What lag there was, as the log has it.
	t.Log(eval[string](p, `fetch('/api/snapshot').then((r) => r.json()).then((s) => {
		const of = (kind, text) => s.events.filter((e) => e.kind === kind && e.text.includes(text)).map((e) => e.time_ms);
		const written = s.events.find((e) => e.chat?.[0].text.startsWith('<script>')).chat[0].time_ms;
		const pending = of('chat', 'writes: “<script>').concat(of('chat', 'wrote: “<script>').slice(0, 3)).sort((a, b) => a - b), healed = of('heal', '')[0], back = of('chat', 'is taken back: “on the left”');
		return 'from the signed time to the first node ' + (pending[0] - written) + ' ms, to the last ' + (pending.at(-1) - written) + ' ms; from the heal to what is taken back ' + back.map((t) => t - healed).join(' and ') + ' ms'; })`))

	// A recording of it has the same.
	name := filepath.Join(t.TempDir(), "chat.jsonl")
	if err := os.WriteFile(name, []byte(n.run("testnet", "replay", "--json")), 0o600); err != nil {
		t.Fatal(err)
	}
	live := eval[string](p, `location.href`)
	p.do(chromedp.Navigate(n.explore("--trace", name)))
	p.until("the recording ends with three messages", said("on the left", "confirmed")+` && document.querySelectorAll('.message[data-message]').length === 3 && document.querySelector('.say') === null`)
	p.do(chromedp.Focus(chromedp.CSS("#moment")), chromedp.KeyEvent(kb.Home))
	p.until("it begins without", `document.querySelectorAll('.message[data-message]').length === 0`)
	p.do(chromedp.Navigate(live))
	p.until("the chat can be used", `document.querySelector('.say [data-verb=chat]') !== null && document.querySelectorAll('.message[data-message]').length === 3`)

	p.clean()
	say("more than there is", "nobody", "n1")
	p.until("what cannot be sent is corrected", `document.querySelector('.message.refused')?.innerText.includes('not sent')`)
}

// TestPageLab: eight nodes in the browser itself, cut, mined and healed by the page's controls, from a
// seed; served by the program, and in an exported site.
func TestPageLab(t *testing.T) {
	n := newNetwork(t)
	beside := filepath.Dir(n.program)
	build := exec.CommandContext(n.ctx, "../explorer/lab.sh", beside)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("explorer/lab.sh: %v\n%s", err, out)
	} else {
		t.Logf("%s", out)
	}
	site := filepath.Join(t.TempDir(), "site")
	script := n.explore("--scenario", "../testnet/scenarios/partition.txt", "--world", "sim")
	n.run("explorer", "--scenario", "../testnet/scenarios/partition.txt", "--world", "sim", "--export", site)
	files := httptest.NewServer(http.FileServer(http.Dir(site)))
	t.Cleanup(files.Close)

	p := n.openTab(script)
	p.until("the script's nodes are shown", `document.querySelectorAll('.marker[data-node]').length > 1`)
	p.until("the page links to the lab", `document.querySelector('a[href="lab/"]') !== null`)
	for _, url := range []string{script + "lab/?seed=7", files.URL + "/lab/?seed=7"} {
		p.do(chromedp.Navigate(url))
		p.until("eight nodes run", `document.querySelectorAll('.marker').length === 8 && `+tips+` === 1`)
		t.Logf("%s: %s", url, eval[string](p, `document.querySelector('.link').innerText`))
		p.until("the controls are there", `document.querySelector('[data-verb=cut]') !== null`)
		p.press(`[data-verb=mine]`, kb.Enter)
		p.until("the block reached all", `document.querySelectorAll('.tips tr[data-node]').length === 8 && `+tips+` === 1 && [...document.querySelectorAll('.tips td.number')].every((e) => e.innerText === '1')`)
		p.press(`[data-verb=cut]`, kb.Enter)
		p.until("the cut is shown", `document.querySelector('.cut') !== null`)
		p.press(`[data-verb=mine]`, kb.Enter)
		p.until("there are two tips", tips+` === 2`)
		p.do(chromedp.Evaluate[chromedp.Void](`(() => { const e = document.querySelector('.controls select'); e.value = 'n8'; e.dispatchEvent(new Event('change', { bubbles: true })); })()`))
		p.press(`[data-verb=mine]`, kb.Enter)
		p.press(`[data-verb=mine]`, kb.Enter)
		p.until("the other side has more", `[...document.querySelectorAll('.tips td.number')].at(-1).innerText === '3'`)
		p.press(`[data-verb=heal]`, kb.Enter)
		p.until("they agree, and one branch is stale", tips+` === 1 && document.querySelectorAll('[data-state=stale]').length === 1`)
		p.do(chromedp.Focus(chromedp.CSS("#moment")), chromedp.KeyEvent(kb.Home))
		p.until("the past", `document.querySelectorAll('[data-hash]').length === 1`)
		p.press("#present", kb.Enter)
		p.until("the present", `document.querySelectorAll('[data-state=stale]').length === 1`)
		p.axe(url, axeSource(t))
		p.shot("lab-1280-light")
	}
	// The same seed gives the same blocks.
	hashes := eval[string](p, `[...document.querySelectorAll('[data-hash]')].map((e) => e.dataset.hash).join()`)
	if len(strings.Split(hashes, ",")) != 5 {
		t.Errorf("the blocks are %s", hashes)
	}
	p.clean()
}
