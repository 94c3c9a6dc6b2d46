/* What `gatehouse status` shows of what was found: a screen, a check of Nagios, JSON.
 * docs/monitoring.md */
#ifndef STATUS_SHOW_H
#define STATUS_SHOW_H

#include "json.h"

/* Exit codes of Nagios. */
enum status_exit { STATUS_OK, STATUS_WARNING, STATUS_CRITICAL, STATUS_UNKNOWN };

enum status_form { STATUS_SCREEN, STATUS_CHECK, STATUS_JSON };

/* list, values: those of struct findings. The exit code. */
enum status_exit status_show(const gh_json *list, const gh_json *values, enum status_form form);
/* Nothing could be looked at. */
enum status_exit status_show_unknown(const char *why, enum status_form form);

#endif
