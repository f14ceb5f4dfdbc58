/* What changes in the house, as it changes: one stream of server-sent events for all tabs of a browser (which opens few connections to one
 * place): one of them listens and hands on (lib/tabs.js). A cut is noticed (the desk says at least every fifteen seconds that it is there),
 * shown, and healed with what was missed, whichever tab listens then.
 *
 *   useEvents("queue", (what) => …)      what the desk said: { conversations: ["42", …] } or { all: true }
 *
 * "reload" comes when too much was missed: fetch again what is shown. It also reaches everybody who listens to anything. "hello": from now on
 * what changes is told; what changed before was not. */
import { useEffect, useRef } from "./html.js";
import { cell } from "./cell.js";
import { API } from "./api.js";
import { join } from "./tabs.js";
import { learnNow } from "./time.js";

const TYPES = ["hello", "queue", "conversation", "reply", "alert", "sources", "presence", "reload"];
const QUIET_MS = 40_000, TAKEN_MS = 55_000, FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 15_000;

/* { is: "begins" | "live" | "away" | "over", since (when it became so), next (when it is tried again) } */
export const stream = cell({ is: "begins", since: Date.now() });

const heard = new Map(TYPES.map((type) => [type, new Set()]));
const self = Math.random().toString(36).slice(2);
let tabs = null, isLeading = false, whose = null;
let source = null, lastId = "", wait = FIRST_WAIT_MS, timer = null, watch = null, seenAt = 0;

/* ---- what is told ---- */

function tell(type, text) {
	let what = {};
	try {
		what = text ? JSON.parse(text) : {};
	} catch { /* a hint without words is still a hint */ }
	if (type === "hello" && what.now) {
		learnNow(Date.parse(what.now));
	}
	const isAll = type === "reload";
	const those = isAll ? new Set(TYPES.filter((t) => t !== "hello" && t !== "presence").flatMap((t) => [...heard.get(t)])) : [...heard.get(type) ?? []];
	for (const does of those) {
		does(isAll ? { all: true } : what, type);
	}
}

function setState(state) {
	stream.set(state);
	tabs?.say({ state, id: lastId });
}

/* ---- the tab that listens ---- */

function on(e) {
	seenAt = Date.now();
	wait = FIRST_WAIT_MS;
	lastId = e.lastEventId || lastId;
	const before = stream.get().is;
	if (before !== "live") {
		setState({ is: "live", since: seenAt });
	}
	if (before === "away") { /* what was asked for meanwhile has failed, and hints may be lost */
		tabs?.say({ type: "reload", data: "", id: lastId });
		tell("reload", "");
	}
	tabs?.say({ type: e.type, data: e.data, id: lastId });
	tell(e.type, e.data);
}

function close() {
	clearTimeout(timer);
	source?.close();
	source = timer = null;
}

function listen() {
	close();
	source = new EventSource(`${API}events${lastId === "" ? "" : `?last=${encodeURIComponent(lastId)}`}`);
	/* The comments that keep it open are not shown to us; "ping" is said for our sake. */
	for (const type of [...TYPES, "ping"]) {
		source.addEventListener(type, on);
	}
	source.onerror = lose;
	seenAt = Date.now();
}

function lose() {
	close();
	const next = Date.now() + wait * (0.5 + Math.random());
	const before = stream.get();
	setState({ is: "away", since: before.is === "away" ? before.since : seenAt || before.since, next });
	wait = Math.min(wait * 2, LONGEST_WAIT_MS);
	timer = setTimeout(listen, next - Date.now());
}

/* ---- the others ---- */

function onWord(word) {
	if (word.ask === "who" && isLeading) {
		tabs.say({ state: stream.get(), id: lastId, to: word.from });
	} else if (word.ask === "now" && isLeading) {
		listen();
	} else if (!isLeading && (word.state || word.type)) {
		seenAt = Date.now();
		lastId = word.id || lastId;
		if (word.state) {
			stream.set(word.state);
		} else {
			tell(word.type, word.data);
		}
		if (word.to === self) {
			tell("hello", "");
		}
	}
}

/* Nothing was heard for too long: of the desk, or of the tab that listens. */
function look() {
	const quiet = Date.now() - seenAt;
	if (isLeading && source !== null && quiet > QUIET_MS) {
		lose();
	} else if (!isLeading && quiet > TAKEN_MS) {
		seenAt = Date.now() - Math.random() * 10_000; /* not all of them at once */
		tabs.take();
	}
}

/* ---- for everybody ---- */

/* From now on, for that person. */
export function open(login) {
	if (tabs !== null && whose === login) {
		retry();
		return;
	}
	leave();
	whose = login;
	seenAt = Date.now();
	const onLead = () => {
		isLeading = true;
		listen();
	};
	const onFollow = () => {
		isLeading = false;
		close();
	};
	tabs = join(`answerd.events.${login}`, { onLead, onFollow, onWord });
	tabs.say({ ask: "who", from: self });
	watch = setInterval(look, 5000);
}

/* At once, where it is away. */
export function retry() {
	if (stream.get().is !== "live") {
		isLeading ? listen() : tabs?.say({ ask: "now" });
	}
}

function leave() {
	close();
	clearInterval(watch);
	tabs?.leave();
	tabs = watch = null;
	isLeading = false;
}

/* Signed out. */
export function stop() {
	leave();
	whose = null;
	lastId = "";
	stream.set({ is: "over", since: Date.now() });
}

/* The browser knows at once that it has no net; that it has one says little, so it is tried. */
addEventListener?.("offline", () => isLeading && ["live", "begins"].includes(stream.get().is) && lose());
addEventListener?.("online", () => stream.get().is === "away" && retry());
addEventListener?.("pagehide", leave);
/* It was put aside, or asleep: what was told meanwhile was not heard. */
function wake() {
	if (whose !== null) {
		tabs === null ? open(whose) : tabs.say({ ask: "who", from: self });
		tell("reload", "");
	}
}
addEventListener?.("pageshow", (e) => e.persisted && wake());
globalThis.document?.addEventListener("resume", wake);

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
