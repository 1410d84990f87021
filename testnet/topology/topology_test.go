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
		"star": "[n1-n2 n1-n3 n1-n4]", "n1-n3 n3-n1 n3-n4": "[n1-n3 n3-n4]",
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
