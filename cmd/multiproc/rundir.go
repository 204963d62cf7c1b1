package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// defaultAddress is where serve listens, and the other commands look for it, unless they are told otherwise. On Windows Python has no unix sockets: there it is a free port.
func defaultAddress() string {
	if runtime.GOOS == "windows" {
		return "127.0.0.1:0"
	}
	return filepath.Join(runtimeDir(), "manager.sock")
}

// runtimeDir is the user's folder for sockets, which may not exist yet: multiproc in the one that the system has made for such things, or else one among the temporary files. A folder of
// the system's that is another user's, as after su, is none.
func runtimeDir() string {
	uid := strconv.Itoa(os.Geteuid())
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), filepath.Join("/run/user", uid)} {
		if info, err := os.Stat(dir); err == nil && filepath.IsAbs(dir) && info.IsDir() && ownedByUser(info) {
			return filepath.Join(dir, "multiproc")
		}
	}
	return filepath.Join(os.TempDir(), "multiproc-"+uid)
}

// makePrivate makes a folder into which nobody but the user can look, or makes sure that it is one.
func makePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	// Not Stat: whoever owns a link decides tomorrow where it leads.
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no folder: remove it, or choose an --address", dir)
	case !ownedByUser(info):
		return fmt.Errorf("%s belongs to another user, who could put a socket of his own in the place of yours: choose an --address elsewhere", dir)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s is open to others (mode %04o): chmod 700 %s", dir, info.Mode().Perm(), dir)
	}
	return nil
}
