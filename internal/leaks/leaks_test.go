package leaks

import (
	"strings"
	"testing"
	"time"
)

// A goroutine that ends late is none that is left behind, and one that does not end is.
func TestFind(t *testing.T) {
	go func() { <-time.After(1500 * time.Millisecond) }()
	if err := find(patience); err != nil {
		t.Errorf("one that ends: %v", err)
	}
	stop := make(chan struct{})
	go func() { <-stop }()
	if err := find(0); err == nil || !strings.Contains(err.Error(), "TestFind") {
		t.Errorf("one that stays: %v", err)
	}
	close(stop)
}
