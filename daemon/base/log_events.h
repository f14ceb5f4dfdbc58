/* log_events.h: every event that is logged, with its level, its fields and what the operator does.
 *
 * The man page is made from this table; a test checks that every name used in the sources stands
 * here. EVENT(name, level, fields, sentence). In alphabetical order. */
#ifndef EVENT
#error "define EVENT(name, level, fields, sentence) first"
#endif

EVENT(bug, LEVEL_ERR, "why",
      "A promise of our own code was broken and the process ended; systemd starts it again. Please "
      "report the line.")
EVENT(out_of_memory, LEVEL_ERR, "bytes",
      "Memory ran out and the process ended; nothing is lost. Give the machine more memory or "
      "raise "
      "MemoryMax= of the unit.")
