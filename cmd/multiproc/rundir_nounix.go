//go:build !unix

package main

import "os"

// ownedByUser takes all files for the user's: this system says it in another way, and the temporary files are nobody else's.
func ownedByUser(os.FileInfo) bool { return true }
