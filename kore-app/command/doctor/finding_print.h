#ifndef FINDING_PRINT_H
#define FINDING_PRINT_H

#include "json.h"

/* A finding (health/findings.h) as a line, with what to do below it. */
void finding_print(const gh_json *finding);

#endif
