package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// checkAddress refuses a bare name. To package connection it is a unix socket in the working folder, but whoever writes 127.0.0.1 has forgotten the port, and would get a file of that name.
func checkAddress(what, address string) error {
	switch {
	case address == "":
		return &usageError{fmt.Errorf("%s is empty; HOST:PORT, /path.sock or @abstract is expected", what)}
	case strings.HasPrefix(address, "@") || strings.ContainsAny(address, `:/\`):
		return nil // connection says what else may be wrong with it
	}
	return &usageError{fmt.Errorf("%s %s: it has no port, and is no path: write %s:5000 for a port, ./%s for a socket's file in this folder, or @%s for an abstract name", what, address, address, address, address)}
}

// completeAddress offers the default address; behind a / the shell goes on with its files.
func completeAddress(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	if begun == "" {
		return []string{defaultAddress(), "127.0.0.1:"}, cobra.ShellCompDirectiveNoSpace
	}
	return nil, cobra.ShellCompDirectiveDefault
}
