package votes

import "slices"

// The change of the view. A replica that suspects the primary wants the next view, and says what it
// has prepared. The next view's primary waits until a quorum wants it, and begins with what these
// have prepared: among any quorum is an honest replica of the one that had decided something.
//
//	all ── view-change v+1, proofs ──► all          the proofs: what was prepared, with signers
//	new primary ── new-view v+1, the quorum's view-changes ──► all   who compute for themselves
//	                                                                 what the view begins with

type (
	viewChange struct {
		View   int
		From   int // who signed it: it is passed on in a newView
		Proofs []certificate
	}
	newView struct {
		View    int
		Changes []viewChange
	}
)

// change stops work in the view and asks for a later one.
func (p *pbft) change(view int) []Effect {
	p.view, p.changing = view, true
	p.tries++
	m := viewChange{View: view, From: p.id}
	for seq := 1; ; seq++ { // without checkpoints, all numbers since the first
		s, ok := p.slots[seq]
		if !ok {
			break
		}
		if s.proof != nil {
			m.Proofs = append(m.Proofs, *s.proof)
		}
	}
	out := append(p.wait(), toOthers(p.id, p.n, m)...)
	return append(out, p.viewChange(p.id, &m)...)
}

// viewChange collects who wants a view.
func (p *pbft) viewChange(from int, m *viewChange) []Effect {
	if m.From != from || m.View < p.view || !p.proven(m.Proofs) {
		return nil
	}
	if p.wanted[m.View] == nil {
		p.wanted[m.View] = make([]*viewChange, p.n+1)
	}
	p.wanted[m.View][from] = m
	if view, ok := p.pressed(); ok {
		return p.change(view)
	}
	return p.begin(m.View)
}

// proven reports whether a quorum has signed each proof.
func (p *pbft) proven(proofs []certificate) bool {
	return !slices.ContainsFunc(proofs, func(c certificate) bool { return c.Signed.len() < p.quorum() })
}

// pressed returns the lowest later view if f+1 replicas want one, of which one is honest.
func (p *pbft) pressed() (view int, ok bool) {
	var who ids
	for v, list := range p.wanted { // the order of the map does not matter: a union, and a minimum
		if v <= p.view {
			continue
		}
		for id, m := range list {
			if m != nil && id != p.id {
				who = who.with(id)
			}
		}
		if view == 0 || v < view {
			view = v
		}
	}
	return view, who.len() > p.faulty()
}

// begin has the primary of a view begin it once a quorum wants it.
func (p *pbft) begin(view int) []Effect {
	if p.primary(view) != p.id || p.begun[view] || view < p.view {
		return nil
	}
	m := newView{View: view}
	for _, c := range p.wanted[view] {
		if c != nil {
			m.Changes = append(m.Changes, *c)
		}
	}
	if len(m.Changes) < p.quorum() {
		return nil
	}
	p.begun[view] = true
	return append(toOthers(p.id, p.n, m), p.enter(&m)...)
}

// newView checks that a quorum wants the view, and enters it.
func (p *pbft) newView(from int, m *newView) []Effect {
	if from != p.primary(m.View) || m.View < p.view || m.View == p.view && !p.changing {
		return nil
	}
	var who ids
	for i := range m.Changes {
		if c := &m.Changes[i]; c.View == m.View && p.proven(c.Proofs) {
			who = who.with(c.From)
		}
	}
	if who.len() < p.quorum() {
		return nil
	}
	return p.enter(m)
}

// enter begins work in a view, with what was prepared before: of each number the value of the
// highest view, and nothing (an empty value) for numbers between.
func (p *pbft) enter(m *newView) []Effect {
	p.view, p.changing = m.View, false
	last := 0
	best := map[int]certificate{}
	for _, c := range m.Changes {
		for _, proof := range c.Proofs {
			if old, ok := best[proof.Seq]; !ok || proof.View > old.View {
				best[proof.Seq] = proof
			}
			last = max(last, proof.Seq)
		}
	}
	p.assigned = last
	out := p.wait()
	repeated := map[string]bool{}
	for seq := 1; seq <= last; seq++ {
		value := best[seq].Value
		repeated[value] = true
		out = append(out, p.assign(prePrepare{m.View, seq, value})...)
	}
	for _, value := range slices.Clone(p.pending) {
		if !repeated[value] {
			out = append(out, p.number(value)...)
		}
	}
	return out
}
