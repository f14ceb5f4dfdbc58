/* One conversation as the desk knows it, kept fresh by the stream of events (by asking now and then while that is cut). */
import { useCallback, useEffect, useRef, useState } from "../../lib/html.js";
import { useCell } from "../../lib/cell.js";
import * as api from "../../lib/api.js";
import { stream, useEvents } from "../../lib/events.js";
import { firstSeen } from "../../lib/text.js";
import { learnNow } from "../../lib/time.js";

const SOON_MS = 250, WHILE_CUT_MS = 10_000;

/* → { c, person, error, reload() }. `c` of another id is never shown: it is null until the new one is there. */
export function useConversation(id) {
	const [state, setState] = useState({ id: null, c: null, person: null, error: null });
	const live = useCell(stream).is;
	const shown = useRef(id), timer = useRef(null), run = useRef({ id: null, going: null, isAgain: false });
	/* One question at a time; what is asked for meanwhile is asked once more behind it. An answer is never thrown away for a newer question:
	 * where hints come faster than answers, nothing would ever be shown. */
	shown.current = id;
	const reload = useCallback(() => {
		const mine = run.current;
		if (shown.current !== id) {
			return undefined; /* an undo, say, of the conversation that was shown before */
		}
		clearTimeout(timer.current);
		timer.current = null;
		if (mine.id === id && mine.going !== null) {
			mine.isAgain = true;
			return mine.going;
		}
		const now = run.current = { id, going: null, isAgain: false };
		const isHere = () => run.current === now;
		async function once() {
			try {
				const c = await api.get(`conversations/${encodeURIComponent(id)}`);
				if (isHere()) {
					learnNow(Date.parse(c.now));
					setState((before) => ({ id, c, person: before.person?.id === c.customer.id ? before.person : null, error: null }));
					const person = await api.get(`customers/${encodeURIComponent(c.customer.id)}`, { limit: 12 });
					isHere() && setState((before) => ({ ...before, person }));
				}
			} catch (e) {
				isHere() && setState((before) => before.id === id && before.c !== null && e.status !== 404 ? before : { id, c: null, person: null, error: e });
			}
		}
		now.going = (async () => {
			do {
				now.isAgain = false;
				await once();
			} while (now.isAgain && isHere());
			now.going = null;
		})();
		return now.going;
	}, [id]);
	useEffect(() => {
		reload();
		return () => {
			run.current = { id: null, going: null, isAgain: false };
			clearTimeout(timer.current);
			timer.current = null;
		};
	}, [id]);
	/* Many hints at once are one question. */
	useEvents("conversation queue reply", (what) => {
		const ids = what.conversations;
		if (what.all || ids === undefined || ids.includes(id)) {
			timer.current ??= setTimeout(reload, SOON_MS);
		}
	});
	useEffect(() => {
		const every = live === "live" ? null : setInterval(reload, WHILE_CUT_MS);
		return () => clearInterval(every);
	}, [live, reload]);
	return { ...(state.id === id ? state : { c: null, person: null, error: null }), reload };
}

/* The thread in the order in which it is read: below each message what answers it. `level`: how far it is set in, where there is more than
 * one answer; `to`: what it answers, where that does not stand right above it. */
export function treeOf(thread) {
	const byId = new Map(thread.map((m) => [m.id, m])), below = new Map(), tops = [];
	for (const m of thread) {
		if (m.parent !== null && m.parent !== m.id && byId.has(m.parent)) {
			below.set(m.parent, [...below.get(m.parent) ?? [], m]);
		} else {
			tops.push(m);
		}
	}
	const out = [], seen = new Set(), stack = [];
	const walk = () => {
		while (stack.length > 0) {
			const { m, level } = stack.pop();
			if (seen.has(m.id)) {
				continue;
			}
			seen.add(m.id);
			const above = out.at(-1)?.m.id ?? null;
			out.push({ m, level, to: m.parent === null || m.parent === above ? null : byId.get(m.parent) ?? "unknown" });
			const answers = below.get(m.id) ?? [];
			for (const answer of [...answers].reverse()) {
				stack.push({ m: answer, level: Math.min(level + (answers.length > 1 ? 1 : 0), 4) });
			}
		}
	};
	stack.push(...[...tops].reverse().map((m) => ({ m, level: 0 })));
	walk();
	/* Those in a circle stand at the end, as they came. */
	for (const m of thread) {
		stack.push({ m, level: 0 });
		walk();
	}
	return out;
}

/* What a person who writes must have seen: what was said, and what colleagues sent (once: on its way, and there, it is the same). Tags and
 * hands are not in it. */
export function markOf(c) {
	return JSON.stringify([c.thread.filter((m) => !m.staff).map((m) => [m.id, m.edited_at, m.deleted_at]),
		c.replies.filter((r) => r.state !== "draft" || r.waits_for_approval).map((r) => r.id)]);
}

/* Nobody waits: how did it end? The newest words to us say so. */
export function endOf(c) {
	const last = c.thread.findLast((m) => m.role === "customer" && (m.is_to_us || m.is_about));
	return last === undefined ? "nothing" : last.deleted_at !== null ? "deleted" : last.settled !== null ? (last.settled === "spam" ? "spam" : "dismissed") : last.answered_by !== null ? "answered" : "nothing";
}

/* How somebody is called in a sentence: their name, else the handle. */
export function nameOf(who) {
	return firstSeen(who?.name, who?.handle, who?.id);
}
