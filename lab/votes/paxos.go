package votes

import "time"

// paxos is a node of single-decree Paxos (L. Lamport, Paxos Made Simple, 2001): proposer, acceptor
// and learner in one. Each slot is a separate instance.
//
//	proposer            acceptors
//	   ── prepare b ──────►           phase 1: is a ballot b the highest so far, and what was
//	   ◄── promise ───────            accepted before it?
//	   ── accept b, v ────►           phase 2: v is the value of the highest ballot that the
//	   ◄── accepted ──────            promises name, or the proposer's own if there is none
//	   ── chosen v ───────►           a majority accepted it: it is decided
//
// Two majorities have a node in common. So a ballot that comes after a decision hears of it in
// phase 1, and can but repeat it.
type paxos struct {
	id, n   int
	pace    pace
	decrees map[int]*decree // by slot
}

// pace is how long a proposer waits.
type pace struct {
	first   [2]time.Duration // before its first ballot
	retry   [2]time.Duration // before the next one, after another proposer came first
	timeout [2]time.Duration // for answers
}

// calm has proposers that wait for a random time, longer than a round trip.
var calm = pace{
	first:   [2]time.Duration{0, 150 * time.Millisecond},
	retry:   [2]time.Duration{0, 150 * time.Millisecond},
	timeout: [2]time.Duration{150 * time.Millisecond, 300 * time.Millisecond},
}

// decree is one instance. The first three fields are the acceptor's, which it keeps on disk.
type decree struct {
	promised int    // no ballot below this one is accepted
	ballot   int    // in which the value was accepted; 0: none was
	value    string //

	want    string // what the proposer proposes; empty: it does not
	running int    // its ballot; 0: it waits
	seen    int    // the highest ballot that it heard of
	votes   ids    // promises, and then acceptances, of its ballot
	second  bool   // phase 2 has begun
	best    int    // the highest ballot that a promise named
	choice  string // what is proposed in phase 2

	decided bool
	result  string
}

type (
	prepare struct{ Slot, Ballot int }
	promise struct {
		Slot, Ballot int
		Accepted     int // the ballot of the value; 0: there is none
		Value        string
	}
	accept struct {
		Slot, Ballot int
		Value        string
	}
	accepted struct{ Slot, Ballot int }
	refused  struct{ Slot, Ballot, Promised int }
	chosen   struct {
		Slot  int
		Value string
	}
)

func newPaxos(id, n int, p pace) *paxos { return &paxos{id, n, p, map[int]*decree{}} }

func (p *paxos) majority(s ids) bool { return 2*s.len() > p.n }

func (p *paxos) at(slot int) *decree {
	d, ok := p.decrees[slot]
	if !ok {
		d = &decree{}
		p.decrees[slot] = d
	}
	return d
}

// Step is the node. The number of a timer is the slot that it is for.
func (p *paxos) Step(_ time.Duration, in Input) []Effect {
	switch in := in.(type) {
	case Start: // after a crash, the proposer has forgotten what it was doing
		for _, d := range p.decrees {
			d.want, d.running = "", 0
		}
	case Propose:
		d := p.at(in.Slot)
		if !d.decided {
			d.want = in.Value
			return []Effect{After{in.Slot, p.pace.first[0], p.pace.first[1]}}
		}
	case Fired:
		return p.begin(in.Timer, p.at(in.Timer))
	case Receive:
		return p.receive(in.From, in.Msg)
	}
	return nil
}

// begin starts a ballot with a number that is higher than all that this node has seen, and that no
// other node uses.
func (p *paxos) begin(slot int, d *decree) []Effect {
	if d.decided || d.want == "" {
		return nil
	}
	d.running = (max(d.seen, d.promised)/p.n+1)*p.n + p.id
	d.promised, d.votes, d.second, d.best, d.choice = d.running, idsOf(p.id), false, d.ballot, d.want
	if d.ballot > 0 {
		d.choice = d.value
	}
	out := []Effect{After{slot, p.pace.timeout[0], p.pace.timeout[1]}}
	return append(out, toOthers(p.id, p.n, prepare{slot, d.running})...)
}

func (p *paxos) receive(from int, m Message) []Effect {
	switch m := m.(type) {
	case prepare:
		return p.prepared(from, m)
	case promise:
		return p.promisedBy(from, m)
	case accept:
		d := p.at(m.Slot)
		if m.Ballot < d.promised {
			return []Effect{Send{from, refused{m.Slot, m.Ballot, d.promised}}}
		}
		d.promised, d.ballot, d.value = m.Ballot, m.Ballot, m.Value
		return []Effect{Send{from, accepted{m.Slot, m.Ballot}}}
	case accepted:
		d := p.at(m.Slot)
		if m.Ballot == d.running && d.second && !d.decided {
			d.votes = d.votes.with(from)
			if p.majority(d.votes) {
				return append(p.learn(m.Slot, d.choice), toOthers(p.id, p.n, chosen{m.Slot, d.choice})...)
			}
		}
	case refused:
		d := p.at(m.Slot)
		d.seen = max(d.seen, m.Promised)
		if m.Ballot == d.running {
			return p.giveWay(m.Slot, d)
		}
	case chosen:
		return p.learn(m.Slot, m.Value)
	}
	return nil
}

// prepared answers a prepare. If this node has a lower ballot running, that one is lost.
func (p *paxos) prepared(from int, m prepare) []Effect {
	d := p.at(m.Slot)
	if d.decided {
		return []Effect{Send{from, chosen{m.Slot, d.result}}}
	}
	if m.Ballot <= d.promised {
		return []Effect{Send{from, refused{m.Slot, m.Ballot, d.promised}}}
	}
	d.promised = m.Ballot
	out := []Effect{Send{from, promise{m.Slot, m.Ballot, d.ballot, d.value}}}
	return append(out, p.giveWay(m.Slot, d)...)
}

// giveWay ends the running ballot: another one with a higher number was begun. The next one begins
// after a while.
func (p *paxos) giveWay(slot int, d *decree) []Effect {
	if d.running == 0 || d.running >= max(d.promised, d.seen) {
		return nil
	}
	d.running = 0
	return []Effect{After{slot, p.pace.retry[0], p.pace.retry[1]}}
}

func (p *paxos) promisedBy(from int, m promise) []Effect {
	d := p.at(m.Slot)
	if m.Ballot != d.running || d.second {
		return nil
	}
	d.votes = d.votes.with(from)
	if m.Accepted > d.best {
		d.best, d.choice = m.Accepted, m.Value
	}
	if !p.majority(d.votes) {
		return nil
	}
	d.second, d.votes = true, idsOf(p.id)
	d.ballot, d.value = d.running, d.choice // it accepts its own
	return toOthers(p.id, p.n, accept{m.Slot, d.running, d.choice})
}

// learn takes a value as decided.
func (p *paxos) learn(slot int, value string) []Effect {
	d := p.at(slot)
	if d.decided {
		return nil
	}
	d.decided, d.result, d.running = true, value, 0
	return []Effect{Stop{slot}, Decide{slot, value}}
}
