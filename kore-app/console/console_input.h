/* How a form asks for a value of metadata: {{>metadata_input}}. */
#ifndef CONSOLE_INPUT_H
#define CONSOLE_INPUT_H

#include "json.h"

/* Into o, by the definition of the field as the API has it: one of is_choice, is_area and is_line,
 * with what they need. value: what stands in it, "" = none. 0 or -1. */
int console_input_put(gh_json *o, const gh_json *field, const char *value);

#endif
