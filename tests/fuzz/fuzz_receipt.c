/* Answers to packages: what is read points into what was given. The first byte says which. */
#include <stdint.h>
#include <stdlib.h>

#include "package/firmware.h"
#include "package/key_answer.h"
#include "package/tamp.h"

static void
check_inside(const struct gh_der *part, const uint8_t *data, size_t size)
{
	if (part->p != NULL && (part->p < data || part->p + part->len > data + size))
		abort();
}

static bool
read_as(unsigned which, struct gh_der in, struct package_answer *out)
{
	switch (which) {
	case 0:
		return key_receipt_read(in, out);
	case 1:
		return key_error_read(in, out);
	case 2:
		return firmware_receipt_read(in, out);
	case 3:
		return firmware_error_read(in, out);
	default:
		return tamp_answer_read((enum tamp_message)(which - 3), in, out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct package_answer answer;
	struct gh_der in, reference, hw_type, hw_serial;

	if (size == 0)
		return 0;
	in = (struct gh_der){data + 1, size - 1};
	if (read_as(data[0] % (4 + TAMP_SEQUENCE_ADJUST_CONFIRM), in, &answer)) {
		check_inside(&answer.reference, data, size);
		check_inside(&answer.hw_type, data, size);
		check_inside(&answer.hw_serial, data, size);
	}
	if (tamp_message_read((enum tamp_message)(data[0] % TAMP_SEQUENCE_ADJUST_CONFIRM + 1), in,
		&reference))
		check_inside(&reference, data, size);
	if (firmware_hardware_read(in, &hw_type, &hw_serial))
		check_inside(&hw_serial, data, size);
	return 0;
}
