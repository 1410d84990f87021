package history

import "time"

// Action is a command on a testnet: a line of events.jsonl. It says when the network was
// partitioned and healed: the nodes themselves know only their present blocklists.
type Action struct {
	TimeMS int64    `json:"time_ms"` // when it began, since 1970
	TookMS int64    `json:"took_ms"` // until it was done
	Verb   string   `json:"verb"`    // up, down, partition, heal, connect, link, clock, kill, start, …: the commands' names
	Args   []string `json:"args"`    // nodes, or groups of them like "n1,n2"; for up how many
	Error  string   `json:"error,omitempty"`
}

// Begun returns the time of its start.
func (a Action) Begun() time.Time { return time.UnixMilli(a.TimeMS) }

// Done returns the time of its end.
func (a Action) Done() time.Time { return a.Begun().Add(time.Duration(a.TookMS) * time.Millisecond) }
