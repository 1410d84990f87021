package votes

import (
	"fmt"
	"io"
	"log"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// raftNode is a node of Raft (D. Ongaro, J. Ousterhout, In Search of an Understandable Consensus
// Algorithm, 2014): the library go.etcd.io/raft, whose RawNode is a state machine, too.
//
//	a follower that hears of no leader for its timeout asks for votes; one vote a term and node
//	leader ── append ──► followers, which write and answer; a majority has it: it is committed
//
// The library draws election timeouts from a source that has no seed. So followers' clocks are
// never moved: the world draws their timeouts, and Campaign begins an election. Only a leader's
// clock ticks, for heartbeats.
type raftNode struct {
	id, n    int
	election [2]time.Duration
	disk     *raft.MemoryStorage
	raw      *raft.RawNode
	applied  uint64
	leads    bool
	notice   bool // the message at hand had no entries
}

// raftMessage is a message of the library. One that is about entries that are to be decided has
// another kind than one that only says what was decided.
type raftMessage struct {
	kind string
	*raftpb.Message
}

func (m raftMessage) Kind() string { return m.kind }

// String leaves out what the log needs not; the library's own text differs from run to run.
func (m raftMessage) String() string {
	text := fmt.Sprintf("{term %d, index %d, commit %d", m.GetTerm(), m.GetIndex(), m.GetCommit())
	for _, e := range m.GetEntries() {
		text += fmt.Sprintf(", %d: %q", e.GetIndex(), e.GetData())
	}
	if m.GetReject() {
		text += ", no"
	}
	return text + "}"
}

// The timers of a node.
const (
	electionTimer = iota
	heartbeatTimer
)

// heartbeat is how often a leader shows that it is there.
const heartbeat = 50 * time.Millisecond

// patient is how long followers wait for a leader (Ongaro, Ousterhout: 150 to 300 ms).
var patient = [2]time.Duration{150 * time.Millisecond, 300 * time.Millisecond}

// newRaft returns a node with an empty log.
func newRaft(id, n int, election [2]time.Duration) *raftNode {
	r := &raftNode{id: id, n: n, election: election, disk: raft.NewMemoryStorage(), applied: 1}
	var voters []uint64
	for _, v := range upTo(1, n) {
		voters = append(voters, uint64(v))
	}
	one := uint64(1) // the log begins after an entry that all have, with the list of voters
	err := r.disk.ApplySnapshot(&raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{ConfState: &raftpb.ConfState{Voters: voters}, Index: &one, Term: &one}})
	if err != nil {
		panic(err) // a new disk has no snapshot
	}
	return r
}

// Step is the node.
func (r *raftNode) Step(_ time.Duration, in Input) (out []Effect) {
	if err := r.step(in, &out); err != nil {
		return append(out, Fail{err})
	}
	if r.raw == nil {
		return out
	}
	if err := r.ready(&out); err != nil {
		return append(out, Fail{err})
	}
	return out
}

func (r *raftNode) step(in Input, out *[]Effect) (err error) {
	switch in := in.(type) {
	case Start:
		*out = append(*out, r.wait())
		r.leads = false
		r.raw, err = raft.NewRawNode(&raft.Config{ID: uint64(r.id), ElectionTick: 1 << 30, HeartbeatTick: 1, Storage: r.disk, Applied: r.applied,
			MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 256, Logger: &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)}})
		return err
	case Fired:
		switch {
		case in.Timer == heartbeatTimer && r.leads:
			r.raw.Tick()
			*out = append(*out, After{heartbeatTimer, heartbeat, heartbeat})
		case in.Timer == electionTimer && !r.leads:
			*out = append(*out, r.wait())
			return r.raw.Campaign()
		}
	case Propose:
		if r.leads {
			return r.raw.Propose([]byte(in.Value))
		}
	case Receive:
		m, ok := in.Msg.(raftMessage)
		if !ok {
			return nil
		}
		r.notice = len(m.GetEntries()) == 0
		if kind := m.GetType(); kind == raftpb.MsgApp || kind == raftpb.MsgHeartbeat {
			if m.GetTerm() >= r.raw.BasicStatus().GetTerm() {
				*out = append(*out, r.wait()) // there is a leader
			}
		}
		return r.raw.Step(m.Message)
	}
	return nil
}

// wait sets the time after which the node campaigns.
func (r *raftNode) wait() Effect { return After{electionTimer, r.election[0], r.election[1]} }

// ready carries out what the library wants done: writes first, then messages.
func (r *raftNode) ready(out *[]Effect) error {
	for r.raw.HasReady() {
		rd := r.raw.Ready()
		if rd.HardState != nil && !raft.IsEmptyHardState(rd.HardState) {
			if err := r.disk.SetHardState(rd.HardState); err != nil {
				return err
			}
		}
		if err := r.write(rd.Entries, out); err != nil {
			return err
		}
		if rd.SoftState != nil {
			if leads := rd.RaftState == raft.StateLeader; leads != r.leads {
				r.leads = leads
				*out = append(*out, r.wait())
				if leads {
					*out = append(*out, After{heartbeatTimer, heartbeat, heartbeat})
				}
			}
		}
		for _, m := range rd.Messages {
			if m.GetType() == raftpb.MsgVoteResp && !m.GetReject() {
				*out = append(*out, r.wait()) // it has voted, and gives the candidate time
			}
			*out = append(*out, Send{int(m.GetTo()), raftMessage{r.kind(m), m}})
		}
		for _, e := range rd.CommittedEntries {
			r.applied = e.GetIndex()
			if len(e.GetData()) > 0 { // a new leader begins with an empty entry
				*out = append(*out, Decide{int(e.GetIndex()), string(e.GetData())})
			}
		}
		r.raw.Advance(rd)
	}
	return nil
}

// write appends entries to the log. Those that were there in their place were never decided.
func (r *raftNode) write(entries []*raftpb.Entry, out *[]Effect) error {
	if len(entries) == 0 {
		return nil
	}
	last, err := r.disk.LastIndex()
	if err != nil {
		return err
	}
	if from := entries[0].GetIndex(); from <= last {
		old, err := r.disk.Entries(from, last+1, 1<<30)
		if err != nil {
			return err
		}
		for _, e := range old {
			if len(e.GetData()) > 0 {
				*out = append(*out, Drop{string(e.GetData())})
			}
		}
	}
	return r.disk.Append(entries)
}

// raftKinds are the names under which messages are counted.
var raftKinds = map[raftpb.MessageType]string{raftpb.MsgApp: "append", raftpb.MsgAppResp: "append-ack", raftpb.MsgVote: "vote",
	raftpb.MsgVoteResp: "vote-reply", raftpb.MsgHeartbeat: "heartbeat", raftpb.MsgHeartbeatResp: "heartbeat-reply"}

// kind returns the name of a message. An append without entries says what is committed.
func (r *raftNode) kind(m *raftpb.Message) string {
	switch t := m.GetType(); {
	case t == raftpb.MsgApp && len(m.GetEntries()) == 0:
		return "commit"
	case t == raftpb.MsgAppResp && r.notice:
		return "commit-ack"
	default:
		return raftKinds[t]
	}
}
