package explorer

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Control is something that the page can change.
type Control struct {
	Verb    string `json:"verb"`
	Label   string `json:"label"`   // on its button
	Of      string `json:"of"`      // what it is about: node, network or payment
	Command string `json:"command"` // the command line that does the same, with {NAME} for each value
}

// Common are the controls of running nodes and of simulated ones, with the command lines for a
// testnet, without the name of the program.
var Common = []Control{
	{Verb: "mine", Of: "node", Label: "mine", Command: "mine {blocks} --node {node}"},
	{Verb: "start", Of: "node", Label: "start mining", Command: "testnet hashrate {node} {rate}"},
	{Verb: "stop", Of: "node", Label: "stop mining", Command: "testnet hashrate {node} 0"},
	{Verb: "kill", Of: "node", Label: "kill", Command: "testnet kill {node}"},
	{Verb: "restart", Of: "node", Label: "restart", Command: "testnet restart {node}"},
	{Verb: "cut", Of: "network", Label: "cut", Command: "testnet partition {groups}"},
	{Verb: "heal", Of: "network", Label: "heal", Command: "testnet heal"},
	{Verb: "link", Of: "link", Label: "slow down", Command: "testnet link {node} {other} --delay {delay} --loss {loss}"},
	{Verb: "perfect", Of: "link", Label: "make perfect", Command: "testnet link {node} {other} --clear"},
}

// Controls changes a test network.
type Controls interface {
	// List returns what can be changed.
	List() []Control
	// Do carries out a control with these values. The error is for the user.
	Do(ctx context.Context, verb string, values map[string]string) error
}

// doTime is how long a change may take.
const doTime = 2 * time.Minute

// controls answers with what can be changed.
func (s *Server) controls(w http.ResponseWriter, r *http.Request) {
	list := []Control{}
	if s.cfg.Controls != nil {
		list = s.cfg.Controls.List()
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(list)
}

// do carries out a change, if the request has the token.
func (s *Server) do(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Controls == nil {
		http.Error(w, "this network is only shown", http.StatusForbidden)
		return
	}
	if !s.mayChange(r) {
		http.Error(w, "a change needs the token of the page: load it again", http.StatusForbidden)
		return
	}
	var order struct {
		Verb   string            `json:"verb"`
		Values map[string]string `json:"values"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10)).Decode(&order); err != nil {
		http.Error(w, "want {\"verb\", \"values\"}: "+err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), doTime)
	defer cancel()
	if err := s.cfg.Controls.Do(ctx, order.Verb, order.Values); err != nil {
		http.Error(w, strings.TrimSpace(err.Error()), http.StatusUnprocessableEntity)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
