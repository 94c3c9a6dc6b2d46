#!/bin/sh
# Files as C: an array of struct gh_embedded (base/embedded.h). embed.sh ARRAY FILE...
set -eu
array=$1
shift
echo '#include "embedded.h"'
n=0
for file; do
	echo "static const unsigned char file_$n[] = {"
	od -An -v -tx1 "$file" | sed 's/ \(..\)/0x\1,/g'
	echo '0};'
	n=$((n + 1))
done
echo "extern const struct gh_embedded $array[];"
echo "extern const size_t ${array}_count;"
echo "const struct gh_embedded $array[] = {"
n=0
for file; do
	echo "{\"$(basename "$file")\", (const char *)file_$n, sizeof(file_$n) - 1},"
	n=$((n + 1))
done
echo '};'
echo "const size_t ${array}_count = $n;"
