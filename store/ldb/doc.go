// Package ldb opens LevelDB's files with more care than LevelDB does: it tells what a
// crash leaves from damage, reads what is left of a damaged database, and puts one
// database in another's place.
//
// # What it knows
//
// The files in a LevelDB directory, and what a crash may do to each:
//
//	LOCK              locked by the process that has the database open   dir.go
//	CURRENT           names the manifest                                 checked.go
//	MANIFEST-000007   a log: one record for each change of the tables    log.go, checked.go
//	000012.log        a log, the journal: one record for each batch      log.go
//	000010.ldb        a table: sorted keys, each block with a checksum   checked.go
//	LOG               LevelDB's remarks; nothing depends on it
//
// # What it must not know
//
// Blocks, coins, or what any key or value means: that is package store.
//
// # A reading order
//
//	dir.go       the directory: opening, locking, permissions
//	write.go     batches that outlive the process, and when they outlive a power cut
//	log.go       where the whole records of a log end, and whether a crash explains the rest
//	checked.go   a storage that hands LevelDB only what passes those checks
//	recovery.go  every key and value that can still be read in a damaged directory
//	replace.go   a new database takes the place of an old one
//
// # Errors
//
// [ErrLocked] comes from opening a directory. For what [IsCorrupted] reports the remedy
// is to rebuild the database. Any other error is the disk's own.
package ldb
