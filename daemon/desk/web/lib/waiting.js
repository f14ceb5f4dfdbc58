/* Who waits, as this page knows it: a window onto the queue that is fetched page by page, kept true by events, and never moves under
 * somebody's hand. What is gone stays, marked, until the list settles; what comes in between is announced ("3 more wait"). */
import { cell } from "./cell.js";
import { FIRST_ROWS, queueQuery } from "./first.js";
import * as api from "./api.js";
import { learnNow, ms } from "./time.js";

const FIRST = FIRST_ROWS, MORE = 200, MOST_AGAIN = 400;

/* { rows: [{ e, isGone }], next, held: null or { rows, next, n }, listening, needsHuman, isPanic, isLoading, error, key } */
export const waiting = cell({ rows: [], next: null, held: null, listening: null, needsHuman: 0, isPanic: false, isLoading: true, error: null, key: null });

/* Whom one has answered here a moment ago: they wait until the platform has confirmed it. id → until when that is believed (ms). */
export const answered = cell(new Map());
const ANSWERED_MS = 120_000;

export function leaveOut(id) {
	answered.change((all) => new Map([...all, [id, Date.now() + ANSWERED_MS]]));
}

export function bringBack(id) {
	answered.change((all) => new Map([...all].filter(([other]) => other !== id)));
}

export function isAnswered(id) {
	return answered.get().get(id) > Date.now();
}

let query = null, running = null, isStale = false;

const change = (more) => waiting.set({ ...waiting.get(), ...more });
const rowOf = (e) => ({ e, isGone: false });

function learn(page) {
	const e = page.items[0];
	for (const one of page.items) {
		one.office_s = page.office_s?.[one.id] ?? null;
	}
	if (e) {
		learnNow(ms(e.waiting_since) + e.waiting_s * 1000);
	}
}

/* Before the list is drawn for the first time: on a page that is opening, by who may yet have to sign in. */
let begun = null;

export async function begin(filters) {
	const key = begun = JSON.stringify(filters);
	let page = null;
	try {
		page = await api.get("queue", queueQuery(filters), { isBare: true });
	} catch { /* whoever draws the list asks again, and says what is wrong */ }
	if (begun !== key) {
		return;
	}
	if (page !== null) {
		learn(page);
		change({ rows: page.items.map(rowOf), next: page.next, listening: page.listening, needsHuman: page.needs_human ?? 0, isPanic: page.is_panic ?? false, isLoading: false, key });
		catchUp();
	} else {
		begun = null;
		query !== null && look(filters);
	}
}

/* What was said while something was fetched. */
function catchUp() {
	if (isStale && !waiting.get().isLoading) {
		isStale = false;
		again();
	}
}

/* Other filters: a new list. */
export async function look(filters) {
	const key = JSON.stringify(filters), isBegun = begun === key && query === null;
	query = filters;
	running?.abort();
	const mine = running = new AbortController();
	if (isBegun) {
		return; /* it is there, or comes */
	}
	begun = null;
	change({ isLoading: true, error: null, ...(waiting.get().key === key ? {} : { rows: [], next: null, held: null, key }) });
	try {
		const page = await api.get("queue", queueQuery(filters), { signal: mine.signal });
		learn(page);
		change({ rows: page.items.map(rowOf), next: page.next, held: null, listening: page.listening, needsHuman: page.needs_human ?? 0, isPanic: page.is_panic ?? false, isLoading: false });
	} catch (e) {
		if (e.name !== "AbortError") {
			change({ isLoading: false, error: e });
		}
	}
	catchUp();
}

/* The next page, when somebody scrolls there. */
export async function more() {
	const now = waiting.get();
	if (now.next === null || now.isLoading) {
		return;
	}
	change({ isLoading: true });
	const mine = running, asked = query;
	try {
		const page = await api.get("queue", { ...asked, clocks: true, limit: MORE, after: now.next }, { signal: mine?.signal });
		const known = new Set(waiting.get().rows.map((r) => r.e.id));
		learn(page);
		change({ rows: [...waiting.get().rows, ...page.items.filter((e) => !known.has(e.id)).map(rowOf)], next: page.next, isLoading: false });
	} catch (e) {
		if (e.name !== "AbortError") {
			change({ isLoading: false, error: e });
		}
	}
	catchUp();
}

/* Something has changed: the part that was fetched is fetched again, and what differs is put in its place. */
export async function again() {
	if (query === null) {
		return;
	}
	if (waiting.get().isLoading) {
		isStale = true;
		return;
	}
	const asked = query;
	change({ isLoading: true });
	try {
		const n = Math.min(MOST_AGAIN, waiting.get().rows.length + FIRST);
		const page = await api.get("queue", { ...asked, clocks: true, limit: n }, { signal: running?.signal });
		if (asked === query) {
			learn(page);
			change({ ...merge(waiting.get(), page), listening: page.listening, needsHuman: page.needs_human ?? 0, isPanic: page.is_panic ?? false, isLoading: false, error: null });
		}
	} catch (e) {
		if (e.name !== "AbortError") {
			change({ isLoading: false, error: e });
		}
	}
	catchUp();
}

/* What stands here, and what the desk says now of the list's beginning: changed in place; gone is marked; new behind all that is shown is
 * added; new in between is held back. What is shown below the last one that both know may have been pushed down, or be gone: it stays. */
export function merge(now, page) {
	const fresh = new Map(page.items.map((e) => [e.id, e]));
	const known = new Set(now.rows.map((r) => r.e.id));
	const isWhole = page.next === null;
	const decided = isWhole ? now.rows.length : now.rows.reduce((last, r, i) => (fresh.has(r.e.id) ? i + 1 : last), 0);
	const rows = now.rows.map((r, i) => fresh.has(r.e.id) ? { e: fresh.get(r.e.id), isGone: false } : { ...r, isGone: r.isGone || i < decided });
	const behind = page.items.reduce((last, e, i) => (known.has(e.id) ? i + 1 : last), 0);
	const canAdd = decided === now.rows.length;
	const between = page.items.filter((e, i) => !known.has(e.id) && (i < behind || !canAdd));
	return {
		rows: canAdd ? [...rows, ...page.items.slice(behind).map(rowOf)] : rows,
		next: canAdd ? page.next : now.next,
		held: between.length > 0 ? { rows: page.items.map(rowOf), next: page.next, n: between.length } : null,
	};
}

/* The held ones take their places. */
export function unhold() {
	const { held } = waiting.get();
	if (held) {
		change({ rows: held.rows, next: held.next, held: null });
	}
}

/* What is gone leaves. */
export function settle() {
	if (waiting.get().rows.some((r) => r.isGone)) {
		change({ rows: waiting.get().rows.filter((r) => !r.isGone) });
	}
}

/* An act of our own: at once. */
export function drop(id) {
	change({ rows: waiting.get().rows.filter((r) => r.e.id !== id) });
}

export function patch(id, changes) {
	change({ rows: waiting.get().rows.map((r) => r.e.id === id ? { ...r, e: { ...r.e, ...changes } } : r) });
}

/* Who comes after this one (or the first, when it is not in the list): what one looks at after answering. */
export function nextOf(id) {
	const rows = waiting.get().rows.filter((r) => !r.isGone || r.e.id === id);
	const at = rows.findIndex((r) => r.e.id === id);
	return rows[at + 1]?.e.id ?? (at > 0 ? rows[at - 1].e.id : rows.find((r) => r.e.id !== id)?.e.id ?? null);
}

export function previousOf(id) {
	const rows = waiting.get().rows.filter((r) => !r.isGone || r.e.id === id);
	const at = rows.findIndex((r) => r.e.id === id);
	return at > 0 ? rows[at - 1].e.id : null;
}
