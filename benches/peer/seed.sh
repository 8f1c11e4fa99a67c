#!/usr/bin/env bash
# Builds the release binary, imports the workload and writes seed.json. PEERS_DIR is the work folder of the comparison.
set -euo pipefail
: "${PEERS_DIR:?the work folder of the comparison}"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rm -rf "$PEERS_DIR/tympan"
cargo build --release
cargo bench --bench delivery -- --seed-only --keep "$PEERS_DIR/tympan"
# What is only needed for seeding would count as the database's size.
rm -rf "$PEERS_DIR/tympan/export.tar" "$PEERS_DIR/tympan/seeded" "$PEERS_DIR/tympan/schema"
