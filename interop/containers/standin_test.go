package containers

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"toychain/rpc"
	"toychain/testnet"
)

// program is where the image has it.
const program = "/toychain"

// container is what a loaded file says of one node.
type container struct {
	name   string
	args   []string          // after the program
	env    map[string]string // all of it
	health []string          // the command that asks for its health
	mounts map[string]string // folder or file inside: what stands for it here
	user   int
	memory int64 // the most it may use, bytes

	cmd *exec.Cmd
	log bytes.Buffer // read once it has ended
}

// start runs a process in the place of the container: its command line, its
// environment and nothing else of ours, its user if we may become somebody else. What
// is changed are addresses, because all share one machine, and the places of its
// mounts. peers has where those that run already listen, by name.
func (c *container) start(t *testing.T, file string, peers map[string]string) {
	t.Helper()
	inside := strings.NewReplacer("/ip4/0.0.0.0/tcp/4001", "/ip4/127.0.0.1/tcp/0",
		"0.0.0.0:18555", "127.0.0.1:0", "127.0.0.1:18555", "127.0.0.1:0")
	var args []string
	for _, a := range c.args {
		a = inside.Replace(a)
		for name, at := range peers {
			a = strings.Replace(a, "/dns4/"+name+"/tcp/4001/", at+"/", 1)
		}
		if strings.Contains(a, "/dns4/") {
			t.Fatalf("%s calls %s, which does not run yet", c.name, a)
		}
		args = append(args, a)
	}
	c.cmd = c.command(t, file, args)
	c.cmd.Stdout, c.cmd.Stderr = &c.log, &c.log
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.cmd.Process.Kill(); c.cmd.Wait() })
	c.waitHealthy(t, file)
}

// command prepares to run the program inside.
func (c *container) command(t *testing.T, file string, args []string) *exec.Cmd {
	cmd := exec.Command(file, args...)
	cmd.Dir = publicFolder(t) // nothing is to be written there: see stop
	for k, v := range c.env {
		for in, out := range c.mounts {
			if v == in || strings.HasPrefix(v, in+"/") {
				v = out + strings.TrimPrefix(v, in)
			}
		}
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	if os.Getuid() == 0 && reachable(file) {
		id := uint32(c.user)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	}
	return cmd
}

// waitHealthy asks as the container's runtime would until the answer is yes.
func (c *container) waitHealthy(t *testing.T, file string) {
	t.Helper()
	if len(c.health) == 0 || c.health[0] != program {
		t.Fatalf("%s: health check %v, want the program itself", c.name, c.health)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		cmd := c.command(t, file, c.health[1:])
		out, err := cmd.CombinedOutput()
		if err == nil {
			return
		}
		if cmd.ProcessState.ExitCode() != 3 {
			t.Fatalf("%s: health check %v: %v: %s", c.name, c.health, err, out)
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s is never healthy: %s", c.name, out)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// greet asks the node where it is, by the login that the export left, and holds its
// name against the one that the export promised.
func (c *container) greet(t *testing.T, dir, network string) (rpcAddr, multiaddr string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.mounts["/data"], network, "rpc.addr"))
	if err != nil {
		t.Fatal(err)
	}
	rpcAddr = strings.TrimSpace(string(text))
	client, err := rpc.Dial(rpcAddr, filepath.Join(dir, "rpc.login"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	info, err := rpc.GetNetworkInfo.Call(t.Context(), client, rpc.None{})
	if err != nil {
		t.Fatal(err)
	}
	net, err := testnet.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.Index(net.Names(), c.name)
	if i < 0 || net.Nodes()[i].PeerID != info.PeerID || info.Name != c.name {
		t.Fatalf("%s is %s, %s; the folder says %+v", c.name, info.Name, info.PeerID, net.Nodes())
	}
	multiaddr, _, _ = strings.Cut(info.Multiaddrs[0], "/p2p/")
	return rpcAddr, multiaddr
}

// readdress writes into the testnet's files where a node really is.
func readdress(t *testing.T, dir string, c *container, hostPort int, rpcAddr, multiaddr string) {
	t.Helper()
	for _, name := range []string{"testnet.json", "state.json"} {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s := strings.ReplaceAll(string(text), `"127.0.0.1:`+strconv.Itoa(hostPort)+`"`, `"`+rpcAddr+`"`)
		s = strings.ReplaceAll(s, "/dns4/"+c.name+"/tcp/4001/", multiaddr+"/")
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// stop ends the process as a runtime does, and looks what is left.
func (c *container) stop(t *testing.T) {
	t.Helper()
	peak := peakMemory(c.cmd.Process.Pid)
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("%s after SIGTERM: %v\n%s", c.name, err, c.log.String())
	}
	t.Logf("%s used at most %d MiB", c.name, peak>>20)
	if peak == 0 || peak > c.memory {
		t.Errorf("%s used %d bytes, it may %d", c.name, peak, c.memory)
	}
	if left, _ := os.ReadDir(c.cmd.Dir); len(left) > 0 {
		t.Errorf("%s wrote beside its volume: %v", c.name, left)
	}
}

// peakMemory is the most that a process ever had resident.
func peakMemory(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if err != nil || found == nil {
		return 0
	}
	kB, _ := strconv.ParseInt(string(found[1]), 10, 64)
	return kB << 10
}

// nobody is an address to mine for: the hash of its key is all zeros.
const nobody = "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8"

// play starts all containers, the last one first, for each calls only later ones; then
// cuts the network in half, lets the right half mine more, heals it and ends it.
func play(t *testing.T, file, dir, network string, port int, all []*container) {
	t.Helper()
	peers := map[string]string{}
	for i := len(all) - 1; i >= 0; i-- {
		all[i].start(t, file, peers)
		rpcAddr, multiaddr := all[i].greet(t, dir, network)
		readdress(t, dir, all[i], port+i, rpcAddr, multiaddr)
		peers[all[i].name] = multiaddr
	}
	half := len(all) / 2
	left, right := names(all[:half]), names(all[half:])
	must(t, file, "testnet", "heal", "--dir", dir) // waits until all are connected
	must(t, file, "testnet", "partition", left, right, "--dir", dir)
	must(t, file, "mine", "1", "--to", nobody, "--node", all[0].name, "--dir", dir)
	must(t, file, "mine", "2", "--to", nobody, "--node", all[half].name, "--dir", dir)
	want := map[string]int{}
	for i, c := range all {
		want[c.name] = 1 + i/half
	}
	heights(t, file, dir, want)
	if out := must(t, file, "testnet", "heal", "--dir", dir); !strings.Contains(out, "at height 2") {
		t.Errorf("healed: %s", out)
	}
	for name := range want {
		want[name] = 2
	}
	heights(t, file, dir, want)
	if out, code := say(t, file, "testnet", "kill", "n1", "--dir", dir); code != 1 || !strings.Contains(out, "do it there with") {
		t.Errorf("kill: exit code %d: %s", code, out)
	}
	for _, c := range all {
		c.stop(t)
	}
}

func names(all []*container) string {
	var out []string
	for _, c := range all {
		out = append(out, c.name)
	}
	return strings.Join(out, ",")
}

// heights holds what each node says of itself against what is wanted, within its half.
func heights(t *testing.T, file, dir string, want map[string]int) {
	t.Helper()
	var got map[string]int
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		var all []testnet.NodeStatus
		if err := json.Unmarshal([]byte(must(t, file, "testnet", "status", "--json", "--dir", dir)), &all); err != nil {
			t.Fatal(err)
		}
		got = map[string]int{}
		same := len(all) == len(want)
		for _, s := range all {
			got[s.Name] = int(s.Height)
			same = same && got[s.Name] == want[s.Name]
		}
		if same {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("heights %v, want %v", got, want)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// volume is an empty folder that belongs to a container's user, as a new volume does.
func volume(t *testing.T, user int) string {
	t.Helper()
	dir := filepath.Join(publicFolder(t), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(dir, user, user); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
