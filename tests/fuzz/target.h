/* target.h: what a fuzz target is: one function, called by libFuzzer or by replay_main.c. */
#ifndef ANSWERD_TESTS_FUZZ_TARGET_H
#define ANSWERD_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
