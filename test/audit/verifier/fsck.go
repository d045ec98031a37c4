package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// With fewer workers than mismatches fsck waits for ever instead of failing; waiting is failing here too.
const (
	workers = 64
	patient = time.Minute
)

func checkWithTessera(verifier note.Verifier, folder string) (string, error) {
	done := make(chan error, 1)
	go func() {
		defer func() {
			// A bundle that is too short is beyond what fsck expects.
			if problem := recover(); problem != nil {
				done <- fmt.Errorf("fsck gave up: %v", problem)
			}
		}()
		source := client.FileFetcher{Root: folder}
		check := fsck.New(verifier.Name(), verifier, source, leafHashes, fsck.Opts{N: workers})
		done <- check.Check(context.Background())
	}()
	select {
	case err := <-done:
		return "every bundle and tile", err
	case <-time.After(patient):
		return "", errors.New("fsck did not come to an end")
	}
}

func leafHashes(bundle []byte) ([][]byte, error) {
	entries := &api.EntryBundle{}
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, entry := range entries.Entries {
		hash := tlog.RecordHash(entry)
		hashes = append(hashes, hash[:])
	}
	return hashes, nil
}
