package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"toychain/block"
	"toychain/cmd/internal/cli"
	"toychain/explorer"
	"toychain/explorer/tab"
	"toychain/rpc"
	"toychain/testnet"
	"toychain/testnet/history"
	"toychain/testnet/scenario"
	"toychain/testnet/scenario/real"
)

const aboutExplorer = `Serve a page that shows a network: the block tree with each node on its tip, what
happened in words, a slider back to any moment, figures and links of the nodes, and pages
that explain every block, transaction and address. It shows the running testnet, or other
nodes by their addresses (--node), or a recording (--trace), which
'toychain testnet replay --json' and 'toychain sim --trace' write, or a script that is
played while it is shown (--scenario), on real nodes or simulated ones. A testnet can be changed from the page; each button
shows the command that it runs. If explorer/lab.sh built the lab beside this program, the
page links to eight nodes in the browser itself.

The page is for this machine: it is served on 127.0.0.1 unless --listen says otherwise,
and anyone who can open it can change the testnet. It ends with Ctrl-C.`

// explorerListen is where the page is, unless --listen says otherwise.
const explorerListen = "127.0.0.1:8480"

// exploring is the flags of "explorer".
type exploring struct {
	listen, trace string
	export        string
	scenario      string
	world         string
	seed          uint64
	nodes         []string
	json          bool
}

func (a *app) explorerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "explorer", SuggestFor: []string{"web", "browser", "ui"}, Short: "Serve a page that shows a network, live or recorded.",
		Example: "toychain explorer\ntoychain explorer --node 127.0.0.1:18555\ntoychain testnet replay --json | toychain explorer --trace -\ntoychain explorer --scenario testnet/scenarios/partition.txt --world sim\ntoychain explorer --export site",
		Long:    aboutExplorer,
	}
	o := exploring{}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", explorerListen, "`HOST:PORT` of the page; port 0: any free one")
	f.StringVar(&o.trace, "trace", "", "show the recording in this `FILE`; -: standard input")
	f.StringArrayVar(&o.nodes, "node", nil, "show the node at this `URL` or HOST:PORT, of a testnet or not; may be repeated")
	f.StringVar(&o.export, "export", "", "write a site into this new `DIR` that plays the recording, or the testnet's past, on any web server")
	f.StringVar(&o.scenario, "scenario", "", "play the script in this `FILE`, and show it")
	f.StringVar(&o.world, "world", worldReal, "`WORLD` of its nodes: real processes, or sim, in virtual time")
	f.Uint64Var(&o.seed, "seed", 1, "`NUMBER` from which everything random in a simulated world is drawn")
	f.BoolVar(&o.json, "json", false, "print the page's address as JSON")
	return on(cmd, nothing, func(ctx context.Context, _ none, _ []string) error {
		run := runFlags{world: o.world, seed: o.seed}
		if err := run.check(cmd.Flags().Changed("seed")); o.scenario != "" && err != nil {
			return err
		}
		if o.export != "" {
			return a.export(ctx, &o)
		}
		if o.scenario != "" && o.world == worldReal {
			return a.serveScript(ctx, &o)
		}
		show, err := a.shown(ctx, &o)
		if err != nil {
			return err
		}
		return a.serve(ctx, show, o.listen, o.json)
	})
}

// shown returns what the flags choose to show.
func (a *app) shown(ctx context.Context, o *exploring) (*shownNet, error) {
	switch {
	case o.trace != "":
		return a.recording(ctx, o.trace)
	case o.scenario != "":
		return a.script(ctx, o)
	case len(o.nodes) > 0:
		return a.nodesByURL(ctx, o.nodes)
	}
	t, err := a.namedTestnet()
	if err != nil {
		return nil, err
	}
	return a.shownTestnet(t), nil
}

// shownNet is what a page shows: a log, and what fills it.
type shownNet struct {
	log      *explorer.Log
	net      explorer.Network // nil: a recording
	controls explorer.Controls
}

// pageServer is a server and what fills its log.
type pageServer struct {
	server *explorer.Server
	live   *explorer.Live // nil: a recording
}

// run serves the page until ctx ends.
func (p *pageServer) run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if p.live != nil {
		group.Go(func() { _ = p.live.Run(ctx) })
	}
	return p.server.Run(ctx)
}

// open listens for what is shown.
func (a *app) open(ctx context.Context, show *shownNet, listen string) (*pageServer, error) {
	cfg := explorer.Config{Listen: listen, Log: show.log, Controls: show.controls, Lab: besideProgram()}
	var live *explorer.Live
	if show.net != nil {
		live = explorer.NewLive(show.log, show.net)
		cfg.Facts = live.Facts
		cfg.Clients = clientsOf(ctx, show.net)
	}
	s, err := explorer.NewServer(cfg)
	return &pageServer{s, live}, err
}

// besideProgram returns the directory of this program, where the lab's files may be; "" if it is not
// known.
func besideProgram() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	return filepath.Dir(self)
}

// clientsOf returns the running nodes of a network; nil if there is none.
func clientsOf(ctx context.Context, net explorer.Network) func() []*rpc.Client {
	if net == nil {
		return nil
	}
	return func() (out []*rpc.Client) {
		all, _ := net.Nodes(ctx)
		for _, e := range all {
			if e.Client != nil {
				out = append(out, e.Client)
			}
		}
		return out
	}
}

// serve serves the page until ctx ends, and says first where.
func (a *app) serve(ctx context.Context, show *shownNet, listen string, asJSON bool) error {
	p, err := a.open(ctx, show, listen)
	if err != nil {
		return err
	}
	if asJSON {
		err = a.PrintJSONLine(map[string]string{"url": p.server.URL()})
	} else {
		_, err = fmt.Fprintf(a.Stdout, "%s\n", p.server.URL())
		fmt.Fprintf(a.Stderr, "shows %s; Ctrl-C ends it\n", show.log.Source)
	}
	if err != nil {
		return err
	}
	return p.run(ctx)
}

// pageOfDemo returns what shows the testnet of a demo on a page from when it is up, and a function
// that ends that. The page's address goes to stderr: stdout has the story.
func (a *app) pageOfDemo(ctx context.Context) (began func(context.Context, string) error, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	return func(_ context.Context, dir string) error {
			t, err := testnet.Open(dir)
			if err != nil {
				return err
			}
			show := a.shownTestnet(t)
			show.controls = nil // the story decides what happens
			p, err := a.open(ctx, show, "127.0.0.1:0")
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Stderr, "the page: %s\n", p.server.URL())
			group.Go(func() { _ = p.run(ctx) })
			return nil
		}, func() {
			cancel()
			group.Wait()
		}
}

// recording returns what a file of events shows.
func (a *app) recording(ctx context.Context, name string) (*shownNet, error) {
	run, err := a.readRun(ctx, name)
	if err != nil {
		return nil, err
	}
	log := explorer.NewLog("the recording "+name, false)
	return &shownNet{log: log}, explorer.Play(log, run.Events)
}

// readScript reads the script that the flags name.
func readScript(name string) (*scenario.Script, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return scenario.Parse(name, string(text))
}

// script plays a script in virtual time and returns what it shows. One that fails is shown too.
func (a *app) script(ctx context.Context, o *exploring) (*shownNet, error) {
	if o.world != worldSim {
		return nil, cli.Usagef("--export: the site plays a script in virtual time: add --world sim")
	}
	s, err := readScript(o.scenario)
	if err != nil {
		return nil, err
	}
	log := explorer.NewLog(fmt.Sprintf("the script %s in virtual time, from the seed %d", o.scenario, o.seed), false)
	return &shownNet{log: log}, a.scriptEnded(tab.Play(ctx, s, o.seed, log))
}

// scriptEnded says why a script failed, which is no error of a page that shows it.
func (a *app) scriptEnded(err error) error {
	var failed *scenario.Failure
	if !errors.As(err, &failed) {
		return err
	}
	fmt.Fprintln(a.Stderr, "the script failed, and what happened until then is shown:", err)
	return nil
}

// serveScript plays a script on real processes and serves a page that shows them, until ctx ends.
func (a *app) serveScript(ctx context.Context, o *exploring) error {
	s, err := readScript(o.scenario)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "toychain-explorer-")
	if err != nil {
		return err
	}
	world := real.New(testnet.Config{Dir: dir})
	defer func() { _ = world.Close(context.WithoutCancel(ctx), true) }()
	up, ended := make(chan struct{}), make(chan error, 1)
	var group sync.WaitGroup
	defer group.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group.Go(func() {
		first := sync.OnceFunc(func() { close(up) })
		_, err := scenario.Play(ctx, s, world, scenario.Options{Dir: filepath.Join(dir, "wallets"), After: func(step scenario.Step, shown []string) error {
			first() // the step that starts the nodes
			return nil
		}})
		if ctx.Err() == nil {
			err = a.scriptEnded(err)
		}
		ended <- err
	})
	select {
	case <-up:
	case err := <-ended:
		return err
	}
	t, err := testnet.Open(dir)
	if err != nil {
		return err
	}
	show := a.shownTestnet(t)
	show.controls = nil // the script decides what happens
	show.log.Source = "the script " + o.scenario + ", on real nodes"
	return a.serve(ctx, show, o.listen, o.json)
}

// export writes a site that plays a recording, or the past of the testnet.
func (a *app) export(ctx context.Context, o *exploring) error {
	var show *shownNet
	var err error
	if o.trace != "" || o.scenario != "" {
		show, err = a.shown(ctx, o)
	} else {
		show, err = a.pastOfTestnet(ctx)
	}
	if err != nil {
		return err
	}
	if err := explorer.Export(ctx, o.export, show.log, besideProgram(), clientsOf(ctx, show.net)); err != nil {
		return err
	}
	if o.json {
		return a.PrintJSONLine(map[string]string{"dir": o.export})
	}
	_, err = fmt.Fprintln(a.Stdout, o.export)
	return err
}

// pastOfTestnet returns what the nodes' journals tell.
func (a *app) pastOfTestnet(ctx context.Context) (*shownNet, error) {
	run, err := a.past(ctx, nil)
	if err != nil {
		return nil, err
	}
	log := explorer.NewLog("a testnet's past", false)
	t, err := a.namedTestnet()
	if err != nil {
		return nil, err
	}
	return &shownNet{log: log, net: &testnetNodes{t: t}}, explorer.Play(log, run.Events)
}

// byURL is a network of nodes that are known by their addresses.
type byURL struct {
	all      []explorer.Endpoint
	prefixes block.Prefixes
}

func (n *byURL) Nodes(context.Context) ([]explorer.Endpoint, error) { return n.all, nil }

func (n *byURL) Prefixes() block.Prefixes { return n.prefixes }

func (*byURL) Actions(context.Context) ([]history.Action, error) { return nil, nil }

// nodesByURL returns the nodes at these addresses, by the names that they say.
func (a *app) nodesByURL(ctx context.Context, urls []string) (*shownNet, error) {
	var all byURL
	seen := make(map[string]bool)
	for _, url := range urls {
		a.global.rpc = strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/")
		a.global.node = ""
		n, err := a.dialAddress()
		if err != nil {
			return nil, err
		}
		info, err := rpc.GetNetworkInfo.Call(ctx, n.Client, rpc.None{})
		if err != nil {
			return nil, err
		}
		name := info.Name
		if name == "" || seen[name] {
			name = a.global.rpc
		}
		seen[name] = true
		all.all = append(all.all, explorer.Endpoint{Name: name, Client: n.Client, State: "up"})
		all.prefixes = n.params.Prefixes
	}
	return &shownNet{log: explorer.NewLog("nodes at "+strings.Join(urls, ", "), true), net: &all}, nil
}

// dialAddress dials the node at the address that --rpc would name. The password of one of the testnet's
// nodes is known, unless another login was typed.
func (a *app) dialAddress() (target, error) {
	t, err := testnet.Open(a.testnetFolder())
	if err == nil && !a.typed["cookie"] && !a.typed["rpc-user"] {
		for _, n := range t.Nodes() {
			if n.RPC == a.global.rpc {
				c, err := t.Dial(n)
				return target{c, t.Params()}, err
			}
		}
	}
	return a.dial()
}

// shownTestnet returns what a testnet shows, and how it is changed: by the commands for it.
func (a *app) shownTestnet(t *testnet.Testnet) *shownNet {
	return &shownNet{log: explorer.NewLog("the testnet in "+fromHome(t.Dir()), true), net: &testnetNodes{t: t}, controls: a.controlsOf(t)}
}

// fromHome returns a directory with ~ for the user's home.
func fromHome(dir string) string {
	home, err := os.UserHomeDir()
	if rest, below := strings.CutPrefix(dir, home+string(filepath.Separator)); err == nil && below {
		return filepath.Join("~", rest)
	}
	return dir
}

// testnetNodes is a testnet as the explorer sees it.
type testnetNodes struct {
	mu sync.Mutex
	t  *testnet.Testnet
}

func (n *testnetNodes) Nodes(context.Context) (out []explorer.Endpoint, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.t.Refresh(); err != nil {
		return nil, err
	}
	for _, name := range n.t.Names() {
		e := explorer.Endpoint{Name: name, State: "up"}
		switch c, err := n.t.Client(name); {
		case err == nil:
			e.Client = c
		case errors.Is(err, rpc.ErrUnreachable) && n.t.Runs(name):
			e.State = "paused"
		default:
			e.State = "down"
		}
		out = append(out, e)
	}
	return out, nil
}

func (n *testnetNodes) Prefixes() block.Prefixes { return n.t.Params().Prefixes }

func (n *testnetNodes) Actions(context.Context) ([]history.Action, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.t.Actions()
}
