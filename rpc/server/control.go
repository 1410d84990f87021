package server

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"toychain/rpc"
)

func uptime(c *call, _ rpc.None) (int64, error) {
	return int64(time.Since(c.node.Started()).Seconds()), nil
}

func stop(c *call, _ rpc.StopArgs) (string, error) {
	if c.server.cfg.Stop == nil {
		return "", fail(rpc.CodeMisc, "this node cannot be stopped by a call")
	}
	c.server.cfg.Stop() // the server lets this call finish
	return "toychain stopping", nil
}

func getMemoryInfo(_ *call, a rpc.GetMemoryInfoArgs) (map[string]map[string]int, error) {
	switch mode := or(a.Mode, "stats"); mode {
	case "stats":
		return map[string]map[string]int{"locked": {"used": 0, "free": 0, "total": 0, "locked": 0, "chunks_used": 0, "chunks_free": 0}}, nil
	case "mallocinfo":
		return nil, fail(rpc.CodeInvalidParam, "mallocinfo mode not available")
	default:
		return nil, fail(rpc.CodeInvalidParam, "unknown mode %s", clip(mode))
	}
}

// getIndexInfo answers for the index of transactions, which is written with each block.
func getIndexInfo(c *call, a rpc.GetIndexInfoArgs) (map[string]rpc.IndexInfo, error) {
	tip, err := c.tip()
	out := map[string]rpc.IndexInfo{"txindex": {Synced: true, Height: tip.Height}}
	if or(a.Index, "txindex") != "txindex" {
		clear(out)
	}
	return out, err
}

func getRPCInfo(c *call, _ rpc.None) (rpc.RPCInfo, error) {
	return rpc.RPCInfo{ActiveCommands: c.server.runningCalls(), LogPath: c.server.cfg.LogPath}, nil
}

// runningCall is a call that is being answered.
type runningCall struct {
	method string
	since  time.Time
}

// runningCalls returns the calls that are being answered, the oldest first.
func (s *Server) runningCalls() []rpc.ActiveCommand {
	out := []rpc.ActiveCommand{}
	for r := range s.running.Range {
		r := r.(*runningCall)
		out = append(out, rpc.ActiveCommand{Method: r.method, Duration: time.Since(r.since).Microseconds()})
	}
	slices.SortFunc(out, func(a, b rpc.ActiveCommand) int { return cmp.Compare(b.Duration, a.Duration) })
	return out
}

func help(c *call, a rpc.HelpArgs) (string, error) {
	return helpOf(c.server.methods, or(a.Command, "")), nil
}

// Help returns what the method help answers, without a node: the help text of a method, or
// of "" the list of all.
func Help(name string) string { return helpOf(table(), name) }

func helpOf(methods map[string]*method, name string) string {
	if m := methods[name]; m != nil {
		return m.help()
	}
	if name != "" {
		return "help: unknown command: " + clip(name)
	}
	var out []string
	for _, category := range rpc.Categories {
		var usages []string
		for _, m := range methods {
			if m.Category == category {
				usages = append(usages, m.usage())
			}
		}
		slices.Sort(usages)
		out = append(out, fmt.Sprintf("== %s ==\n%s\n", category, strings.Join(usages, "\n")))
	}
	return strings.TrimSuffix(strings.Join(out, "\n"), "\n")
}

// usage returns a method with its parameters on one line, as Core writes it:
//
//	getblock "blockhash" ( verbosity )
func (m *method) usage() string {
	words := []string{m.Name}
	open := false
	for _, p := range m.params {
		if p.Optional != open {
			words = append(words, map[bool]string{true: "(", false: ")"}[p.Optional])
			open = p.Optional
		}
		name, _, _ := strings.Cut(p.Name, "|")
		switch p.Kind {
		case rpc.KindString:
			name = `"` + name + `"`
		case rpc.KindArray:
			name = "[" + name + ",...]"
		case rpc.KindObject:
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
	fmt.Fprintf(&out, "%s\n\n%s\n", m.usage(), m.About)
	if len(m.params) > 0 {
		out.WriteString("\nArguments:\n")
	}
	for i, p := range m.params {
		must := "required"
		if p.Optional {
			must = "optional"
		}
		fmt.Fprintf(&out, "%d. %s (%s, %s) %s\n", i+1, p.Name, p.Kind, must, p.About)
	}
	fmt.Fprintf(&out, "\nResult:\n%s\n\nExample:\n> toychain rpc %s\n", m.Returns, strings.TrimSpace(m.Name+" "+m.Example))
	return out.String()
}
