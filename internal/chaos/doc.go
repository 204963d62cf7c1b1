// Package chaos kills processes at random points and checks that nobody else notices more than the documentation says: mutual exclusion holds,
// totals are exact, nobody hangs, memory comes back. It has tests only:
//
//	go test ./internal/chaos -run Chaos -v -chaos.duration=10m
package chaos
