// Package store keeps one node's chain on disk, in one LevelDB database: every block of
// every branch, the coins of the best chain, the undo data to take its blocks back, indexes
// of transactions and addresses, and the journal of every reorganisation.
//
// # What it knows
//
// How the values of package chain become keys and values, and which batch of them each
// write is:
//
//	Put      a header and a body, its transactions' places ──► one batch ┐
//	Commit   statuses, coins, undo, addresses, journal, tip ──► one batch ┼──► LevelDB's log, in this order
//	Sync     a mark: all before it is safe from a power cut ─────────────┘
//
// A batch is one record of the log, so a crash leaves all of it or nothing; and the log
// keeps the order, so a tip is never on the disk without the bodies that it stands on, nor
// a block without its parent. TestCrashAtEveryWrite breaks the disk at each operation in
// turn; package testnet's TestKillAndReplay ends whole nodes with kill -9.
//
// Writes are queued (queue.go): the next blocks are validated meanwhile. Reads may come
// from any goroutine at any time; each sees the state between two writes, after all of
// those that were handed in before.
//
// # What it must not know
//
// Rules. A block with a wrong signature is stored and found again like any other;
// what is valid, and which branch is best, was decided in package chain before. No
// peers and no clock either.
//
// # The key space
//
// Keys begin with one letter. Numbers in keys are big-endian, so that they sort as
// numbers; hashes are in the order in which SHA-256 returns them.
//
//	key                                  value                        of
//	m "schema"                           uvarint                      this table: 1
//	m "network"                          parameters digest 32 | name  the network whose chain this is
//	m "tip"                              block hash 32                the end of the best chain
//	h  block hash                        entry                        every header
//	b  height 4 | block hash             block, as on the wire        every body
//	u  height 4 | block hash             coin…                        what the block spent, in order of its inputs,
//	                                                                  of every block that ever was on the best chain
//	c  height 4                          block hash 32                the best chain
//	o  txid | output 4                   coin                         the coins: outputs unspent at the tip
//	t  txid | block hash                 uvarint                      its place in each block that holds it
//	a  script id 20 | height 4 | place 4 txid | spent | received…     each transaction on the best chain that an
//	                                                                  address takes part in: the sum of its inputs
//	                                                                  from it, number and value of each output to it
//	r  number 8                          reorganisation               the journal, 1 is the oldest
//
// b and t are written when a body is stored, on whatever branch, and never
// removed; nor are h, u and r. c, o and a follow the best chain in both directions.
// The genesis block's output never becomes a coin, as in Bitcoin.
//
// # The values
//
//	entry   header 80 | status 1 | height | order | received | transactions | bytes | complete
//	coin    2·height+coinbase | amount | since 4 | script
//	script  0 and the key's hash 20 for pay to public key hash; else length+1 and the bytes
//	reorg   time | from | to | fork | left | joined | returned | reconfirmed | conflicted
//
// Numbers without a size are varints (encoding/binary), signed for the entry's
// order and for times, which are milliseconds since 1970; an entry's last one counts
// from "received", and is not there until all ancestors are. "since" is
// little-endian. A place in the journal is a hash and a height, a list is
// preceded by its length. A script id is the front of the script's SHA-256. As on
// the wire, one value has one encoding, and a decoder refuses any other.
//
// # Damage
//
// Nothing is repaired silently, and nothing that cannot be read is passed over. Each of
// LevelDB's blocks has a checksum, which is verified at every read; a body must have the
// hash of its key; a decoder accepts only what an encoder writes. What a crash leaves is no
// damage: package ldb tells the two apart. A start does not hash every header, but takes the
// keys under which they and their parents are for their hashes; Verify hashes them.
//
//	[DB.Tree]    at start: all headers, and the last blocks with all that belongs to them
//	[DB.Verify]  on demand: the same for more blocks, or for everything, replayed from genesis
//	[Reindex]    the remedy: a new database from every block that can still be read
//
// # Errors
//
// [ErrInUse], [ErrOtherNetwork] and [ErrNewerSchema] come from opening.
// [ErrDamaged] comes from anywhere: its text names what does not fit and the
// remedy. Any other error is the disk's own (full, gone, not permitted). After a failed
// write nothing more is written until the database is opened again, because it is not known
// how much of it arrived.
//
// # A reading order
//
//	keys.go      the key space above, as functions
//	encode.go    the values; encodereorg.go those of the journal
//	writer.go    each write becomes a batch
//	queue.go     the order of the writes; writes.go what they are
//	read.go      everything that can be asked; stats.go the coin set as a whole
//	db.go        opening and closing; readonly.go to look only
//	check.go     looking for damage; verify.go at everything
//	reindex.go   a new database from what can still be read of a damaged one
//	ldb          the package that knows LevelDB's files: what a crash leaves of them, what
//	             can still be read, and how one directory takes another's place
//
// # Where it differs from Bitcoin
//
// Core keeps blocks and undo data in plain files and coins, block index and
// transaction index in three databases; an address index it does not have. Here it
// is one database because one batch can then hold all of a change. Undo data of
// blocks that left the best chain is kept, so that one can still ask what they paid.
package store
