#!/bin/sh
# Static analysis of all folders; any finding fails.
cd "$(dirname "$0")/.." || exit 1
exec cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr -j "$(nproc)" \
    --enable=warning,portability,performance --suppress=missingIncludeSystem \
    --suppressions-list=tests/cppcheck.suppressions --library=posix \
    -D'LIST_FOREACH(v,h,f)=for(v=(h)->lh_first;v;v=v->f.le_next)' -D_GNU_SOURCE -D__x86_64__ -DGATEHOUSE_VERSION='"0"' \
    -I base -I ca-backend -I ldap -I templates -I enroll -I kore-app \
    base ca-backend ldap templates enroll kore-app
