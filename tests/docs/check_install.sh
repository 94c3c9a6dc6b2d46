#!/bin/bash
# What `make install` puts where agrees with the default paths of the option table and with the units.
set -euo pipefail
cd "$(dirname "$0")/../.."
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
make -s --no-print-directory install DESTDIR="$dest" >/dev/null

fail=0
for f in usr/bin/gatehouse usr/sbin/gatehouse-signer usr/lib/gatehouse/gatehouse.so \
    usr/share/gatehouse/templates/User.json usr/share/gatehouse/prometheus/gatehouse.rules.yml usr/share/gatehouse/gatehouse.conf.sample usr/share/man/man1/gatehouse.1 \
    usr/share/man/man5/gatehouse.conf.5 usr/share/man/man8/gatehouse-signer.8 \
    usr/share/bash-completion/completions/gatehouse usr/share/zsh/vendor-completions/_gatehouse; do
	[ -s "$dest/$f" ] || { echo "not installed: $f"; fail=1; }
done
# programs and modules that the configuration and the units name
for path in $("$dest/usr/bin/gatehouse" conf print | sed -n 's/.*\(program\|module\) = "\(.*\)"/\2/p') \
    $(sed -n 's,^Exec[A-Za-z]*=\([^ ]*gatehouse[^ ]*\).*,\1,p' conf/*.service); do
	[ -e "$dest$path" ] || { echo "named but not installed: $path"; fail=1; }
done
exit $fail
