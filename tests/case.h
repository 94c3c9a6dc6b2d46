#ifndef TEST_CASE_H
#define TEST_CASE_H

#include <stddef.h>

/* Tests that alter one octet after the other, or derive one key after the other, take each
 * case_stride()-th one: 1, or what CASE_STRIDE in the environment says. Valgrind is slow, and looks
 * at memory, not at answers. */
size_t case_stride(void);

#endif
