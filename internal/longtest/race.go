//go:build race

package longtest

// Race reports whether the race detector is on. A process then takes several times its
// memory, and LevelDB, which races with itself when its disk fails, is reported.
const Race = true
