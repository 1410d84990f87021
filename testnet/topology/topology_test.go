package topology

import (
	"fmt"
	"strings"
	"testing"
)

// TestList: consecutive names are abbreviated once there are many.
func TestList(t *testing.T) {
	for in, want := range map[string]string{
		"n1":                       "n1",
		"n1 n2 n3 n4":              "n1 n2 n3 n4",
		"n1 n2 n3 n4 n5 n6":        "n1…n6",
		"n1 n3 n5 n6 n7 n8 n9":     "n1 n3 n5…n9",
		"alice bob carol dave eve": "alice bob carol dave eve",
	} {
		if got := List(strings.Fields(in)); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestCheckGroups(t *testing.T) {
	names := []string{"n1", "n2", "n3", "n4"}
	for _, row := range []struct {
		groups string
		want   string
	}{
		{"n1,n2 n3,n4", ""},
		{"n4 n3 n2 n1", ""},
		{"n1,n2,n3,n4", "at least two groups"},
		{"", "at least two groups"},
		{"n1,n2 n3", "in no group: n4;"},
		{"n1 n3", "in no group: n2 n4;"},
		{"n1,n2 n2,n3,n4", "in more than one group: n2"},
		{"n1,n1 n2,n3,n4", "in more than one group: n1"},
		{"n1,n2 n3,n5", `no node "n5"; there are n1 n2 n3 n4`},
		{"n1,n2 n3,bob,eve", `no node "bob", "eve"`},
	} {
		var groups [][]string
		for _, g := range strings.Fields(row.groups) {
			groups = append(groups, strings.Split(g, ","))
		}
		err := CheckGroups(names, groups)
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%q: %v, want %q", row.groups, err, row.want)
		}
	}
	if err := CheckGroups(Names(20), [][]string{{"n1"}, {"n2"}}); err == nil || !strings.Contains(err.Error(), "in no group: n3…n20;") {
		t.Errorf("twenty nodes: %v", err)
	}
	if err := CheckGroups(names, [][]string{names, {}}); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty group: %v", err)
	}
}

// TestPairs: up to ten nodes are a full mesh, in a larger network each has eight Neighbours; in
// both no two nodes are connected twice, and every node is reached.
func TestPairs(t *testing.T) {
	for n := 1; n <= MaxNodes; n++ {
		names := Names(n)
		degree := map[string]int{}
		seen := map[Pair]bool{}
		for _, p := range mesh(names) {
			back := Pair{p[1], p[0]}
			if p[0] == p[1] || seen[p] || seen[back] {
				t.Fatalf("%d nodes: %v twice", n, p)
			}
			seen[p] = true
			degree[p[0]]++
			degree[p[1]]++
		}
		want := n - 1
		if n > fullMesh {
			want = Neighbours
		}
		for _, name := range names {
			if degree[name] != want {
				t.Fatalf("%d nodes: %s has %d peers, want %d", n, name, degree[name], want)
			}
		}
		reached := map[string]bool{names[0]: true}
		for range n {
			for p := range seen {
				if reached[p[0]] || reached[p[1]] {
					reached[p[0]], reached[p[1]] = true, true
				}
			}
		}
		if len(reached) != n {
			t.Fatalf("%d nodes: only %d can be reached", n, len(reached))
		}
	}
}

func TestShape(t *testing.T) {
	names := []string{"n1", "n2", "n3", "n4"}
	for shape, want := range map[string]string{
		"mesh": "[]", "line": "[n1-n2 n2-n3 n3-n4]", "ring": "[n1-n2 n2-n3 n3-n4 n4-n1]",
		"star": "[n1-n2 n1-n3 n1-n4]", "n1-n3 n3-n1 n3-n4": "[n1-n3 n3-n4]", "n1-n3,n3-n4": "[n1-n3 n3-n4]",
	} {
		got, err := Shape(names, strings.Fields(shape)...)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v, want %s", shape, got, err, want)
		}
	}
	if got, _ := Shape(names[:2], "ring"); fmt.Sprint(got) != "[n1-n2]" {
		t.Errorf("a ring of two: %v", got)
	}
	for _, shape := range []string{"", "blob", "line n1-n2", "n1-n1", "n1-n9"} {
		if got, err := Shape(names, strings.Fields(shape)...); err == nil {
			t.Errorf("%q: %v", shape, got)
		}
	}
}

// TestAdd: a node that is added takes the next place of the shape, and is in the group of the first node.
func TestAdd(t *testing.T) {
	names := []string{"n1", "n2", "n3"}
	for shape, want := range map[string]string{
		"mesh": "[]", "line": "[n1-n2 n2-n3 n3-carol]", "ring": "[n1-n2 n2-n3 n3-carol carol-n1]",
		"star": "[n1-n2 n1-n3 n1-carol]", "n1-n3 n3-n2": "[n1-n3 n3-n2 carol-n1]",
	} {
		pairs, err := Shape(names, strings.Fields(shape)...)
		if err != nil {
			t.Fatal(err)
		}
		n := Network{Nodes: names, Groups: [][]string{{"n3"}, {"n1", "n2"}}, Pairs: pairs}
		before := fmt.Sprint(n)
		m := n
		m.Add("carol")
		if got := fmt.Sprint(m.Pairs); got != want {
			t.Errorf("%s: %s, want %s", shape, got, want)
		}
		if got := fmt.Sprint(m.Nodes, m.Groups); got != "[n1 n2 n3 carol] [[n3] [n1 n2 carol]]" {
			t.Errorf("%s: %s", shape, got)
		}
		if after := fmt.Sprint(n); after != before {
			t.Errorf("%s: the old network is now %s", shape, after)
		}
	}
}

// TestBridges: who carries blocks across a partition, or may.
func TestBridges(t *testing.T) {
	n := Network{Nodes: Names(4), Groups: [][]string{{"n1", "n2"}, {"n3"}, {"n4"}}}
	for connected, want := range map[string]string{
		"n1-n2 n2-n1":                 "[]",
		"n1-eve n2-eve":               "[]",
		"n1-eve n2-eve n3-eve n4-eve": "[eve is not of this testnet, and carries blocks across the cut, from n1 to n3]",
		"n2-eve n3-bob": "[eve (a peer of n2) and bob (a peer of n3) are not of this testnet: if they are connected, " +
			"they carry blocks across the cut]",
		"n1-eve n2-bob": "[]",
	} {
		var pairs []Pair
		for _, p := range strings.Fields(connected) {
			a, b, _ := strings.Cut(p, "-")
			pairs = append(pairs, Pair{a, b})
		}
		if got := fmt.Sprint(n.Bridges(pairs)); got != want {
			t.Errorf("%s: %s, want %s", connected, got, want)
		}
	}
	whole := Network{Nodes: n.Nodes}
	if got := whole.Bridges([]Pair{{"n1", "eve"}, {"n3", "eve"}}); got != nil {
		t.Errorf("without a partition: %v", got)
	}
}

// TestCheckName: a node's name is safe as that of a directory, and as a word of a command.
func TestCheckName(t *testing.T) {
	for _, name := range []string{"n1", "carol", "node7"} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "..", "a/b", "a,b", "a-b", "Carol", "7", "all", "lock", "wallets", "abcdefghijklmnopq", "n", "n0", "n01"} {
		if CheckName(name) == nil {
			t.Errorf("%q is a name", name)
		}
	}
}

// TestSelect: names, lists and all, each node once.
func TestSelect(t *testing.T) {
	names := []string{"n1", "n2", "carol"}
	for words, want := range map[string]string{
		"n2": "[n2]", "n2,n1 n2": "[n2 n1]", "all": "[n1 n2 carol]", "carol all": "[carol n1 n2]", "": "[]",
		"n9": `no node "n9"; there are n1, n2, carol`, "n1,": `no node ""`, "n1,all": `no node "all"`,
	} {
		got, err := Select(names, strings.Fields(words)...)
		if text := fmt.Sprint(got); err == nil && text != want || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %s, %v, want %s", words, text, err, want)
		}
	}
	for of, want := range map[[2]string]string{
		{"n1", "n2"}: "[n1-n2]", {"n1", "all"}: "[n1-n2 n1-carol]", {"all", "all"}: "[n1-n2 n1-carol n2-carol]",
		{"n1", "n1"}: "n1 has no link to itself", {"n1", "n9"}: `no node "n9"`,
	} {
		got, err := Between(names, of[0], of[1])
		if text := fmt.Sprint(got); err == nil && text != want || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: %s, %v, want %s", of, text, err, want)
		}
	}
}
