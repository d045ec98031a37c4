package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// checkCosigned opens a checkpoint that the log has signed, and demands that this witness has cosigned it.
func checkCosigned(verifier note.Verifier, file string, more []string) (string, error) {
	if len(more) != 1 {
		return "", errors.New("which witness? its verifier key is missing")
	}
	vkey, err := os.ReadFile(more[0])
	if err != nil {
		return "", err
	}
	witness, err := f_note.NewVerifierForCosignatureV1(strings.TrimSpace(string(vkey)))
	if err != nil {
		return "", err
	}
	signed, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier, witness))
	if err != nil {
		return "", err
	}
	isSigned, at := false, time.Time{}
	for _, signature := range opened.Sigs {
		if signature.Name == verifier.Name() && signature.Hash == verifier.KeyHash() {
			isSigned = true
		}
		if signature.Name == witness.Name() && signature.Hash == witness.KeyHash() {
			if at, err = f_note.CoSigV1Timestamp(signature); err != nil {
				return "", err
			}
		}
	}
	if !isSigned {
		return "", errors.New("the log has not signed it")
	}
	if at.IsZero() {
		return "", fmt.Errorf("%s has not cosigned it", witness.Name())
	}
	size, _, _ := strings.Cut(strings.SplitN(opened.Text, "\n", 2)[1], "\n")
	return fmt.Sprintf("%s saw %s entries at %s", witness.Name(), size, at.UTC().Format(time.RFC3339)), nil
}
