package node

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/internal/chaingen"
	"toychain/internal/curve"
	"toychain/peer"
)

// line starts nodes of which each is connected with the one before it and the one after it,
// and never with another, and returns when gossip reaches from each to the next.
func line(t testing.TB, count int, cfg func(i int) Config) (nodes []*Node) {
	t.Helper()
	for i := range count {
		nodes = append(nodes, start(t, cfg(i)))
	}
	for i, n := range nodes {
		var others []peer.ID
		for j, other := range nodes {
			if j < i-1 || j > i+1 {
				others = append(others, other.Net().ID())
			}
		}
		if err := n.Net().SetBlocklist(others); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			if err := n.Net().Keep(nodes[i-1].Net().Addrs()[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	await(t, "a line", nodes, func() bool {
		for i, n := range nodes {
			for j := max(0, i-1); j <= min(i+1, count-1); j++ {
				if j != i && !n.Net().Reaches(nodes[j].Net().ID()) {
					return false
				}
			}
		}
		return true
	})
	return nodes
}

// stopwatch notes when a node begins to check the signatures of a block: it has received and parsed
// the block by then, and made every check before.
type stopwatch struct {
	consensus.Verifier
	each  time.Duration // if not zero, what a signature takes: it is waited for and not checked
	begun chan time.Time
}

func (s stopwatch) Verify(spenders []consensus.Spender) error {
	select {
	case s.begun <- time.Now():
	default:
	}
	if s.each == 0 {
		return s.Verifier.Verify(spenders)
	}
	<-time.After(time.Duration(len(spenders)) * s.each)
	return nil
}

// A block of which only full validation finds that a signature is wrong goes on to the next node before
// this one has looked at a signature. Both then refuse it, and penalize no peer.
func TestForgedSignatureTravels(t *testing.T) {
	reached := make(chan struct{}) // closed when the last node begins to check signatures
	var early atomic.Bool          // that was before the one in the middle did
	nodes := line(t, 3, func(i int) Config {
		cfg := Config{Params: chaingen.Network()}
		switch i {
		case 1:
			cfg.Verifier = consensus.InOrder(&watched{before: func() {
				select {
				case <-reached:
					early.Store(true)
				case <-time.After(time.Second): // gossip does not run yet between the two
				}
			}})
		case 2:
			cfg.Verifier = consensus.InOrder(&watched{before: sync.OnceFunc(func() { close(reached) })})
		}
		return cfg
	})
	var events []<-chan engine.Event
	for _, n := range nodes[1:] {
		events = append(events, n.Watch(t.Context()))
	}
	refused := func(i int, forged block.Hash) {
		for ev := range events[i] {
			if ev.Kind == engine.PeerPenalized {
				t.Fatalf("node %d penalizes a peer: %s", i+1, ev.Reason)
			}
			if ev.Kind == engine.BlockRejected && ev.Block.Hash == forged {
				if !strings.Contains(ev.Reason, string(consensus.BadScript)) {
					t.Errorf("node %d refuses it: %s", i+1, ev.Reason)
				}
				return
			}
		}
	}
	s := newSupply()
	give(t, nodes[0], s.blocks(0))
	for tries := 0; !early.Load() && tries < 20; tries++ {
		from := s.at.Height()
		s.mine() // at each height one block is passed on early
		give(t, nodes[0], s.blocks(from))
		await(t, "one tip", nodes, func() bool { return nodes[1].tip(t).Hash == s.at.Hash && nodes[2].tip(t).Hash == s.at.Hash })
		coin := s.at.Chain()[1].Reward()
		forged := s.at.Mine("forged", chaingen.NewKey("thief").Pay([]consensus.UTXO{coin}, chaingen.Miner.To(coin.Coin.Value)))
		if err := nodes[0].Net().PublishBlock(t.Context(), forged.Bytes()); err != nil {
			t.Fatal(err)
		}
		refused(0, forged.Hash)
		if early.Load() {
			refused(1, forged.Hash)
		}
	}
	if !early.Load() {
		t.Fatal("the block is not passed on before its signatures are checked")
	}
	for i, n := range nodes {
		if n.tip(t).Hash != s.at.Hash || len(n.Net().Banned()) > 0 || len(n.Net().Peers()) != min(i+1, 3-i) {
			t.Errorf("node %d: its tip is %s, it bans %v and has the peers %v", i, n.tip(t).Hash, n.Net().Banned(), n.Net().Peers())
		}
	}
}

// supply makes blocks whose payments no node has seen.
type supply struct {
	at     *chaingen.Block
	number int
}

func newSupply() *supply {
	tip := chaingen.Genesis(chaingen.Network())
	tip.Verifier = consensus.InOrder(trusting{})
	return &supply{at: tip.MineEmpty("base", 20)}
}

// mine adds a block with the time of now, so that a node which has it is not catching up.
func (s *supply) mine(txs ...*block.Tx) {
	s.number++
	t := s.at.Template(fmt.Sprint(s.number), txs...)
	t.Header.Time = max(uint32(time.Now().Unix()), s.at.State.MedianTime()+1)
	s.at = s.at.Follow(fmt.Sprint(s.number), chaingen.Seal(t))
}

// blocks returns those above a height.
func (s *supply) blocks(above block.Height) (out []*block.Block) {
	for _, b := range s.at.Chain()[above+1:] {
		out = append(out, b.Block)
	}
	return out
}

// next returns a block of so many payments, and the blocks that come before it.
func (s *supply) next(payments int) (before []*block.Block, b *block.Block) {
	from := s.at.Height()
	coin := s.at.Chain()[s.number/2+1].Reward()
	each := coin.Coin.Value / block.Amount(payments+1)
	fan := chaingen.Miner.Pay([]consensus.UTXO{coin}, slices.Repeat([]block.Output{chaingen.Miner.To(each)}, max(1, payments))...)
	s.mine(fan)
	var txs []*block.Tx
	for i := range payments {
		txs = append(txs, chaingen.Miner.Pay([]consensus.UTXO{chaingen.Output(fan, i)}, chaingen.Miner.To(each-300)))
	}
	s.mine(txs...)
	before = s.blocks(from)
	return before[:len(before)-1], s.at.Block
}

// BenchmarkRelay is how long a block takes along a line of nodes from its submission at the first,
// none of which has seen one of its payments: until a node has received it (got) and until it is the
// node's tip (tip), over 0, 1, 5 and 10 hops. All nodes share the machine's cores. To see what nodes
// on machines of their own would do, the other half waits for signatures, as long as two cores take
// to check them, instead of checking them.
func BenchmarkRelay(b *testing.B) {
	const hops = 10
	for _, own := range []bool{false, true} {
		for _, payments := range []int{0, 520, 5150} {
			cores := "shared"
			if own {
				cores = "own"
			}
			b.Run(fmt.Sprintf("cores=%s/payments=%d", cores, payments), func(b *testing.B) {
				begun := make([]chan time.Time, hops+1)
				nodes := line(b, hops+1, func(i int) Config {
					begun[i] = make(chan time.Time, 1)
					w := stopwatch{Verifier: chain.NewVerifier(curve.P2PKH()), begun: begun[i]}
					if own {
						w.each = 70 * time.Microsecond
					}
					return Config{Params: chaingen.Network(), Verifier: w}
				})
				tips := make([]<-chan engine.Event, len(nodes))
				for i, n := range nodes {
					tips[i] = n.Watch(b.Context())
				}
				reach := func(i int, tip block.Hash) time.Time {
					for ev := range tips[i] {
						if ev.Kind == engine.TipChanged && ev.Tip.Hash == tip {
							return time.Now()
						}
					}
					b.Fatal("the node ended")
					return time.Time{}
				}
				s := newSupply()
				give(b, nodes[0], s.blocks(0))
				got, tip := make([][]float64, len(nodes)), make([][]float64, len(nodes))
				size := 0
				for b.Loop() {
					b.StopTimer()
					before, x := s.next(payments)
					size = x.Size()
					give(b, nodes[0], before)
					for i := range nodes {
						reach(i, before[len(before)-1].Hash())
						for len(begun[i]) > 0 {
							<-begun[i]
						}
					}
					<-time.After(time.Second) // gossip's meshes, LevelDB's writes
					ended := make(chan error, len(nodes))
					b.StartTimer()
					at := time.Now()
					for i := range nodes {
						go func() {
							tip[i] = append(tip[i], float64(reach(i, x.Hash()).Sub(at).Microseconds())/1000)
							got[i] = append(got[i], float64((<-begun[i]).Sub(at).Microseconds())/1000)
							ended <- nil
						}()
					}
					if err := nodes[0].SubmitBlock(b.Context(), x); err != nil {
						b.Fatal(err)
					}
					for range nodes {
						<-ended
					}
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(size), "bytes")
				for _, i := range []int{0, 1, 5, 10} {
					slices.Sort(got[i])
					slices.Sort(tip[i])
					b.ReportMetric(got[i][len(got[i])/2], fmt.Sprintf("ms-got%02d", i))
					b.ReportMetric(tip[i][len(tip[i])/2], fmt.Sprintf("ms-tip%02d", i))
				}
			})
		}
	}
}

// BenchmarkRelayedBytes is what a node does with a block before it passes it on, besides receiving and sending
// it: it parses the bytes, hashes them and makes the checks that need no coins.
func BenchmarkRelayedBytes(b *testing.B) {
	for _, payments := range []int{0, 520, 5150} {
		b.Run(fmt.Sprintf("payments=%d", payments), func(b *testing.B) {
			_, x := newSupply().next(payments)
			raw := x.Bytes()
			for b.Loop() {
				parsed, err := parseBlock(raw)
				if err == nil {
					err = consensus.CheckBody(consensus.NewBlock(parsed))
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
