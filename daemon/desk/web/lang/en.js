/* English, joined of one file a page. */
import shell from "./en/shell.js";
import queue from "./en/queue.js";
import conversation from "./en/conversation.js";
import watch from "./en/watch.js";
import reports from "./en/reports.js";
import audit from "./en/audit.js";
import staff from "./en/staff.js";
import problem from "./en/problem.js";
import said from "./en/said.js";

export default { ...shell, ...queue, ...conversation, ...watch, ...reports, ...audit, ...staff, ...problem, ...said };
