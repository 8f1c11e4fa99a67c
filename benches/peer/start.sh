#!/usr/bin/env bash
# Starts the release binary on what seed.sh imported. PEERS_DIR is the work folder of the comparison.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
: "${PEERS_DIR:?the work folder of the comparison}"
exec "${PEER_BINARY:-$root/target/release/tympan}" serve --data "$PEERS_DIR/tympan/data" --listen 127.0.0.1:1337
