package testnet

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// losable are the files of a node that Lose takes away, by what they hold. Its chain is
// not among them: a node without any is another one.
var losable = map[string]string{
	"key":   "node.key",   // its name among its peers
	"peers": "peers.json", // whom it knew
	"pool":  "pool.txt",   // what was pending when it ended in good order
}

// Lose takes a file away from a node that does not run: its key, its peers or its pool.
// A node that lost its key has a new name when it is started again; the others are told
// not to call the old one for ever.
func (t *Testnet) Lose(ctx context.Context, name, what string) error {
	file, ok := losable[what]
	if !ok {
		return fmt.Errorf("lose: %q: want one of %s", what, strings.Join(slices.Sorted(maps.Keys(losable)), ", "))
	}
	return t.atRest(ctx, "lose", name, func(ctx context.Context, n *Node, folder string) error {
		if err := os.Remove(filepath.Join(folder, file)); err != nil {
			return fmt.Errorf("%s has lost its %s already, or never had any: %w", name, what, err)
		}
		if what != "key" {
			return nil
		}
		return t.forget(ctx, n)
	})
}
