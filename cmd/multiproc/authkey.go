package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/multiproc-go/multiproc/py"
)

// keyEnv is the environment variable that may have the key. The command line is no place for it: every user of the machine can read that.
const keyEnv = "MULTIPROC_AUTHKEY"

// keyUsage is what the help of all commands that take a key says of it.
const keyUsage = `The key (Python's authkey) is read from --authkey-file FILE, which only its
owner may be able to read, or else from the environment variable
MULTIPROC_AUTHKEY; line breaks at its end don't count. It is never an argument,
since every user of a machine can read those.`

// authKey is the secret that clients and server share.
type authKey struct {
	secret []byte
	made   bool   // by this process
	file   string // that it is in, if others can read it again
	env    bool
}

func addKeyFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "authkey-file", "", "read the key from `FILE` instead of MULTIPROC_AUTHKEY")
}

// findKey is the key that the user has given; it has no secret if there is none. The variable is removed from the environment, so that no process that this one starts gets it.
func findKey(ctx context.Context, file string) (authKey, error) {
	text, set := os.LookupEnv(keyEnv)
	if err := os.Unsetenv(keyEnv); err != nil {
		return authKey{}, err
	}
	switch {
	case file != "":
		return keyFromFile(ctx, file)
	case !set:
		return authKey{}, nil
	}
	secret := trimKey([]byte(text))
	if len(secret) == 0 {
		return authKey{}, fmt.Errorf("%s is set, but empty: put the key there, or unset it", keyEnv)
	}
	return authKey{secret: secret, env: true}, nil
}

// trimKey takes the line break away that an editor, or echo, has put behind the key.
func trimKey(text []byte) []byte { return bytes.TrimRight(text, "\r\n") }

// maxKeyFile bounds what is read for a key; what is longer is another file than was meant.
const maxKeyFile = 64 << 10

func keyFromFile(ctx context.Context, name string) (authKey, error) {
	k := authKey{}
	// The file may be a pipe.
	text, err := interruptible(ctx, func() ([]byte, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
				return nil, fmt.Errorf("%s: others than its owner may use this file (mode %04o), and who has the key controls the server and its clients: chmod 600 %s, and make a new key if others could read it", name, mode, name)
			}
			if k.file, err = filepath.Abs(name); err != nil {
				return nil, err
			}
		}
		return io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return authKey{}, fmt.Errorf("--authkey-file: %w; to make a key: (umask 077; head -c 32 /dev/urandom | base64 > %s)", err, name)
	case err != nil:
		return authKey{}, fmt.Errorf("--authkey-file: %w", err)
	}
	if len(text) > maxKeyFile {
		return authKey{}, fmt.Errorf("--authkey-file: %s has more than %d bytes; that is no key", name, maxKeyFile)
	}
	if k.secret = trimKey(text); len(k.secret) == 0 {
		return authKey{}, fmt.Errorf("--authkey-file: %s is empty; to make a key: head -c 32 /dev/urandom | base64 > %s", name, name)
	}
	return k, nil
}

// makeKey makes a key of 32 random bytes, in hexadecimal, so that people can copy it.
func makeKey() authKey {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return authKey{secret: []byte(hex.EncodeToString(b)), made: true}
}

// python is a Python expression for the key, which gives the secret away only if this process has made it, and nobody else can know it. Needs os says whether the module has to be imported.
func (k authKey) python() (expression string, needsOS bool) {
	switch {
	case k.made:
		return "b'" + string(k.secret) + "'", false
	case k.env:
		return "os.environ['" + keyEnv + "'].rstrip('\\r\\n').encode()", true
	case k.file != "":
		name, err := py.Repr(k.file)
		if err != nil {
			name = "'FILE'"
		}
		return "open(" + name + ", 'rb').read().rstrip(b'\\r\\n')", false
	}
	return "KEY", false
}
