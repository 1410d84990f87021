package node_test

import (
	"testing"

	"toychain/internal/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }
