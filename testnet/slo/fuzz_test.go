package slo

import "testing"

// Whatever a file of targets says, it is refused, or each of its promises can be kept
// and can be broken.
func FuzzParse(f *testing.F) {
	f.Add("[propagation]\np95 = \"250ms\"\n[stale]\nratio = 0.05\n")
	f.Add("[stale]\nratio = 1e-30\n[agreement]\np1e-322 = \"1s\"\n")
	f.Add("[availability]\nratio = nan\n")
	f.Fuzz(func(t *testing.T, text string) {
		targets, err := Parse(text)
		if err == nil && len(targets) == 0 {
			t.Fatal("no target, and no error")
		}
		if err != nil {
			return
		}
		for _, target := range targets {
			if !(target.Share > 0 && target.Share < 1) || target.Within < 0 || target.Name() == "" || target.String() == "" {
				t.Fatalf("%q promises %+v", text, target)
			}
		}
	})
}
