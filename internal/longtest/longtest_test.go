package longtest

import "testing"

func TestPick(t *testing.T) {
	for value, want := range map[string]int{"": 1, "1": 2} {
		t.Setenv(Env, value)
		if got := Pick(1, 2); got != want {
			t.Errorf("%s=%q: %d, want %d", Env, value, got, want)
		}
	}
}

// skipped notes that a test is skipped, without skipping the one that runs.
type skipped struct {
	testing.TB
	is bool
}

func (s *skipped) Helper()              {}
func (s *skipped) Skipf(string, ...any) { s.is = true }

func TestOnly(t *testing.T) {
	for value, want := range map[string]bool{"": true, "1": false} {
		t.Setenv(Env, value)
		s := &skipped{TB: t}
		if Only(s); s.is != want {
			t.Errorf("%s=%q: skipped: %v", Env, value, s.is)
		}
	}
}
