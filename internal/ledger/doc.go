// Package ledger is a table in shared memory with one row for each participant that uses an object: who has how many permits, who waits. What a
// participant has is written into its own row and nowhere else, so when it is killed, at whatever instruction, its row still says all of it.
//
// # Layout
//
// The area is a part of the object's payload:
//
//	0   u64       offset of the spill object, plus 1 while it is being made; 0: there is none
//	8   u64       its serial, written before the offset
//	16  [14]row
//
// A row:
//
//	0   u64       word: Ident of the participant in bits 35-63; bits 0-34 are its counts, the primitive's to lay out
//	8   u64       extra: the primitive's, see invariant 4
//
// The spill object (kind handle.KindRows) is made when the 15th row is needed, so that an object with few participants is small:
//
//	0   u64       rows ever used: those from here on are empty
//	8   u64       reserved
//	16  [4096]row
//
// There are more rows than a family can have participants.
//
// # Invariants
//
//  1. Only the embedded lock's holder makes a row somebody's (Claim), or empties a row that is not his own. A participant has at most one row.
//  2. A row changes hands only when it is settled: word without counts, and extra 0, or its owner dead and the word without counts. So the counts of a participant never become another's.
//  3. Every change of a word, by whomever, is one compare-and-swap from a value that was read with its Ident. So whoever believes in a row that he has
//     lost to another (it was settled, and claimed) changes nothing there.
//  4. An extra that is not 0 is written by the row's owner after his counts are there, and cleared before they go; or under the embedded lock.
//  5. The rows of the dead are the primitive's to settle, under the embedded lock. Claim takes those only that are settled.
//  6. The spill object is named first, with the serial before the offset, then kept alive by the object (arena.Keep, as the item that is numbered for its unit), and
//     then published: from the name on, what keeps it is valid, and no sweep takes it away. It stays until the object is freed. Of a process killed
//     before the last step the next one takes over what is there, or begins anew.
//
// Any of these bytes may have been scribbled over: the counts of a row are as untrue as a peer makes them, a word that names nobody alive is a dead participant's, and a spill
// object that can't be attached is ErrCorrupt.
package ledger
