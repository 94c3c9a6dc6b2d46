#!/bin/bash
# The enrollment client against a gateway that misbehaves on purpose.
cd "$(dirname "$0")" && exec python3 client_test.py "$@"
