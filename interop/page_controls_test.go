package interop

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"toychain/testnet"
)

// carries presses the button of a control and waits until its command was carried out.
func (p *tab) carries(verb, command string) {
	p.t.Helper()
	p.until(verb+" shows its command", fmt.Sprintf(`document.querySelector('[data-verb=%s] + code').innerText === %q`, verb, command))
	p.press(`[data-verb=`+verb+`]`, kb.Enter)
	said := `document.querySelector('.said').innerText`
	p.until(command+" has ended", fmt.Sprintf(`![%q, ''].includes(%s)`, command, said))
	if got := eval[string](p, said); got != "done: "+command {
		p.t.Fatalf("%s: the page says %s", command, got)
	}
}

// chooses picks a value in a list.
func (p *tab) chooses(selector, value string) {
	p.t.Helper()
	p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.value = %q; e.dispatchEvent(new Event('change', { bubbles: true })); })()`, selector, value)))
}

// types replaces what is in a field.
func (p *tab) types(name, value string) {
	p.t.Helper()
	field := fmt.Sprintf(`document.querySelector('.controls [name=%s]')`, name)
	p.do(chromedp.Evaluate[chromedp.Void](field+`.focus(); `+field+`.select()`), chromedp.KeyEvent(value))
}

// drags moves an element with the mouse onto another one.
func (p *tab) drags(from, onto string) {
	p.t.Helper()
	middle := func(selector string) (float64, float64) {
		at := eval[[]float64](p, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({ block: 'center' }); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, selector))
		return at[0], at[1]
	}
	x, y := middle(from)
	toX, toY := middle(onto)
	if _, err := chromedp.Call(p.ctx, input.SetInterceptDrags, input.SetInterceptDragsParams{Enabled: true}); err != nil {
		p.t.Fatal(err)
	}
	drags := chromedp.Events(p.ctx, input.DragIntercepted)
	pressed := []chromedp.MouseOption{chromedp.ButtonType(input.MouseButton("left")), func(e *input.DispatchMouseEventParams) { e.Buttons = 1 }}
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x, y, pressed...), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x+20, y+5, pressed...))
	for drag, err := range drags {
		if err != nil {
			p.t.Fatalf("%s cannot be dragged: %v", from, err)
		}
		for _, typ := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
			if _, err := chromedp.Call(p.ctx, input.DispatchDragEvent, input.DispatchDragEventParams{Type: typ, X: toX, Y: toY, Data: drag.Data}); err != nil {
				p.t.Fatal(err)
			}
		}
		break
	}
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, toX, toY, pressed...))
	if _, err := chromedp.Call(p.ctx, input.SetInterceptDrags, input.SetInterceptDragsParams{}); err != nil {
		p.t.Fatal(err)
	}
}

// status returns what "testnet status" says.
func (n *network) status() (all []testnet.NodeStatus) {
	n.t.Helper()
	if err := json.Unmarshal([]byte(n.run("testnet", "status", "--json")), &all); err != nil {
		n.t.Fatal(err)
	}
	return all
}

// pool returns the transactions that wait at a node.
func (n *network) pool(node string) (txids []string) {
	n.t.Helper()
	if err := json.Unmarshal([]byte(n.run("rpc", "getrawmempool", "--node", node)), &txids); err != nil {
		n.t.Fatal(err)
	}
	return txids
}

// TestPageControls presses every control of a testnet's page, and looks at the nodes: each does
// what the command line beside it says.
func TestPageControls(t *testing.T) {
	n := newNetwork(t)
	n.up("4", "--window", "0", "--fund", "alice,bob")
	p := n.openTab(n.explore())
	p.until("four nodes and the controls are there", `document.querySelectorAll('.marker').length === 4 && `+tips+` === 1 && document.querySelector('[data-verb=cut]') !== null`)
	fact := func(node string, column int, want string) string { // of the panel of nodes
		return fmt.Sprintf(`[...document.querySelectorAll('.panels section:first-child tr')].some((r) => r.cells[0].innerText === %q && r.cells[%d].innerText === %q)`, node, column, want)
	}
	const node, other = `.controls fieldset:nth-of-type(1) select`, `.controls fieldset:nth-of-type(3) select`

	// Links.
	p.types("delay", "120ms")
	p.types("loss", "3%")
	p.carries("link", "toychain testnet link n1 n2 --delay 120ms --loss 3%")
	if l := n.status()[0].Links; len(l) != 1 || l[0].Faults.Delay != 120 || l[0].Faults.Loss != 0.03 {
		t.Errorf("the link is %+v", l)
	}
	p.carries("perfect", "toychain testnet link n1 n2 --clear")
	if l := n.status()[0].Links; len(l) != 0 {
		t.Errorf("the link is %+v", l)
	}

	// Mining with a hash rate.
	before := n.status()[0].Height
	p.chooses(node, "n2")
	p.types("rate", "400000")
	p.carries("start", "toychain testnet hashrate n2 400000")
	p.until("n2 mines", fact("n2", 4, "yes"))
	p.until("three blocks come", fmt.Sprintf(`[...document.querySelectorAll('.tips td.number')].every((e) => Number(e.innerText) >= %d)`, before+3))
	p.carries("stop", "toychain testnet hashrate n2 0")
	p.until("n2 does not mine", fact("n2", 4, "no"))
	p.until("arrivals are charted, up to all of them", `[...document.querySelectorAll('.panels section')].some((s) => s.innerText.includes('Propagation: arrivals within a time') &&
		s.querySelector('canvas') !== null && s.querySelector('details tbody tr:last-child').textContent.endsWith('100'))`)

	// Groups, by a click and by dragging; what one node knows.
	p.press(`.group .chip:last-child`, kb.Enter) // n2 to group 2
	p.until("n2 is in group 2", `[...document.querySelectorAll('.group:nth-child(2) .chip')].map((c) => c.innerText).join() === 'n2,n3,n4'`)
	p.drags(`.group:nth-child(2) .chip:last-child`, `.group:nth-child(1)`) // n4 to group 1
	p.carries("cut", "toychain testnet partition n1,n4 n2,n3")
	p.chooses(node, "n4")
	p.types("blocks", "2")
	p.carries("mine", "toychain mine 2 --node n4")
	mined := n.tip("n4")
	p.until("n1 and n4 have them", `['n1', 'n4'].every((n) => document.querySelector('.marker[data-node=' + n + ']').dataset.tip === '`+mined+`')`)
	view := func(as string) { p.press(`.tips tr[data-node=`+as+`] button`, kb.Enter) }
	view("n3")
	p.until("n3 does not know the block", `document.querySelector('[data-hash="`+mined+`"]') === null && document.querySelector('.link').innerText.includes('as n3 knows it')`)
	view("n1")
	p.until("n1 does", `document.querySelector('[data-hash="`+mined+`"]')?.dataset.state === 'best'`)
	view("n1")
	p.until("all views again", `!document.querySelector('.link').innerText.includes('knows it')`)

	// Payments: two with one coin, on two sides of a cut.
	p.chooses(node, "n1")
	p.chooses(other, "n2")
	p.carries("twice", "toychain wallet send bob 1 --wallet alice --node n1; toychain wallet send alice 1 --wallet alice --node n2 --coin COIN")
	p.until("both wait", fact("n1", 5, "1")+` && `+fact("n2", 5, "1"))
	p.press(`[data-verb=twice]`, kb.Enter)
	p.until("no second time", `document.querySelector('.said').innerText.includes('alice has no coin that both n1 and n2 know')`)
	p.types("from", "bob")
	p.types("to", "alice")
	p.carries("pay", "toychain wallet send alice 1 --wallet bob --node n1")
	if a, b := n.pool("n1"), n.pool("n2"); len(a) != 2 || len(b) != 1 || slices.Contains(a, b[0]) {
		t.Errorf("%v wait at n1 and %v at n2, want two payments, and one of the same coin", a, b)
	}

	// A node that stops and comes back; and the end of the cut.
	p.chooses(node, "n3")
	p.carries("kill", "toychain testnet kill n3")
	p.until("n3 is down", `document.querySelector('.tips tr[data-node=n3]').innerText.includes('down')`)
	p.carries("restart", "toychain testnet restart n3")
	p.until("n3 is up", `document.querySelector('.tips tr[data-node=n3]').innerText.includes('up')`)
	p.carries("heal", "toychain testnet heal")
	p.until("all have the blocks", `[...document.querySelectorAll('.marker')].every((m) => m.dataset.tip === '`+mined+`')`)

	// What a command refuses is said.
	p.types("delay", "soon")
	p.press(`[data-verb=link]`, kb.Enter)
	p.until("it is refused", `document.querySelector('.said').innerText.includes('soon')  && !document.querySelector('.said').innerText.startsWith('done') && !document.querySelector('.said').innerText.startsWith('toychain')`)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.errors {
		if !strings.Contains(text, "status of 422") { // so the browser reports what was refused
			t.Errorf("the page had an error: %s", text)
		}
	}
}
