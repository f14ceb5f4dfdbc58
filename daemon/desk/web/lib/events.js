/* What changes in the house, as it changes: one stream of server-sent events, shared by all. A cut is noticed (the desk says at least
 * every fifteen seconds that it is there), shown, and healed with what was missed.
 *
 *   useEvents("queue", (what) => …)      what the desk said: { conversations: ["42", …] } or { all: true }
 *
 * "reload" comes when too much was missed: fetch again what is shown. It also reaches everybody who listens to anything. */
import { useEffect, useRef } from "./html.js";
import { cell } from "./cell.js";
import { API } from "./api.js";
import { learnNow } from "./time.js";

const TYPES = ["hello", "queue", "conversation", "reply", "alert", "sources", "presence", "reload"];
const QUIET_MS = 40_000, FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 15_000;

/* { is: "begins" | "live" | "away" | "over", since (when it became so), next (when it is tried again) } */
export const stream = cell({ is: "begins", since: Date.now() });

const heard = new Map(TYPES.map((type) => [type, new Set()]));
let source = null, lastId = "", wait = FIRST_WAIT_MS, timer = null, watch = null, seenAt = 0;

function tell(type, what) {
	for (const does of [...heard.get(type)]) {
		does(what, type);
	}
}

function alive() {
	const before = stream.get().is;
	seenAt = Date.now();
	wait = FIRST_WAIT_MS;
	if (before !== "live") {
		stream.set({ is: "live", since: Date.now() });
	}
	/* What was asked for meanwhile has failed, and hints may be lost. */
	if (before === "away") {
		reload();
	}
}

function reload() {
	const all = new Set(TYPES.filter((type) => type !== "hello" && type !== "presence").flatMap((type) => [...heard.get(type)]));
	for (const does of all) {
		does({ all: true }, "reload");
	}
}

function on(e) {
	alive();
	if (e.lastEventId) {
		lastId = e.lastEventId;
	}
	let what = {};
	try {
		what = e.data ? JSON.parse(e.data) : {};
	} catch { /* a hint without words is still a hint */ }
	if (e.type === "hello" && what.now) {
		learnNow(Date.parse(what.now));
	}
	if (e.type === "reload") {
		reload();
		return;
	}
	tell(e.type, what);
}

function lose() {
	close();
	const next = Date.now() + wait * (0.5 + Math.random());
	const before = stream.get();
	stream.set({ is: "away", since: before.is === "away" ? before.since : seenAt || before.since, next });
	wait = Math.min(wait * 2, LONGEST_WAIT_MS);
	timer = setTimeout(open, next - Date.now());
}

function close() {
	clearTimeout(timer);
	clearInterval(watch);
	source?.close();
	source = timer = watch = null;
}

export function open() {
	close();
	source = new EventSource(`${API}events${lastId === "" ? "" : `?last=${encodeURIComponent(lastId)}`}`);
	for (const type of TYPES) {
		source.addEventListener(type, on);
	}
	/* The comments that keep it open are not shown to us; "ping" is said for our sake. */
	source.addEventListener("ping", alive);
	source.onerror = lose;
	seenAt = Date.now();
	watch = setInterval(() => Date.now() - seenAt > QUIET_MS && lose(), 5000);
}

/* Signed out, or the page goes. */
export function stop() {
	close();
	lastId = "";
	stream.set({ is: "over", since: Date.now() });
}

/* The browser knows at once that it has no net; that it has one says little, so it is tried. */
addEventListener?.("offline", () => ["live", "begins"].includes(stream.get().is) && lose());
addEventListener?.("online", () => stream.get().is === "away" && open());
addEventListener?.("pagehide", close);
addEventListener?.("pageshow", (e) => e.persisted && stream.get().is !== "over" && open());

export function useEvents(types, does) {
	const latest = useRef(does);
	latest.current = does;
	const names = [].concat(types).join(" ");
	useEffect(() => {
		const call = (what, type) => latest.current(what, type);
		const all = names.split(" ").map((type) => heard.get(type));
		all.forEach((set) => set.add(call));
		return () => all.forEach((set) => set.delete(call));
	}, [names]);
}
