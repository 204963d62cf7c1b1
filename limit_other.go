//go:build !linux

package multiproc

const noFile = -1
