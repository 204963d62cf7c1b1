//go:build !linux

package connection_test

import "testing"

func descriptors(testing.TB) int { return 1 << 20 }
