package nearest

import "testing"

func TestOf(t *testing.T) {
	list := []string{"abandon", "about", "getblockcount", "getblockhash"}
	for w, want := range map[string]struct {
		word string
		far  int
	}{
		"abandon": {"abandon", 0}, "abandn": {"abandon", 1}, "abuot": {"about", 1}, "getblokcount": {"getblockcount", 1},
		"getblockhashes": {"getblockhash", 2}, "": {"about", 5},
	} {
		if word, far := Of(w, list); word != want.word || far != want.far {
			t.Errorf("%q: %s at distance %d, want %s at %d", w, word, far, want.word, want.far)
		}
	}
}
