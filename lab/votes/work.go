package votes

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/chaingen"
	"toychain/mempool"
	"toychain/peer"
	"toychain/pow"
)

// work is a node of toychain: the real engine, which this type connects to the world. It mines at
// random times, at a rate that follows from its hash power and the target after its tip.
//
// No votes are counted. A block that is found goes to all others; what a node has is the chain with the
// most work that it has heard of, and every decision may be undone by a chain with more.
type work struct {
	id, n    int
	params   *consensus.Params
	hashrate float64 // hashes a second; 0: it does not mine
	disk     *chaingen.Disk
	engine   *engine.Engine
	bits     uint32       // for which the time of the next block was drawn
	known    block.Height // up to which the best chain was passed on as decided
	extra    uint64
	ticks    bool // a tick will come
}

// workMessage is an input for another node's engine; ask is a request to it, and answer what it
// has.
type (
	workMessage struct {
		kind string
		in   engine.Input
		what string
	}
	ask    struct{ request engine.Effect }
	answer struct {
		inputs  []engine.Input
		request engine.Effect
	}
)

func (m workMessage) Kind() string { return m.kind }

func (m workMessage) String() string { return m.what }
func (m ask) String() string         { return fmt.Sprintf("%T", m.request) }
func (m answer) String() string      { return fmt.Sprintf("%d to %T", len(m.inputs), m.request) }

// The timers of a node.
const (
	mineTimer = iota
	tickTimer
)

// tickEvery is how long after an input a node looks at the clock.
const tickEvery = 500 * time.Millisecond

// workParams are those of a network with a wanted interval between blocks. Its target changes every
// window blocks, or never, and at first two hashes find a block.
func workParams(interval time.Duration, window int) *consensus.Params {
	p := consensus.Regtest()
	p.Name, p.Spacing, p.Window, p.Halving = "votes", interval, window, 1_000_000
	return p
}

func newWork(id, n int, params *consensus.Params, hashrate float64) *work {
	return &work{id: id, n: n, params: params, hashrate: hashrate, disk: chaingen.NewDisk()}
}

func peerOf(id int) peer.ID { return peer.ID(strconv.Itoa(id)) }

func idOf(p peer.ID) int {
	id, err := strconv.Atoi(string(p))
	if err != nil {
		panic(err) // peerOf made it
	}
	return id
}

// clock is the time on the node's clock.
func (w *work) clock(now time.Duration) time.Time {
	return time.Unix(int64(w.params.Genesis.Header.Time), 0).Add(time.Minute + now)
}

// Step is the node.
func (w *work) Step(now time.Duration, in Input) (out []Effect) {
	if err := w.step(now, in, &out); err != nil {
		return append(out, Fail{err})
	}
	w.follow(&out)
	return out
}

func (w *work) step(now time.Duration, in Input, out *[]Effect) error {
	switch in := in.(type) {
	case Start:
		return w.start(now)
	case Linked:
		if !in.Up {
			return w.give(now, engine.PeerLeft{Peer: peerOf(in.Peer)}, out)
		}
		*out = append(*out, Send{in.Peer, w.status(w.engine.Status())})
		return w.give(now, engine.PeerJoined{Peer: peerOf(in.Peer)}, out)
	case Fired:
		if in.Timer == mineTimer {
			return w.mine(now, out)
		}
		w.ticks = false
		return w.give(now, engine.Tick{}, out)
	case Receive:
		switch m := in.Msg.(type) {
		case workMessage:
			return w.give(now, m.in, out)
		case ask:
			*out = append(*out, Send{in.From, answer{w.look(m.request), m.request}})
		case answer:
			for _, i := range m.inputs {
				if err := w.give(now, i, out); err != nil {
					return err
				}
			}
			return w.give(now, engine.RequestDone{Peer: peerOf(in.From), Request: m.request}, out)
		}
	}
	return nil
}

// start makes the engine from what is on the disk.
func (w *work) start(now time.Duration) error {
	tree, err := w.disk.Open(w.params)
	if err != nil {
		return err
	}
	w.engine = engine.New(tree, mempool.New(mempool.DefaultPolicy()), "/votes/")
	w.bits, w.ticks = 0, false
	_, err = w.engine.Start(w.clock(now))
	w.known = w.engine.Tree().Tip().Height
	return err
}

// give hands the engine an input and carries out its effects.
func (w *work) give(now time.Duration, in engine.Input, out *[]Effect) error {
	effects, err := w.engine.Step(w.clock(now), in)
	if err != nil {
		return err
	}
	if _, tick := in.(engine.Tick); !tick && !w.ticks {
		w.ticks = true
		*out = append(*out, After{tickTimer, tickEvery, tickEvery})
	}
	for _, f := range effects {
		switch f := f.(type) {
		case engine.PublishBlock:
			m := workMessage{"block", engine.BlockReceived{Peer: peerOf(w.id), Block: f.Block}, f.Block.Hash().Short()}
			*out = append(*out, toOthers(w.id, w.n, m)...)
		case engine.Announce:
			*out = append(*out, toOthers(w.id, w.n, w.status(f.Status))...)
		case engine.RequestHeaders:
			*out = append(*out, Send{idOf(f.Peer), ask{f}})
		case engine.RequestBlocks:
			*out = append(*out, Send{idOf(f.Peer), ask{f}})
		case engine.RequestMempool:
			*out = append(*out, Send{idOf(f.Peer), ask{f}})
		case engine.Penalize:
			return fmt.Errorf("it penalizes %s: %w", f.Peer, f.Reason)
		case engine.Disconnect: // the peer does not answer
			if err := w.give(now, engine.PeerLeft{Peer: f.Peer}, out); err != nil {
				return err
			}
		case engine.Emit:
			w.reorganised(f.Reorg, out)
		}
	}
	return nil
}

func (w *work) status(s peer.Status) Message {
	return workMessage{"status", engine.PeerStatus{Peer: peerOf(w.id), Status: s}, fmt.Sprint(s.Height)}
}

// look reads what a peer asks for.
func (w *work) look(request engine.Effect) (out []engine.Input) {
	tree, me := w.engine.Tree(), peerOf(w.id)
	switch f := request.(type) {
	case engine.RequestHeaders:
		return []engine.Input{engine.HeadersReceived{Peer: me, Headers: tree.HeadersAfter(f.Locator, block.Hash{}, peer.MaxHeaders)}}
	case engine.RequestBlocks:
		for _, id := range f.IDs {
			if b, err := tree.Block(id); err == nil {
				out = append(out, engine.BlockReceived{Peer: me, Block: b, Requested: true})
			}
		}
	case engine.RequestMempool:
		return []engine.Input{engine.MempoolReceived{Peer: me}}
	}
	return out
}

// reorganised passes on which blocks left the best chain.
func (w *work) reorganised(r *chain.Reorg, out *[]Effect) {
	if r == nil {
		return
	}
	for _, p := range r.Left {
		*out = append(*out, Undo{int(p.Height), p.Hash.Short()})
	}
	w.known = r.Fork.Height
}

// follow passes on which blocks joined the best chain, and draws the time of the next block anew if
// the target has changed.
func (w *work) follow(out *[]Effect) {
	tree := w.engine.Tree()
	tip := tree.Tip()
	for w.known < tip.Height {
		w.known++
		hash, _ := tree.At(w.known)
		*out = append(*out, Decide{int(w.known), hash.Short()})
	}
	if bits := tip.NextBits(); bits != w.bits && w.hashrate > 0 {
		w.bits = bits
		*out = append(*out, w.next())
	}
}

// next has the world draw when the next block is found.
func (w *work) next() Effect {
	seconds := targetOf(w.bits).Work().Float() / w.hashrate
	return Rarely{mineTimer, time.Duration(seconds * float64(time.Second))}
}

func targetOf(bits uint32) pow.Target {
	t, err := pow.TargetFromBits(bits)
	if err != nil {
		panic(err) // a valid header's
	}
	return t
}

// mine makes a block on the tip, with its proof of work.
func (w *work) mine(now time.Duration, out *[]Effect) error {
	w.extra++
	t, err := w.engine.Template(block.PubKeyHashScript([20]byte{byte(w.id)}), w.extra, "", w.clock(now))
	if err != nil {
		return err
	}
	if _, found := pow.Search(&t.Block.Header, targetOf(t.Block.Header.Bits), 0, 1<<32); !found {
		return errors.New("no nonce meets the target")
	}
	if err := w.give(now, engine.BlockReceived{Block: t.Block}, out); err != nil {
		return err
	}
	*out = append(*out, w.next())
	return nil
}
