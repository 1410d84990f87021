package history

import "time"

// Action is something that was done to a testnet: a line of events.jsonl. Later
// readers, such as Levels, learn from it when the network was cut and healed: the
// nodes themselves only know whom they may talk to now.
type Action struct {
	TimeMS int64    `json:"time_ms"` // when it began, since 1970
	TookMS int64    `json:"took_ms"` // until it was done
	Verb   string   `json:"verb"`    // up, down, partition, heal, connect, link, clock, kill, start, …: the commands' names
	Args   []string `json:"args"`    // nodes, or groups of them like "n1,n2"; for up how many
	Error  string   `json:"error,omitempty"`
}

// Begun returns when it began.
func (a Action) Begun() time.Time { return time.UnixMilli(a.TimeMS) }

// Done returns when it was over.
func (a Action) Done() time.Time { return a.Begun().Add(time.Duration(a.TookMS) * time.Millisecond) }
