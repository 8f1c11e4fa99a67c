"""Writes ../export/expected.json: what is in ../export/export.tar."""
import collections, io, json, pathlib, tarfile

folder = pathlib.Path(__file__).parent.parent / "export"
rows, docs, locales, links, config, files, kinds = collections.Counter(), collections.defaultdict(set), [], collections.Counter(), collections.Counter(), [], collections.Counter()
per_locale = collections.defaultdict(collections.Counter)
with tarfile.open(folder / "export.tar") as tar:
    for member in tar:
        name, data = member.name, tar.extractfile(member)
        if name.startswith("assets/uploads/"):
            files.append({"path": name, "bytes": member.size})
        if not name.endswith(".jsonl"):
            continue
        for line in io.TextIOWrapper(data, "utf-8"):
            if not line.strip():
                continue
            row = json.loads(line)
            part = name.split("/")[0]
            if part == "entities":
                d = row["data"]
                rows[row["type"]] += 1
                docs[row["type"]].add(d.get("documentId"))
                if row["type"].startswith("api::"):
                    stage = "published" if d.get("publishedAt") else "draft"
                    per_locale[row["type"]][f"{d.get('locale') or '-'} {stage}"] += 1
                if row["type"] == "plugin::i18n.locale":
                    locales.append(d["code"])
            elif part == "links":
                links[row["kind"]] += 1
            elif part == "configuration":
                config[row["type"]] += 1
            elif part == "schemas":
                kinds[row.get("modelType") or row.get("kind") or "?"] += 1
out = {
    "encryptionKey": "tympan-test-key",
    "schemas": dict(kinds),
    "rows": dict(sorted(rows.items())),
    "documents": {k: len(v) for k, v in sorted(docs.items())},
    "versions": {k: dict(sorted(v.items())) for k, v in sorted(per_locale.items())},
    "locales": locales,
    "links": dict(links) | {"total": sum(links.values())},
    "configuration": dict(config),
    "files": files,
}
(folder / "expected.json").write_text(json.dumps(out, indent=2) + "\n")
