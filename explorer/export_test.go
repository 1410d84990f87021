package explorer

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExport: the site has everything that its pages refer to, by relative addresses, and nothing
// is overwritten.
func TestExport(t *testing.T) {
	l := NewLog("test", false)
	if err := Play(l, past().Events); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "site")
	if err := Export(t.Context(), dir, l, "", nil); err != nil {
		t.Fatal(err)
	}
	if err := Export(t.Context(), dir, l, "", nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("into the same directory: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "snapshot.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s exported
	if err := json.Unmarshal(text, &s); err != nil || len(s.Events) != len(past().Events) || len(s.Pages) != 5 {
		t.Errorf("%d events, %d pages, %v", len(s.Events), len(s.Pages), err)
	}
	refs := regexp.MustCompile(`(?:href|src|content)="([^"]*)"`)
	pages := []string{"index.html"}
	for _, hash := range s.Pages {
		pages = append(pages, "block/"+hash.String()+".html")
	}
	for _, page := range pages {
		text, err := os.ReadFile(filepath.Join(dir, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range refs.FindAllStringSubmatch(string(text), -1) {
			ref := m[1]
			switch {
			case strings.HasPrefix(ref, "/") || strings.Contains(ref, "://"):
				t.Errorf("%s refers to %s", page, ref)
			case filepath.Ext(ref) != "":
				if _, err := os.Stat(filepath.Join(dir, filepath.Dir(page), ref)); err != nil {
					t.Errorf("%s refers to %s: %v", page, ref, err)
				}
			}
		}
	}
	index, _ := os.ReadFile(filepath.Join(dir, "index.html"))
	if !strings.Contains(string(index), "default-src &#39;none&#39;") || strings.Contains(string(index), `name="token"`) {
		t.Errorf("the page is\n%s", index)
	}
}
