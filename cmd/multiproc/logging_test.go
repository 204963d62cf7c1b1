package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
)

// What a client chooses can't drive a terminal, nor write a line of its own.
func TestLogOfEvilNames(t *testing.T) {
	const evil = "\x1b[31mx\n\u009b\r"
	for _, format := range []string{"text", "json"} {
		var b bytes.Buffer
		log := (&logFlags{level: "warn", format: format}).logger(&b)
		log.Info("below the level", "client", evil)
		if b.Len() != 0 {
			t.Errorf("%s: %q is logged", format, &b)
		}
		log.Warn("a message", "client", evil, "err", errors.New(evil))
		line := strings.TrimSuffix(b.String(), "\n")
		if !strings.Contains(line, "a message") || strings.ContainsAny(line, "\x1b\n\r") || format == "text" && strings.Contains(line, "\u009b") {
			t.Errorf("%s: %q", format, line)
		}
		if format == "json" && !json.Valid(b.Bytes()) {
			t.Errorf("it is no JSON: %q", line)
		}
	}
}

// The log of a command knows nothing of Go.
func TestLogInFlags(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		for setting, want := range map[string]string{
			"Config.MD5 is MD5Local; MD5Always allows it": "--allow-md5 is local; --allow-md5 always allows it",
			"Config.MD5 is MD5Never; MD5Local allows it":  "--allow-md5 is never; --allow-md5 local allows it",
		} {
			var b bytes.Buffer
			(&logFlags{level: "info", format: format}).logger(&b).Info("refused", "reason", connection.ErrMD5.Error(), "setting", setting, "grace", 10*time.Second)
			line := b.String()
			if !strings.Contains(line, want) || strings.Contains(line, "Config.") || strings.Contains(line, "MD5A") || strings.Contains(line, "MD5L") || !strings.Contains(line, "10s") {
				t.Errorf("%s: %s", format, line)
			}
		}
	}
	if err := explainCall(t.Context(), &connection.AuthenticationError{Err: connection.ErrMD5}); !strings.Contains(err.Error(), "--allow-md5 always to all") {
		t.Error(err)
	}
}

// What the process starts later does not get the key.
func TestKeyLeavesTheEnvironment(t *testing.T) {
	withKey(t, testKey+"\r\n")
	k, err := findKey(context.Background(), "")
	if err != nil || string(k.secret) != testKey || !k.env || k.made {
		t.Errorf("%q, %v", k.secret, err)
	}
	if _, set := os.LookupEnv(keyEnv); set {
		t.Error("the key is still in the environment")
	}
	if k, err := findKey(context.Background(), ""); err != nil || k.secret != nil {
		t.Errorf("without a key: %q, %v", k.secret, err)
	}
	// The file counts more than the variable, which goes all the same.
	t.Setenv(keyEnv, "another")
	if k, err := findKey(context.Background(), keyFile(t, testKey, 0o600)); err != nil || string(k.secret) != testKey || k.file == "" {
		t.Errorf("%q, %v", k.secret, err)
	}
	if _, set := os.LookupEnv(keyEnv); set {
		t.Error("the key is still in the environment, beside a file")
	}
}
