package explorer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"toychain/deploy"
	"toychain/testnet/slo"
)

// TestPageTargets: the page compares with the targets of deploy/slo.toml, but for confirmation, which it
// does not see.
func TestPageTargets(t *testing.T) {
	text, err := web.ReadFile("web/panels.js")
	if err != nil {
		t.Fatal(err)
	}
	all, err := slo.Parse(deploy.Targets)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, target := range all {
		want := fmt.Sprintf("['%s', %g, %d]", target.Key, target.Share, target.Within/time.Millisecond)
		switch target.Kind {
		case slo.Confirmation:
			continue
		case slo.Stale:
			want = fmt.Sprintf("stale: %.4g", 1-target.Share)
		case slo.Availability:
			want = fmt.Sprintf("availability: %g", target.Share)
		}
		seen++
		if !strings.Contains(string(text), want) {
			t.Errorf("web/panels.js lacks %s, of %s", want, target)
		}
	}
	if seen < 5 {
		t.Errorf("only %d targets", seen)
	}
}
