// Growth measures how the time and the memory of a simulation grow with nodes and with blocks:
//
//	cd bench && go run ./growth ../docs/sim-growth.svg
//
// It prints a table and draws it. Run it on a machine that does nothing else; it takes some minutes.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"toychain/lab"
	"toychain/lab/plot"
)

// sizes are what is measured: one of the two grows, the other stays.
var sizes = []struct {
	name         string
	nodes, fixed []int
}{
	{"nodes, with 100 blocks each", []int{10, 30, 100, 300, 1000, 3000}, nil},
	{"blocks, with 100 nodes", nil, []int{100, 300, 1000, 3000, 10_000}},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./growth FILE.svg")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// measured is what one run cost.
type measured struct {
	Seconds float64 `json:"seconds"`
	Events  uint64  `json:"events"`
	Memory  uint64  `json:"peak_memory_bytes"`
}

func run(file string) error {
	dir, err := os.MkdirTemp("", "growth")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "toychain")
	build := exec.Command("go", "build", "-C", "..", "-o", program, "./cmd/toychain")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building toychain: %w", err)
	}
	f := &lab.Figure{Title: "What a simulation costs", X: "nodes x blocks", Y: "seconds, or hundreds of megabytes", LogX: true, LogY: true}
	fmt.Println("| nodes | blocks | events | seconds | µs per node and block | megabytes | bytes per node and block |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, s := range sizes {
		seconds := lab.Series{Name: "seconds by " + s.name, Measured: true}
		memory := lab.Series{Name: "100 MB by " + s.name, Measured: true}
		for _, n := range append(s.nodes, s.fixed...) {
			nodes, blocks := n, 100
			if s.nodes == nil {
				nodes, blocks = 100, n
			}
			m, err := simulate(program, nodes, blocks)
			if err != nil {
				return err
			}
			product := float64(nodes * blocks)
			fmt.Printf("| %d | %d | %d | %.2f | %.1f | %.0f | %.0f |\n", nodes, blocks, m.Events, m.Seconds, m.Seconds*1e6/product,
				float64(m.Memory)/1e6, float64(m.Memory)/product)
			seconds.X, seconds.Y = append(seconds.X, product), append(seconds.Y, m.Seconds)
			memory.X, memory.Y = append(memory.X, product), append(memory.Y, float64(m.Memory)/1e8)
		}
		f.Series = append(f.Series, seconds, memory)
	}
	picture, err := plot.Draw(f, "svg")
	if err != nil {
		return err
	}
	return os.WriteFile(file, picture, 0o644)
}

func simulate(program string, nodes, blocks int) (m measured, err error) {
	out, err := exec.Command(program, "sim", "--seed", "1", "--json", "--nodes", fmt.Sprint(nodes), "--blocks", fmt.Sprint(blocks)).Output()
	if err != nil {
		return m, fmt.Errorf("%d nodes by %d blocks: %w", nodes, blocks, err)
	}
	return m, json.Unmarshal(out, &m)
}
