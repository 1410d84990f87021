package server

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"toychain/block"
	"toychain/chain"
	"toychain/consensus"
	"toychain/engine"
	"toychain/rpc"
	"toychain/rpc/answer"
)

// metrics has the node's metrics for Prometheus, in a registry of its own: several nodes
// may live in one process. Events are counted here as they happen; everything else is
// read from the node when Prometheus scrapes it.
type metrics struct {
	registry *prometheus.Registry
	http     http.Handler

	calls        *prometheus.HistogramVec // by method, "" if there is none, and error code
	events       *prometheus.CounterVec   // by kind
	affected     *prometheus.CounterVec   // transactions of blocks that left, by fate
	depth        prometheus.Histogram     // of reorganisations
	adoption     prometheus.Histogram     // of blocks
	confirmation prometheus.Histogram     // of transactions
}

// Buckets end at round numbers, as the objectives of a service level do.
var (
	callBuckets  = prometheus.ExponentialBuckets(1e-4, 4, 9)
	depthBuckets = prometheus.ExponentialBuckets(1, 2, 8)
	blockBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 5, 10, 30}
	txBuckets    = []float64{.1, .5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600}
)

func newCounterVec(name, help, label string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
}

func newHistogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
}

func newMetrics(s *Server) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "toychain_rpc_duration_seconds",
			Help: "Time to answer a call, by method and error code (0: none).", Buckets: callBuckets}, []string{"method", "code"}),
		events: newCounterVec("toychain_events_total", "Events of the node since its start, by kind.", "kind"),
		affected: newCounterVec("toychain_reorg_payments_total",
			"Transactions in blocks that left the best chain, by what became of them.", "fate"),
		depth: newHistogram("toychain_reorg_depth_blocks", "Blocks that left the best chain in one reorganisation.", depthBuckets),
		adoption: newHistogram("toychain_block_adoption_seconds",
			"Time from the first announcement of a block, or of its header, until it is this node's tip and on its disk.", blockBuckets),
		confirmation: newHistogram("toychain_payment_confirmation_seconds",
			"Time from a transaction's entry into this node's mempool to its first confirmation.", txBuckets),
	}
	// Prometheus' increase misses the first event of a series that did not exist before.
	for _, kind := range []engine.EventKind{engine.BlockAdded, engine.BlockRejected, engine.TipChanged, engine.Reorganised,
		engine.TxAdded, engine.TxRemoved, engine.PeerUp, engine.PeerDown, engine.PeerPenalized} {
		m.events.WithLabelValues(string(kind))
	}
	for _, fate := range []string{"returned", "reconfirmed", "conflicted"} {
		m.affected.WithLabelValues(fate)
	}
	m.registry.MustRegister(m.calls, m.events, m.affected, m.depth, m.adoption, m.confirmation, nodeCollector{s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.http = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
	return m
}

// called counts a call that was answered.
func (m *metrics) called(method string, took time.Duration, err *rpc.Error) {
	code := 0
	if err != nil {
		code = int(err.Code)
	}
	m.calls.WithLabelValues(method, strconv.Itoa(code)).Observe(took.Seconds())
}

// observe counts an event: first what belongs to it, then the event itself.
func (m *metrics) observe(ev *engine.Event) {
	if r := ev.Reorg; r != nil {
		m.depth.Observe(float64(r.Depth()))
		m.affected.WithLabelValues("returned").Add(float64(len(r.Returned)))
		m.affected.WithLabelValues("reconfirmed").Add(float64(len(r.Reconfirmed)))
		m.affected.WithLabelValues("conflicted").Add(float64(len(r.Conflicted)))
	}
	if t := ev.Tip; t != nil {
		if !t.Heard.IsZero() {
			m.adoption.Observe(ev.Duration.Seconds())
		}
		for _, d := range t.Waited {
			m.confirmation.Observe(d.Seconds())
		}
	}
	m.events.WithLabelValues(string(ev.Kind)).Inc()
}

// nodeCollector reads the node's state.
type nodeCollector struct{ s *Server }

// Describe implements prometheus.Collector, without descriptions in advance.
func (nodeCollector) Describe(chan<- *prometheus.Desc) {}

// collectTimeout is how long a scrape waits for the node.
const collectTimeout = 2 * time.Second

// Collect implements prometheus.Collector. Names end with the unit.
func (n nodeCollector) Collect(out chan<- prometheus.Metric) {
	emit := func(kind prometheus.ValueType, name string, value float64, help string) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, nil), kind, value)
	}
	gauge := func(name string, value float64, help string) { emit(prometheus.GaugeValue, name, value, help) }
	nd := n.s.node
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	var tip, best consensus.State
	var txs, bytes, orphans int
	memory := nd.Net().Memory()
	var census chain.ForkStats // the same statistics as getstalerate's
	err := nd.Look(ctx, func(e *engine.Engine) {
		tip, best, census = e.Tree().Tip(), e.Tree().BestHeader(), e.Tree().ForkStats(1, math.MaxInt32)
		txs, bytes, orphans = e.Pool().Len(), e.Pool().Bytes(), e.Pool().Orphans()
	})
	if err == nil {
		gauge("toychain_chain_height_blocks", float64(tip.Height), "Height of the best chain.")
		gauge("toychain_chain_headers_blocks", float64(best.Height), "Height of the best header.")
		gauge("toychain_chain_work_hashes", tip.Work.Float(), "Hashes that the best chain took to mine on average.")
		gauge("toychain_chain_difficulty_ratio", float64(answer.Difficulty(tip.Header.Bits)), "Difficulty of the tip, relative to Bitcoin's easiest target.")
		gauge("toychain_chain_tip_time_seconds", float64(tip.Header.Time), "Time in the tip's header, since 1970.")
		gauge("toychain_chain_tip_fingerprint", fingerprint(tip.Hash), "48 bits of the tip's hash: nodes agree if they show the same number.")
		gauge("toychain_chain_stored_blocks", float64(census.Active+census.Stale), "Valid blocks of all branches, without genesis.")
		gauge("toychain_chain_stale_blocks", float64(census.Stale), "Of these, blocks that are not on the best chain.")
		gauge("toychain_pool_transactions", float64(txs), "Transactions that wait for a block.")
		gauge("toychain_pool_bytes", float64(bytes), "Bytes of these.")
		gauge("toychain_pool_orphans_transactions", float64(orphans), "Transactions that wait for their parents.")
	}
	for _, part := range memory.Parts {
		byPart := func(name, help string, v int) {
			out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, []string{"part"}, nil), prometheus.GaugeValue, float64(v), part.Name)
		}
		byPart("toychain_memory_used_bytes", "Bytes that peers make this node hold, by part of its memory budget.", part.Used)
		byPart("toychain_memory_reserved_bytes", "Bytes of the budget that no other part may use.", part.Reserved)
	}
	gauge("toychain_memory_limit_bytes", float64(memory.Total), "The most bytes that peers can make this node hold, all parts together.")
	emit(prometheus.CounterValue, "toychain_gossip_ignored_messages_total", float64(nd.Net().Ignored()), "Messages that were dropped unseen, because too many of the same peer were of no use.")
	mining := nd.Mining()
	gauge("toychain_peers", float64(len(nd.Net().Peers())), "Connected peers.")
	gauge("toychain_peers_blocked", float64(len(nd.Net().Blocklist())), "Peers on this node's blocklist, see setpartition.")
	gauge("toychain_miner_rate_hashes_per_second", mining.Rate, "Hashes per second of this node's miner over the last seconds.")
	emit(prometheus.CounterValue, "toychain_miner_hashes_total", float64(mining.Hashes), "Hashes that this node's miner tried since its start.")
	emit(prometheus.CounterValue, "toychain_miner_blocks_total", float64(mining.Found), "Blocks that this node's miner found since its start.")
	gauge("toychain_store_size_bytes", float64(nd.Store().Size()), "Bytes of the database on disk.")
	gauge("toychain_node_start_time_seconds", float64(nd.Started().Unix()), "When the node started, since 1970.")
	gauge("toychain_rpc_event_streams", float64(len(n.s.streams)), "Readers of /events.")
	gauge("toychain_rpc_calls_under_way", float64(len(n.s.runningCalls())), "Calls that are being answered.")
}

// fingerprint returns the 48 bits of a block's hash that proof of work leaves most
// random, as a number that a float64 holds exactly.
func fingerprint(h block.Hash) float64 {
	var n uint64
	for _, b := range h[:6] {
		n = n<<8 | uint64(b)
	}
	return float64(n)
}
