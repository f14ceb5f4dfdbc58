/* The queue: who waits, oldest first or what falls due next, as it is now. Filters stand in the address; the list keeps its place under
 * one's hand (lib/waiting.js), and only rows that can be seen are drawn. */
import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib/html.js";
import { useCell } from "../lib/cell.js";
import { filtersOf } from "../lib/first.js";
import { t } from "../lib/i18n.js";
import { go, place, withQuery } from "../lib/router.js";
import { useEvents } from "../lib/events.js";
import { useKeys } from "../lib/keys.js";
import { may, session } from "../lib/session.js";
import { Banner, Button, Empty, Foreign } from "../lib/ui.js";
import * as acts from "../lib/acts.js";
import * as list from "../lib/waiting.js";
import { waiting } from "../lib/waiting.js";
import { everySo } from "../lib/time.js";
import { Row, nameOf } from "./queue_row.js";
import { NotHeard } from "./not_heard.js";
import { Filters, isFiltered, useCounts } from "./queue_filters.js";

const AHEAD = 8, SCROLL_AHEAD = 120, SETTLE_MS = 4000, MOST = 200, GUESS = 72;

/* Which rows are drawn, and how high one is. First as many as may be seen, by a guess; when they are laid out it is measured, because letters
 * may be larger than we think and rows beside a conversation are higher; when they are painted, rows beyond the edges are drawn too. */
function useWindow(box, n) {
	const [seen, setSeen] = useState(() => ({ from: 0, to: Math.ceil(innerHeight / GUESS), height: GUESS }));
	const ahead = useRef(0), shown = useRef(GUESS), look = useRef(null);
	useLayoutEffect(() => {
		const el = box.current;
		look.current = () => {
			if (el.clientHeight === 0) {
				return; /* a telephone shows the conversation only */
			}
			const height = parseFloat(getComputedStyle(el).getPropertyValue("--row")) * parseFloat(getComputedStyle(document.documentElement).fontSize) || GUESS;
			const top = el.scrollTop * height / shown.current;
			const from = Math.max(0, Math.floor(top / height) - ahead.current), to = Math.ceil((top + el.clientHeight) / height) + ahead.current;
			setSeen((s) => s.height === height && s.from === from && (s.to === to || (ahead.current === 0 && s.to > to)) ? s : { from, to, height });
			/* Who scrolls finds the next page there already. */
			if (to > n - (top > 0 ? SCROLL_AHEAD : 2 * AHEAD)) {
				list.more();
			}
		};
		const see = () => look.current(), resize = new ResizeObserver(see);
		el.addEventListener("scroll", see, { passive: true });
		resize.observe(el); /* calls back at once, between layout and paint */
		return () => {
			el.removeEventListener("scroll", see);
			resize.disconnect();
		};
	}, [n]);
	/* Rows of another height: the first that is seen stays the first. */
	useLayoutEffect(() => {
		if (shown.current !== seen.height) {
			box.current.scrollTop *= seen.height / shown.current;
			shown.current = seen.height;
		}
	}, [seen.height]);
	useEffect(() => {
		ahead.current = AHEAD;
		look.current();
	}, [n > 0]);
	return seen;
}

function Nobody({ filters, listening }) {
	if (listening && !listening.ok) {
		return html`<${Empty} title=${t("queue.empty_deaf")}><p>${t("queue.empty_deaf_words")}</p><//>`;
	}
	if (isFiltered(filters)) {
		return html`<${Empty} title=${t("queue.empty_here")}><p>${t("queue.empty_here_words")}</p><${Button} onClick=${() => go("/")}>${t("queue.show_all")}<//><//>`;
	}
	return html`<${Empty} title=${t("queue.empty")}><p>${t("queue.empty_words")}</p><${Button} onClick=${() => go("/?all=1")}>${t("queue.show_lanes")}<//><//>`;
}

function Troubles({ listening, needsHuman, isPanic }) {
	return html`${listening && !listening.ok && html`<${Banner} tone="bad"><strong>${t("queue.deaf")}</strong> <${NotHeard} of=${listening} most=${240} /> <a href="/watch?show=sources">${t("nav.watch")}</a><//>`}
		${isPanic && html`<${Banner} tone="bad">${t("watch.panic")}<//>`}
		${needsHuman > 0 && html`<${Banner} tone="warn">${t("queue.attention", { n: needsHuman })} <a href="/watch">${t("queue.attention_look")}</a><//>`}`;
}

function Bulk({ ids, all, clear, run }) {
	return html`<div class="bulk" role="toolbar" aria-label=${t("queue.bulk")}><strong>${t("queue.selected", { n: ids.length })}</strong>
		<${Button} onClick=${() => run((chosen) => acts.take(chosen))} icon="person" hint="t">${t("acts.take")}<//>
		<${Button} onClick=${() => run(acts.askGive)} hint="a">${t("acts.give")}<//><${Button} onClick=${() => run(acts.askTag)} icon="tag" hint="l">${t("acts.tag")}<//>
		<${Button} onClick=${() => run(acts.askDismiss)} hint="d">${t("acts.dismiss")}<//><${Button} kind="quiet" onClick=${all} hint="*">${t("queue.select_all")}<//><${Button} kind="quiet" onClick=${clear} hint="Escape">${t("queue.clear")}<//></div>`;
}

export function Queue({ chosen, isAlone }) {
	const at = useCell(place), now = useCell(waiting), { me } = useCell(session);
	useCell(list.answered);
	const filters = filtersOf(at.query), key = JSON.stringify(filters);
	const [cursor, setCursor] = useState(null), [selected, setSelected] = useState(() => new Set());
	const box = useRef(null), touched = useRef(0), anchor = useRef(null);
	const rows = now.rows;
	const seen = useWindow(box, rows.length);
	const counts = useCounts();

	useEffect(() => { list.look(filters); setSelected(new Set()); box.current && (box.current.scrollTop = 0); }, [key]);
	/* "hello": what happened before the stream was there was not told. A tab that nobody sees looks again when somebody does. */
	useEvents("queue hello", () => document.visibilityState === "visible" && list.again());
	/* Time passes without an event too: somebody falls due, a lease ends; and what happened while nobody looked. */
	useEffect(() => everySo(60, () => list.again()), []);
	/* What is gone leaves when nobody's hand is on the list, and never while it would move the row that is being looked at. */
	useEffect(() => {
		const timer = setInterval(() => Date.now() - touched.current > SETTLE_MS && !box.current?.matches(":hover") && list.settle(), 1000);
		return () => clearInterval(timer);
	}, []);

	/* How long it took until somebody could read. */
	useEffect(() => { rows.length > 0 && performance.getEntriesByName("rows").length === 0 && performance.mark("rows"); }, [rows.length > 0]);

	const index = Math.max(0, rows.findIndex((r) => r.e.id === (cursor ?? chosen)));
	const hereId = rows[index]?.e.id ?? null, here = rows[index]?.e ?? null;
	const ids = () => selected.size > 0 ? [...selected] : hereId === null ? [] : [hereId];
	const href = (id) => withQuery({}, `/conversation/${encodeURIComponent(id)}`);

	/* Scrolls no further than that row needs to be seen. */
	function bring(i) {
		const el = box.current, top = i * seen.height, bottom = top + seen.height;
		if (top < el.scrollTop) {
			el.scrollTop = top;
		} else if (bottom > el.scrollTop + el.clientHeight && el.clientHeight > 0) {
			el.scrollTop = bottom - el.clientHeight;
		}
	}
	/* Whose conversation is open is seen beside it. */
	const open = chosen === null ? -1 : rows.findIndex((r) => r.e.id === chosen);
	useLayoutEffect(() => { open >= 0 && bring(open); }, [chosen, open >= 0, seen.height]);

	function focus(i) {
		const to = Math.max(0, Math.min(rows.length - 1, i)), id = rows[to]?.e.id, el = box.current;
		if (id === undefined) {
			return;
		}
		touched.current = Date.now();
		setCursor(id);
		bring(to);
		/* When it is drawn. */
		requestAnimationFrame(() => requestAnimationFrame(() => el.querySelector(`[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true })));
	}
	/* An act on the row one is at moves on to the next. */
	async function act(does, isLeaving = false) {
		const all = ids(), next = list.nextOf(hereId);
		if (all.length === 0) {
			return;
		}
		const done = await does(all);
		if (done) {
			setSelected(new Set());
			if (isLeaving && !selected.size && next !== null) {
				setCursor(next);
				if (chosen !== null && all.includes(chosen)) {
					go(href(next), { replace: true });
				} else {
					requestAnimationFrame(() => box.current?.querySelector(`[data-id="${CSS.escape(next)}"]`)?.focus());
				}
			}
		}
	}
	/* isTo: with all between it and the one that was chosen last, as with a mouse everywhere. */
	function select(id, isTo = false) {
		const a = rows.findIndex((r) => r.e.id === anchor.current), b = rows.findIndex((r) => r.e.id === id);
		setSelected((s) => {
			const next = new Set(s);
			if (isTo && a >= 0 && a !== b) {
				rows.slice(Math.min(a, b), Math.max(a, b) + 1).forEach((r) => !r.isGone && next.add(r.e.id));
			} else {
				next.has(id) ? next.delete(id) : next.add(id);
			}
			return new Set([...next].slice(0, MOST));
		});
		anchor.current = id;
	}
	const selectAll = () => setSelected(new Set(rows.filter((r) => !r.isGone).slice(0, MOST).map((r) => r.e.id)));
	const can = () => may("agent") && hereId !== null;
	const inList = () => can() && (isAlone || selected.size > 0 || box.current?.contains(document.activeElement));
	useKeys([
		{ keys: ["j", "ArrowDown"], name: "queue.next", group: "keys.queue", when: () => isAlone || box.current?.contains(document.activeElement), run: () => focus(cursor === null && chosen === null ? 0 : index + 1) },
		{ keys: ["k", "ArrowUp"], name: "queue.previous", group: "keys.queue", when: () => isAlone || box.current?.contains(document.activeElement), run: () => focus(index - 1) },
		{ keys: ["Enter", "o"], name: "queue.open", group: "keys.queue", when: () => isAlone && hereId !== null, run: () => go(href(hereId)) },
		{ keys: "J", name: "queue.next_open", group: "keys.queue", when: () => list.nextOf(chosen) !== null, run: () => { const id = list.nextOf(chosen ?? hereId); setCursor(id); go(href(id)); } },
		{ keys: "K", name: "queue.previous_open", group: "keys.queue", when: () => list.previousOf(chosen) !== null, run: () => { const id = list.previousOf(chosen); setCursor(id); go(href(id)); } },
		{ keys: "u", name: "queue.back", group: "keys.queue", when: () => !isAlone, run: () => go(withQuery({}, "/")) },
		{ keys: "t", name: "acts.take", group: "keys.acts", when: inList, run: () => act(acts.take) },
		{ keys: "g b", name: "acts.give_back", group: "keys.acts", when: () => inList() && here?.assignee != null, run: () => act((all) => acts.give(all, null)) },
		{ keys: "a", name: "acts.give", group: "keys.acts", when: inList, run: () => act(acts.askGive) },
		{ keys: "s", name: "acts.snooze", group: "keys.acts", when: inList, run: () => act(acts.askSnooze, true) },
		{ keys: "d", name: "acts.dismiss", group: "keys.acts", when: inList, run: () => act(acts.askDismiss, true) },
		{ keys: "l", name: "acts.tag", group: "keys.acts", when: inList, run: () => act(acts.askTag) },
		{ keys: "x", name: "queue.select_this", group: "keys.queue", when: inList, run: () => { select(hereId); setCursor(hereId); } },
		{ keys: "X", name: "queue.select_to", group: "keys.queue", when: inList, run: () => { select(hereId, true); setCursor(hereId); } },
		{ keys: "*", name: "queue.select_all", group: "keys.queue", when: inList, run: selectAll },
		{ keys: "Escape", name: "queue.clear", group: "keys.queue", when: () => selected.size > 0, run: () => setSelected(new Set()) },
		{ keys: ".", name: "queue.show_held", group: "keys.queue", when: () => now.held !== null, run: () => list.unhold() },
	]);

	/* A row that is as it was is not drawn again: its markup is the same object. */
	const drawn = useRef(new Map());
	function row(r, at) {
		const what = [r.e, r.isGone, r.e.id === chosen, selected.has(r.e.id), at === stop, at, size, href(r.e.id), me?.login, list.isAnswered(r.e.id)], before = drawn.current.get(r.e.id);
		return before !== undefined && what.every((v, i) => v === before.what[i]) ? before : { what, made: html`<${Row} key=${r.e.id} entry=${r.e} isGone=${r.isGone} isChosen=${what[2]}
			isSelected=${what[3]} onSelect=${select} onFocus=${setCursor} isFirst=${what[4]} at=${at} size=${size} href=${what[7]} mine=${me?.login} isAnswered=${what[9]} />` };
	}
	const stop = isAlone && cursor === null ? 0 : index;
	const size = now.next === null ? rows.length : -1;
	const shown = rows.slice(seen.from, seen.to).map((r, i) => [r.e.id, row(r, seen.from + i)]);
	drawn.current = new Map(shown);
	const isEmpty = rows.length === 0 && !now.isLoading && now.error === null;
	/* One element whether a conversation is open or not: the list keeps its place. */
	return html`<div class=${`queue ${isAlone ? "alone" : "beside"}`} role=${isAlone ? "main" : "region"} aria-label=${t("queue.title")}>
		<${Filters} filters=${filters} counts=${counts} isAlone=${isAlone} />
		<${Troubles} listening=${now.listening} needsHuman=${now.needsHuman} isPanic=${now.isPanic} />
		${now.error !== null && html`<${Banner} tone="bad"><${Foreign} text=${now.error.message} /> <${Button} kind="quiet" onClick=${() => list.look(filters)}>${t("app.once_more")}<//><//>`}
		${now.held && html`<div class="held" role="status"><${Button} kind="plain" icon="down" hint="." onClick=${() => list.unhold()}>${t("queue.held", { n: now.held.n })}<//></div>`}
		<div class="queue-list" ref=${box} onPointerDown=${() => { touched.current = Date.now(); }} onKeyDown=${() => { touched.current = Date.now(); }}>
			${isEmpty && html`<${Nobody} filters=${filters} listening=${now.listening} />`}
			${rows.length > 0 && html`<ol class="rows" aria-label=${t("queue.title")} ref=${(el) => el && (el.style.height = `${rows.length * seen.height}px`)}>
				<li class="space" aria-hidden="true" ref=${(el) => el && (el.style.height = `${seen.from * seen.height}px`)}></li>
				${shown.map(([, { made }]) => made)}</ol>`}
			${now.isLoading && rows.length === 0 && html`<p class="loading" role="status">${t("app.loading")}</p>`}
		</div>
		<div class="unseen" role="status">${here && cursor !== null ? nameOf(here) : ""}</div>
		${selected.size > 0 && html`<${Bulk} ids=${[...selected]} all=${selectAll} clear=${() => setSelected(new Set())} run=${(does) => act(does, false)} />`}</div>`;
}
