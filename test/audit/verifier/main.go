// Command verifier checks a Gatehouse audit log with code that Gatehouse's authors did not write: golang.org/x/mod/sumdb
// for signed notes and the tree, Tessera's fsck for the whole of it. It shares nothing with the server but the formats.
//
//	verifier log   VKEY FOLDER [OLDER-CHECKPOINT]   every tile, every entry, inclusion, and consistency with an older checkpoint
//	verifier fsck  VKEY FOLDER                      Tessera's fsck over the same files
//	verifier proof VKEY FILE                        one C2SP tlog-proof file, with the entry in its extra line
//	verifier cosigned VKEY CHECKPOINT WITNESS-VKEY  a checkpoint that a witness has cosigned (c2sp.org/tlog-cosignature)
//
// It prints one line. Exit status: 0 verified, 1 not verified, 2 it could not be asked that way.
package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: verifier log|fsck|proof|cosigned VKEY FOLDER|FILE [OLDER-CHECKPOINT|WITNESS-VKEY]")
		os.Exit(2)
	}
	said, err := check(os.Args[1], os.Args[2], os.Args[3], os.Args[4:])
	if err != nil {
		fmt.Printf("FAILED: %v\n", err)
		os.Exit(1)
	}
	fmt.Printf("verified: %s\n", said)
}

func check(what, vkeyFile, subject string, more []string) (string, error) {
	vkey, err := os.ReadFile(vkeyFile)
	if err != nil {
		return "", err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return "", err
	}
	switch what {
	case "log":
		return checkLog(verifier, subject, more)
	case "fsck":
		return checkWithTessera(verifier, subject)
	case "proof":
		return checkProof(verifier, subject)
	case "cosigned":
		return checkCosigned(verifier, subject, more)
	}
	return "", fmt.Errorf("there is no check %q", what)
}
