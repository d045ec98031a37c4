// Command foreign-witness is the other side of C2SP tlog-witness, made of code that Gatehouse's authors did not write:
// the witness of transparency-dev, which the public witness network runs, and its client.
//
//	foreign-witness serve NAME LOG-VKEY            runs that witness; prints its verifier key and its address
//	foreign-witness feed  URL OLD-SIZE             shows a witness the checkpoint on standard input, which may be preceded by
//	                                               proof lines and an empty line; prints the cosignature lines or the refusal
package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	f_note "github.com/transparency-dev/formats/note"
	client "github.com/transparency-dev/witness/client/http"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: foreign-witness serve NAME LOG-VKEY | feed URL OLD-SIZE")
		os.Exit(2)
	}
	act := map[string]func(string, string) error{"serve": serve, "feed": feed}[os.Args[1]]
	if act == nil {
		os.Exit(2)
	}
	if err := act(os.Args[2], os.Args[3]); err != nil {
		fmt.Printf("FAILED: %v\n", err)
		os.Exit(1)
	}
}

func serve(name, logKey string) error {
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	signer, err := f_note.NewSignerForCosignatureV1(private)
	if err != nil {
		return err
	}
	cosigner, err := f_note.VKeyToCosignatureV1(public)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(logKey)
	if err != nil {
		return err
	}
	opened, err := witness.New(context.Background(), witness.Opts{
		Persistence: inmemory.New(),
		Signers:     []note.Signer{signer},
		VerifierForLog: func(_ context.Context, origin string) (note.Verifier, bool, error) {
			return verifier, origin == verifier.Name(), nil
		},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", witness.NewHTTPHandler(opened).AddCheckpoint)
	fmt.Printf("%s http://%s\n", cosigner, listener.Addr())
	return http.Serve(listener, mux)
}

func feed(address, oldSize string) error {
	place, err := url.Parse(address)
	if err != nil {
		return err
	}
	size, err := strconv.ParseUint(oldSize, 10, 64)
	if err != nil {
		return err
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	proof, checkpoint, err := cut(string(input))
	if err != nil {
		return err
	}
	lines, known, err := client.NewWitness(place, http.DefaultClient).Update(context.Background(), size, []byte(checkpoint), proof)
	if errors.Is(err, witness.ErrCheckpointStale) {
		return fmt.Errorf("stale: it knows %d", known)
	}
	fmt.Print(string(lines))
	return err
}

// cut takes the proof, lines of base64, from the checkpoint, whose first line is the origin.
func cut(input string) ([][]byte, string, error) {
	var proof [][]byte
	for {
		line, rest, found := strings.Cut(input, "\n")
		if !found {
			return nil, "", errors.New("there is no checkpoint")
		}
		if line == "" {
			return proof, rest, nil
		}
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return nil, "", err
		}
		proof, input = append(proof, hash), rest
	}
}
