//go:build !linux

package sys

// Transfers reports that ReadNow and WriteNow are not there.
const Transfers = false

func ReadNow(uintptr, []byte) (int, error)  { return 0, ErrPlatform }
func WriteNow(uintptr, []byte) (int, error) { return 0, ErrPlatform }

// QuickAck does nothing: other systems have no such option, or don't need it.
func QuickAck(int) error { return nil }

// SocketReadable says that it can't be told.
func SocketReadable(int) (ready, known bool) { return false, false }

// SocketHungUp does not know.
func SocketHungUp(int) bool { return false }

// SocketMode does nothing: the permissions have to be set when the file is there.
func SocketMode(int, uint32) error { return nil }
