package server

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"toychain/block"
	"toychain/consensus"
	"toychain/engine"
	"toychain/mempool"
	"toychain/rpc"
	"toychain/wallet"
)

func controlMethods() []method {
	return []method{
		{name: "getrpcinfo", call: getRPCInfo, about: "Returns the calls that are being answered.", returns: "object"},
		{name: "help", call: help, example: `"getblock"`,
			params: []param{may("command", kindString, "a method (default: a list of all)")},
			about:  "Tells what a method does and how it is called.", returns: "text"},
		{name: "stop", call: stop, about: "Ends the node.", returns: "text"},
		{name: "uptime", call: uptime, about: "Returns for how many seconds the node has been running.", returns: "number"},
	}
}

func utilMethods() []method {
	return []method{
		{name: "estimatesmartfee", call: estimateSmartFee, example: "6",
			params: []param{need("conf_target", kindNumber, "blocks to wait at most, 1 to 1008"),
				may("estimate_mode", kindString, "unset, economical or conservative; it makes no difference here (default economical)")},
			about: "Returns the fee rate that a payment needs to be among the next blocks' transactions, if no other comes. " +
				"Bitcoin Core looks at the past; here the pool of the moment decides.",
			returns: `{"feerate", "blocks"}`},
		{name: "validateaddress", call: validateAddress, example: exampleAddress,
			params: []param{need("address", kindString, "an address")},
			about:  "Tells whether this network has such an address.", returns: "object"},
	}
}

func uptime(c *call) (any, *rpc.Error) {
	return int64(time.Since(c.node.Started()).Seconds()), nil
}

func stop(c *call) (any, *rpc.Error) {
	if c.server.cfg.Stop == nil {
		return nil, fail(rpc.CodeMisc, "this node cannot be stopped by a call")
	}
	c.after = c.server.cfg.Stop
	return "toychain stopping", nil
}

func getRPCInfo(c *call) (any, *rpc.Error) {
	return rpc.RPCInfo{ActiveCommands: c.server.active.list(time.Now()), LogPath: c.server.cfg.LogPath}, nil
}

// activity is the calls that are being answered.
type activity struct {
	mu   sync.Mutex
	last int
	now  map[int]running
}

type running struct {
	method string
	since  time.Time
}

func newActivity() *activity { return &activity{now: make(map[int]running)} }

// begin notes a call, until the function that it returns is called.
func (a *activity) begin(method string, now time.Time) (done func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	n := a.last
	a.now[n] = running{method, now}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.now, n)
	}
}

// list returns the calls, the oldest first.
func (a *activity) list(now time.Time) []rpc.ActiveCommand {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := []rpc.ActiveCommand{}
	for _, r := range a.now {
		out = append(out, rpc.ActiveCommand{Method: r.method, Duration: now.Sub(r.since).Microseconds()})
	}
	slices.SortFunc(out, func(a, b rpc.ActiveCommand) int { return cmp.Compare(b.Duration, a.Duration) })
	return out
}

func help(c *call) (any, *rpc.Error) {
	if c.has(0) {
		m := c.server.methods[c.str(0)]
		if m == nil {
			return "help: unknown command: " + clip(c.str(0)), nil
		}
		return m.help(), nil
	}
	var out strings.Builder
	for i, chapter := range c.server.chapters {
		if i > 0 {
			out.WriteByte('\n')
		}
		fmt.Fprintf(&out, "== %s ==\n", chapter.title)
		for i := range chapter.methods {
			out.WriteString(chapter.methods[i].usage() + "\n")
		}
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// usage returns a method with its parameters, on one line as Core writes it:
//
//	getblock "blockhash" ( verbosity )
func (m *method) usage() string {
	words := []string{m.name}
	open := false
	for _, p := range m.params {
		if p.optional && !open {
			words = append(words, "(")
			open = true
		}
		name, _, _ := strings.Cut(p.name, "|")
		switch p.kind {
		case kindString:
			name = `"` + name + `"`
		case kindArray:
			name = "[" + name + ",...]"
		case kindObject:
			name = "{" + name + "}"
		}
		words = append(words, name)
	}
	if open {
		words = append(words, ")")
	}
	return strings.Join(words, " ")
}

// help returns a method's help text.
func (m *method) help() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n\n%s\n", m.usage(), m.about)
	if len(m.params) > 0 {
		out.WriteString("\nArguments:\n")
	}
	for i, p := range m.params {
		must := "required"
		if p.optional {
			must = "optional"
		}
		fmt.Fprintf(&out, "%d. %s (%s, %s) %s\n", i+1, p.name, p.kind, must, p.about)
	}
	fmt.Fprintf(&out, "\nResult:\n%s\n\nExample:\n> toychain rpc %s\n", m.returns, strings.TrimSpace(m.name+" "+m.example))
	return out.String()
}

func validateAddress(c *call) (any, *rpc.Error) {
	a, err := wallet.ParseAddress(c.str(0), c.node.Params().Prefixes)
	if err != nil {
		return rpc.AddressInfo{ErrorLocations: &[]int{}, Error: err.Error()}, nil
	}
	no := false
	return rpc.AddressInfo{IsValid: true, Address: a.Encode(c.node.Params().Prefixes), ScriptPubKey: fmt.Sprintf("%x", a.Script()),
		IsScript: &no, IsWitness: &no}, nil
}

// maxTarget is the most blocks that estimatesmartfee looks ahead (Core: 1008).
const maxTarget = 1008

func estimateSmartFee(c *call) (any, *rpc.Error) {
	target, err := number(c, 0, 0)
	if err != nil {
		return nil, err
	}
	if target < 1 || target > maxTarget {
		return nil, fail(rpc.CodeInvalidParam, "Invalid conf_target, must be between 1 and %d", maxTarget)
	}
	switch mode := strings.ToLower(c.str(1)); mode {
	case "", "unset", "economical", "conservative":
	default:
		return nil, fail(rpc.CodeInvalidParam, "Invalid estimate_mode parameter, must be one of: \"unset\", \"economical\", \"conservative\"")
	}
	type pool struct {
		entries []*mempool.Entry
		least   block.Amount
	}
	v, err := look(c, func(e *engine.Engine) (pool, *rpc.Error) { return pool{e.Pool().Entries(), e.Pool().MinFee()}, nil })
	if err != nil {
		return nil, err
	}
	fee := max(v.least, feeToBeAmong(v.entries, target*consensus.MaxBlockSize))
	return rpc.SmartFee{FeeRate: &fee, Blocks: target}, nil
}

// feeToBeAmong returns the fee rate, per 1,000 bytes, above which a payment is among
// the best paid of so many bytes: that of the first one left out, and a bit.
func feeToBeAmong(entries []*mempool.Entry, bytes int) block.Amount {
	rate := func(e *mempool.Entry) block.Amount { return e.Ancestors.Fee * 1000 / block.Amount(e.Ancestors.Size) }
	slices.SortStableFunc(entries, func(a, b *mempool.Entry) int { return cmp.Compare(rate(b), rate(a)) })
	for _, e := range entries {
		if bytes -= e.Size; bytes < 0 {
			return rate(e) + 1
		}
	}
	return 0
}
