/** README.md of a bundle: what it holds, and how to check it with coreutils, openssl and Python alone. */
export function bundleReadme({ origin, entries }: { origin: string; entries: number }): string {
  return `# Evidence of ${entries} entries of the audit log ${origin}

Made by \`gatehouse audit export --bundle\`. It can be checked without Gatehouse, offline, with public tools.

| file | what | proven by |
| --- | --- | --- |
| \`checkpoint\` | size and root of the whole log, signed (C2SP tlog-checkpoint) | the log's key |
| \`log.vkey\` | the log's verifier key. Compare it with one from somebody you trust | nobody; get it elsewhere |
| \`entries/N.leaf\` | entry N, the exact bytes | \`proofs/N.tlog-proof\` |
| \`proofs/N.tlog-proof\` | entry N's way to the root (C2SP tlog-proof) | itself, under the checkpoint |
| \`entries/N.json\` | the same entry in words, with names and details in clear | what the entry says: step 4. \`principal\`, \`agent\`, \`resource\`, \`detail\`, \`erasure\` and each \`state\` of \`attachments\`: not covered by the log, the server's word |
| \`recordings/*.json\` | what was sent and answered, masked | not covered by the log: the entry commits to them with keyed digests, and only the server has the key |
| \`SHA256SUMS\` | digest of every file | nobody; it finds damage, not forgery |

## 1. No file is damaged: coreutils

\`\`\`sh
sha256sum --check --quiet SHA256SUMS
\`\`\`

## 2. The checkpoint is signed: openssl

It must say \`Signature Verified Successfully\`. The scratch folder keeps this one as it was.

\`\`\`sh
scratch=$(mktemp -d)
cut -d+ -f3- log.vkey | base64 -d | tail -c 32 > "$scratch/key.raw"
{ printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; cat "$scratch/key.raw"; } > "$scratch/key.der"
openssl pkey -pubin -inform DER -in "$scratch/key.der" -out "$scratch/key.pem"
awk '/^$/ { exit } { print }' checkpoint > "$scratch/text"
awk -v name="$(cut -d+ -f1 log.vkey)" '$1 == "—" && $2 == name { print $3; exit }' checkpoint | base64 -d | tail -c +5 > "$scratch/signature"
openssl pkeyutl -verify -pubin -inkey "$scratch/key.pem" -rawin -in "$scratch/text" -sigfile "$scratch/signature"
\`\`\`

## 3. Every entry is in that log: Python

\`\`\`sh
python3 - <<'PYTHON'
import base64, hashlib, pathlib

def node(left, right): return hashlib.sha256(b"\\x01" + left + right).digest()

note = pathlib.Path("checkpoint").read_text(encoding="utf-8")
size, root = int(note.split("\\n")[1]), base64.b64decode(note.split("\\n")[2])
proofs = sorted(pathlib.Path("proofs").iterdir())
for file in proofs:
    head, signed = file.read_text(encoding="utf-8").split("\\n\\n", 1)
    _, extra, place, *hashes = head.split("\\n")
    leaf, index = base64.b64decode(extra.split(" ")[1]), int(place.split(" ")[1])
    assert signed == note, f"{file} is under another checkpoint"
    assert leaf == pathlib.Path(f"entries/{index}.leaf").read_bytes(), f"{file} proves another entry"
    hashed, first, last = hashlib.sha256(b"\\x00" + leaf).digest(), index, size - 1
    for other in map(base64.b64decode, hashes):
        assert last > 0, f"{file} is too long"
        if first % 2 == 1 or first == last:
            hashed = node(other, hashed)
            while first % 2 == 0 and first > 0: first, last = first // 2, last // 2
        else:
            hashed = node(hashed, other)
        first, last = first // 2, last // 2
    assert last == 0 and hashed == root, f"{file} leads to another root"
print(f"{len(proofs)} entries proven under a checkpoint of size {size}")
PYTHON
\`\`\`

${wordsOfEntries}

With Gatehouse at hand, \`gatehouse audit verify FOLDER --key log.vkey\` does all of it.
`;
}

const wordsOfEntries = `## 4. What is said of every entry is what the entry says: Python

\`\`\`sh
python3 - <<'PYTHON'
import base64, hashlib, json, pathlib

def once(pairs):
    assert len(dict(pairs)) == len(pairs), "a member is there twice"
    return dict(pairs)

taken = "id kind session exchange approval operation class decision status policy".split()
vouched = "principal agent resource detail erasure attachments".split()
files = sorted(pathlib.Path("entries").glob("*.json"))
for file in files:
    said, leaf = json.loads(file.read_bytes(), object_pairs_hook=once), file.with_suffix(".leaf").read_bytes()
    entry = json.loads(leaf)
    words = {name: entry[name] for name in taken if name in entry}
    words |= {"index": int(file.stem), "at": entry["t"], "leaf": leaf.decode()}
    words["leafHash"] = base64.b64encode(hashlib.sha256(b"\\x00" + leaf).digest()).decode()
    assert {name: said[name] for name in said if name not in vouched} == words, f"{file} says what the entry does not"
    kept = [(each["role"], each["bytes"]) for each in entry.get("attachments", [])]
    assert [(each["role"], each["bytes"]) for each in said["attachments"]] == kept, f"{file} has other attachments"
print(f"{len(files)} entries say what was proven; names, details and recordings are the server's word")
PYTHON
\`\`\``;
