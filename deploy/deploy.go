// Package deploy holds what programs around a network of nodes need: the targets that
// it is held against, and the files with which Prometheus and Grafana watch the same
// levels. They are files first, to be read and copied; the program has them inside so
// that it can hand them out.
//
//	slo.toml         targets of "toychain testnet slo"
//	prometheus.yml   a Prometheus that reads the two below
//	rules.yml        what it computes of the nodes' series, and when it calls for help
//	nodes.yml        whom it scrapes: here one node, for a testnet see Nodes
//	grafana.json     a dashboard of these series
//	Dockerfile       an image of the program
//
// It knows no package of ours, only the names of metrics. interop/ holds these against a
// real node's, and all files against Prometheus' own parsers.
package deploy

import (
	_ "embed"
	"strconv"
	"strings"
)

// The files.
var (
	//go:embed slo.toml
	Targets string
	//go:embed prometheus.yml
	Prometheus string
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

// Nodes returns the nodes.yml of these nodes. Each is a job of Prometheus for itself,
// because each has a password of its own; the label job is toychain for all.
func Nodes(nodes []Node) string {
	var b strings.Builder
	b.WriteString("# The nodes of a testnet. Written by \"toychain testnet prometheus\": do it again when it\n# comes up again, for then the nodes have other ports.\nscrape_configs:\n")
	for _, n := range nodes {
		// What strconv quotes is a string in double quotes for YAML, too.
		b.WriteString("  - job_name: " + strconv.Quote(n.Name) + "\n" +
			"    authorization: {type: Bearer, credentials_file: " + strconv.Quote(n.Cookie) + "}\n" +
			"    static_configs:\n" +
			"      - targets: [" + strconv.Quote(n.Addr) + "]\n" +
			"        labels: {job: toychain, node: " + strconv.Quote(n.Name) + "}\n")
	}
	return b.String()
}
