package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// height of a C2SP tile: 2^8 hashes.
const height = 8

// openCheckpoint believes nothing that the log's key has not signed.
func openCheckpoint(verifier note.Verifier, signed []byte) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tlog.Tree{}, errors.New("checkpoint: it is not three lines of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %q is not a size", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// tiles reads a folder in the layout of c2sp.org/tlog-tiles.
type tiles struct{ folder string }

func (t tiles) Height() int                     { return height }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}
func (t tiles) bundlePath(tile tlog.Tile) string {
	return strings.Replace(t.path(tile), fmt.Sprintf("tile/%d/", tile.L), "tile/entries/", 1)
}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range wanted {
		data, err := os.ReadFile(filepath.Join(t.folder, t.path(tile)))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes, not %d", t.path(tile), len(data), tile.W*tlog.HashSize)
		}
		read = append(read, data)
	}
	return read, nil
}

func checkLog(verifier note.Verifier, folder string, older []string) (string, error) {
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(verifier, signed)
	if err != nil {
		return "", err
	}
	reader := tiles{folder}
	hashes := tlog.TileHashReader(tree, reader)
	for _, file := range older {
		if err := checkConsistency(verifier, file, tree, hashes); err != nil {
			return "", err
		}
	}
	if err := checkTiles(reader, tree, hashes); err != nil {
		return "", err
	}
	proofs, err := checkInclusion(tree, hashes)
	return fmt.Sprintf("%d entries, %d inclusion proofs, %d older checkpoints", tree.N, proofs, len(older)), err
}

// checkConsistency proves that the log of an older checkpoint is a prefix of this one.
func checkConsistency(verifier note.Verifier, file string, tree tlog.Tree, hashes tlog.HashReader) error {
	signed, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	older, err := openCheckpoint(verifier, signed)
	if err != nil {
		return fmt.Errorf("older %w", err)
	}
	if older.N > tree.N {
		return fmt.Errorf("entries %d to %d are missing: an older checkpoint covers %d, the log's own %d", tree.N, older.N-1, older.N, tree.N)
	}
	proof, err := tlog.ProveTree(tree.N, older.N, hashes)
	if err != nil {
		return fmt.Errorf("proving consistency with the older checkpoint of size %d: %w", older.N, err)
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash); err != nil {
		return fmt.Errorf("the first %d entries are not those of the older checkpoint: %w", older.N, err)
	}
	return nil
}

// checkTiles reads every tile of every level. TileHashReader believes a hash only if it leads to the signed root.
func checkTiles(reader tiles, tree tlog.Tree, hashes tlog.HashReader) error {
	for level := 0; tree.N>>(height*level) > 0; level++ {
		count := tree.N >> (height * level)
		for first := int64(0); first < count; first += 1 << height {
			tile := tlog.Tile{H: height, L: level, N: first >> height, W: int(min(1<<height, count-first))}
			proven, err := hashesOf(tile, first, hashes)
			if err != nil {
				return fmt.Errorf("%s: %w", reader.path(tile), err)
			}
			if level > 0 {
				continue
			}
			if err := checkBundle(reader, tile, first, proven); err != nil {
				return err
			}
		}
	}
	return nil
}

func hashesOf(tile tlog.Tile, first int64, hashes tlog.HashReader) ([]tlog.Hash, error) {
	var indexes []int64
	for n := first; n < first+int64(tile.W); n++ {
		indexes = append(indexes, tlog.StoredHashIndex(tile.L*height, n))
	}
	return hashes.ReadHashes(indexes)
}

func checkBundle(reader tiles, tile tlog.Tile, first int64, proven []tlog.Hash) error {
	bundle, err := os.ReadFile(filepath.Join(reader.folder, reader.bundlePath(tile)))
	if err != nil {
		return err
	}
	for offset, hash := range proven {
		if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
			return fmt.Errorf("entry %d is missing from %s", first+int64(offset), reader.bundlePath(tile))
		}
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		if tlog.RecordHash(bundle[2:end]) != hash {
			return fmt.Errorf("entry %d is not the one that was signed", first+int64(offset))
		}
		bundle = bundle[end:]
	}
	if len(bundle) > 0 {
		return fmt.Errorf("%s goes on after its last entry", reader.bundlePath(tile))
	}
	return nil
}

// checkInclusion makes and checks proofs of entries spread over the log, its first and last included.
func checkInclusion(tree tlog.Tree, hashes tlog.HashReader) (int, error) {
	checked := 0
	for n := int64(0); n < tree.N; n += max(1, tree.N/50) {
		for _, index := range []int64{n, tree.N - 1 - n} {
			leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
			if err != nil {
				return checked, err
			}
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			if err != nil {
				return checked, fmt.Errorf("proving entry %d: %w", index, err)
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf[0]); err != nil {
				return checked, fmt.Errorf("entry %d: %w", index, err)
			}
			checked++
		}
	}
	return checked, nil
}
