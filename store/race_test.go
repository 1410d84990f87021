//go:build race

package store

// raceDetector: LevelDB itself races when its disk fails. Whoever waited for a
// compaction closes a channel on which the compaction still reports, and recovers
// from the panic that this may be. No test with a failing disk can pass under the
// detector.
const raceDetector = true
