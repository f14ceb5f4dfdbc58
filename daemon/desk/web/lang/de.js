/* German, joined of one file a page. */
import shell from "./de/shell.js";
import queue from "./de/queue.js";
import conversation from "./de/conversation.js";
import watch from "./de/watch.js";
import reports from "./de/reports.js";
import audit from "./de/audit.js";
import staff from "./de/staff.js";
import problem from "./de/problem.js";
import said from "./de/said.js";

export default { ...shell, ...queue, ...conversation, ...watch, ...reports, ...audit, ...staff, ...problem, ...said };
