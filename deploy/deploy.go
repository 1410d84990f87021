// Package deploy holds files for programs around a network of nodes: the targets of its
// service levels, and the configuration with which Prometheus and Grafana watch them. They
// are files to be read and copied; the program embeds them so that it can write them out.
//
//	slo.toml         targets of "toychain testnet slo"
//	prometheus.yml   a Prometheus that watches one node; for a testnet see Prometheus
//	rules.yml        what it computes from the nodes' series, and its alerts
//	grafana.json     a dashboard of these series
//	Dockerfile       an image of the program
//
// It knows no other package, only the names of metrics. interop/ compares these with a real
// node's, and checks all files with Prometheus' own parsers.
package deploy

import (
	_ "embed"
	"fmt"
	"strings"
)

// The files.
var (
	//go:embed slo.toml
	Targets string
	//go:embed prometheus.yml
	oneNode string
	//go:embed rules.yml
	Rules string
	//go:embed grafana.json
	Grafana string
)

// Node is a node to scrape.
type Node struct {
	Name   string
	Addr   string // host:port of its RPC
	Cookie string // the file with its password
}

// Prometheus returns the prometheus.yml of these nodes. Each is a separate job of Prometheus,
// because each has another password; the label job is toychain for all.
func Prometheus(nodes []Node) string {
	const jobs = "scrape_configs:\n"
	common, _, _ := strings.Cut(oneNode[strings.Index(oneNode, "global:"):], jobs)
	var b strings.Builder
	b.WriteString("# The nodes of a testnet, written by \"toychain testnet prometheus\". Write it again after the next\n# \"testnet up\" or \"add\".\n" + common + jobs)
	for _, n := range nodes { // what %q quotes is a string in double quotes for YAML, too
		fmt.Fprintf(&b, `  - job_name: %[1]q
    authorization: {type: Bearer, credentials_file: %[2]q}
    static_configs:
      - targets: [%[3]q]
        labels: {job: toychain, node: %[1]q}
`, n.Name, n.Cookie, n.Addr)
	}
	return b.String()
}
