package votes

import (
	"slices"
	"time"
)

// pbft is a replica of PBFT (M. Castro, B. Liskov, Practical Byzantine Fault Tolerance, 1999).
//
//	primary ── pre-prepare v, n, value ──► backups     a number n for a value, in view v
//	all ◄──── prepare ────► all                        a quorum has the same: no other value can have
//	                                                   a quorum for n in this view: it is prepared
//	all ◄──── commit ─────► all                        a quorum has it prepared: it is decided, and no
//	                                                   later view can forget it
//
// Of n = 3f+1 replicas f may lie. A quorum has 2f+1; two quorums have f+1 in common, of which one
// is honest. If a request is not decided in time, the replicas change the view: pbftview.go.
type pbft struct {
	id, n   int
	timeout [2]time.Duration

	view     int
	changing bool // the view has not begun: its primary must show that a quorum wants it
	tries    int  // views in a row in which nothing was decided: each waits twice as long
	assigned int  // the last number that it gave as primary
	done     int  // the last number that was decided with all before it
	slots    map[int]*slot
	pending  []string        // requests that are not decided, in the order in which they came
	executed map[string]bool // requests that are
	wanted   map[int][]*viewChange
	begun    map[int]bool // views that it began as primary
}

// slot is what is known of one number.
type slot struct {
	view     int            // of the pre-prepare
	value    string         // of the pre-prepare
	assigned bool           // there is one
	prepares map[ballot]ids // who sent them, by what they say
	commits  map[ballot]ids
	sent     bool         // the commit of this view
	proof    *certificate // it was prepared, in the highest view
	decided  *certificate // a quorum has committed it
}

// ballot is a value in a view.
type ballot struct {
	view  int
	value string
}

// certificate proves that a quorum has prepared or committed a value: it names who signed.
type certificate struct {
	Seq    int
	View   int
	Value  string
	Signed ids
}

type (
	prePrepare struct {
		View, Seq int
		Value     string
	}
	prepared prePrepare
	commit   prePrepare
	fetch    struct{ After int }         // what was decided after this number?
	fetched  struct{ Proof certificate } // the answer, one for each
)

// viewTimer is the only timer: the time for a request, or for a new view.
const viewTimer = 0

// requestTime is how long a request may take before the primary is suspected.
var requestTime = [2]time.Duration{300 * time.Millisecond, 500 * time.Millisecond}

func newPBFT(id, n int, timeout [2]time.Duration) *pbft {
	return &pbft{id: id, n: n, timeout: timeout, slots: map[int]*slot{}, executed: map[string]bool{}, wanted: map[int][]*viewChange{}, begun: map[int]bool{}}
}

// faulty returns how many of n replicas may lie, and quorum how many must say the same so that two
// quorums have an honest one in common: 2f+1 of 3f+1.
func (p *pbft) faulty() int { return (p.n - 1) / 3 }
func (p *pbft) quorum() int { return (p.n+p.faulty())/2 + 1 }

func (p *pbft) primary(view int) int { return view%p.n + 1 }

func (p *pbft) at(seq int) *slot {
	s, ok := p.slots[seq]
	if !ok {
		s = &slot{prepares: map[ballot]ids{}, commits: map[ballot]ids{}}
		p.slots[seq] = s
	}
	return s
}

// Step is the replica. After a crash it goes on where it was: all it knows is on its disk.
func (p *pbft) Step(_ time.Duration, in Input) []Effect {
	switch in := in.(type) {
	case Start:
		return p.wait()
	case Linked:
		if in.Up {
			return []Effect{Send{in.Peer, fetch{p.done}}}
		}
	case Propose:
		return p.request(in.Value)
	case Fired:
		out := toOthers(p.id, p.n, fetch{p.done}) // is it the others, or me?
		return append(out, p.change(p.view+1)...)
	case Receive:
		return p.receive(in.From, in.Msg)
	}
	return nil
}

func (p *pbft) receive(from int, m Message) []Effect {
	switch m := m.(type) {
	case prePrepare:
		if from == p.primary(m.View) {
			return p.assign(m)
		}
	case prepared:
		s := p.at(m.Seq)
		b := ballot{m.View, m.Value}
		s.prepares[b] = s.prepares[b].with(from)
		return p.progress(m.Seq, s)
	case commit:
		s := p.at(m.Seq)
		b := ballot{m.View, m.Value}
		s.commits[b] = s.commits[b].with(from)
		return p.tally(m.Seq, s, b)
	case viewChange:
		return p.viewChange(from, &m)
	case newView:
		return p.newView(from, &m)
	case fetch:
		return p.tell(from, m.After)
	case fetched:
		if s := p.at(m.Proof.Seq); s.decided == nil && m.Proof.Signed.len() >= p.quorum() {
			s.decided = &m.Proof
			return p.execute()
		}
	}
	return nil
}

// request takes a client's request, which the client sends to all replicas.
func (p *pbft) request(value string) []Effect {
	if p.executed[value] || slices.Contains(p.pending, value) {
		return nil
	}
	p.pending = append(p.pending, value)
	var out []Effect
	if len(p.pending) == 1 {
		out = p.wait()
	}
	return append(out, p.number(value)...)
}

// number has the primary give the next number to a request.
func (p *pbft) number(value string) []Effect {
	if p.changing || p.primary(p.view) != p.id {
		return nil
	}
	p.assigned++
	m := prePrepare{p.view, p.assigned, value}
	return append(toOthers(p.id, p.n, m), p.assign(m)...)
}

// assign takes a pre-prepare of the view's primary. A second one with another value is ignored.
func (p *pbft) assign(m prePrepare) []Effect {
	s := p.at(m.Seq)
	if p.changing || m.View != p.view || s.assigned && s.view == m.View {
		return nil
	}
	s.assigned, s.view, s.value, s.sent = true, m.View, m.Value, false
	b := ballot{m.View, m.Value}
	s.prepares[b] = s.prepares[b].with(p.primary(m.View)) // whose pre-prepare says the same
	var out []Effect
	if p.primary(m.View) != p.id {
		s.prepares[b] = s.prepares[b].with(p.id)
		out = toOthers(p.id, p.n, prepared(m))
	}
	return append(out, p.progress(m.Seq, s)...)
}

// progress sends the commit of a value once a quorum has prepared it.
func (p *pbft) progress(seq int, s *slot) []Effect {
	b := ballot{s.view, s.value}
	if p.changing || !s.assigned || s.view != p.view || s.sent || s.prepares[b].len() < p.quorum() {
		return nil
	}
	s.sent = true
	s.proof = &certificate{seq, s.view, s.value, s.prepares[b]}
	s.commits[b] = s.commits[b].with(p.id)
	out := toOthers(p.id, p.n, commit{s.view, seq, s.value})
	return append(out, p.tally(seq, s, b)...)
}

// tally decides a value once a quorum has committed it.
func (p *pbft) tally(seq int, s *slot, b ballot) []Effect {
	if s.decided != nil || s.commits[b].len() < p.quorum() {
		return nil
	}
	s.decided = &certificate{seq, b.view, b.value, s.commits[b]}
	return p.execute()
}

// execute takes what is decided, in order. The time for the next request begins.
func (p *pbft) execute() (out []Effect) {
	for {
		s := p.at(p.done + 1)
		if s.decided == nil {
			break
		}
		p.done++
		p.tries = 0
		value := s.decided.Value
		if value != "" && !p.executed[value] { // else a gap that a view change has filled, or a repetition
			p.executed[value] = true
			p.pending = slices.DeleteFunc(p.pending, func(v string) bool { return v == value })
			out = append(out, Decide{p.done, value})
		}
	}
	if out != nil {
		out = append(out, p.wait()...)
	}
	return out
}

// wait sets the time for the oldest request.
func (p *pbft) wait() []Effect {
	if len(p.pending) == 0 && !p.changing {
		return []Effect{Stop{viewTimer}}
	}
	longer := time.Duration(1) << min(p.tries, 5)
	return []Effect{After{viewTimer, longer * p.timeout[0], longer * p.timeout[1]}}
}

// tell sends a replica what was decided after a number.
func (p *pbft) tell(to, after int) (out []Effect) {
	for seq := after + 1; seq <= p.done; seq++ {
		out = append(out, Send{to, fetched{*p.slots[seq].decided}})
	}
	return out
}
