/* Telling what became of an enrollment. */
#ifndef ENROLL_RESULT_H
#define ENROLL_RESULT_H

#include "client_answer.h"
#include "enroll_options.h"

/* On stdout as text or JSON; refusals on stderr too. The exit code of the command. */
int enroll_result_show(const struct enroll_options *o, const struct client_answer *a,
    enum client_trust trust);

#endif
