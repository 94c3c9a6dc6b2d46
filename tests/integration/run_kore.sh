#!/bin/bash
# The gateway process by itself: real Kore, real TLS, real signer; database and directory are down on purpose.
# needs: root (it changes users)
exec python3 "$(dirname "$0")/kore_gateway.py" "$@"
