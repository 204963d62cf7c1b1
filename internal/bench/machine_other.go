//go:build !linux

package bench

func describeMachine(*Machine) {}
