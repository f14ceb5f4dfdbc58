/* What pages are made of. Every one of these can be used by keyboard, says its state in words, and shows where the focus is. */
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { cell, useCell } from "./cell.js";
import { spell, useKeys } from "./keys.js";
import { t } from "./i18n.js";
import * as time from "./time.js";
import { said } from "./said.js";
import { brief, clean, links, marks } from "./text.js";

/* ---- small things ---- */

const ICONS = {
	check: "M5 12.5l4.5 4.5L19 7.5", close: "M6 6l12 12M18 6L6 18", clock: "M12 7v5l3.5 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
	alarm: "M12 4L2.5 20h19L12 4zM12 10v5M12 17.5v.5", stop: "M8.5 3h7L21 8.5v7L15.5 21h-7L3 15.5v-7L8.5 3zM9 9l6 6M15 9l-6 6", person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c1-4 4-5.5 7.5-5.5S18.5 16 19.5 20",
	search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20.5 20.5", moon: "M19 14.5A8 8 0 0 1 9.5 5a8 8 0 1 0 9.5 9.5z", tag: "M4 4h8l8 8-8 8-8-8V4zM8 8v.1",
	more: "M5 12h.1M12 12h.1M19 12h.1", down: "M6 9l6 6 6-6", left: "M15 5l-7 7 7 7", keys: "M3 7h18v11H3zM6.5 10.5h.1M10 10.5h.1M14 10.5h.1M17.5 10.5h.1M8 14.5h8",
	out: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9", link: "M14 5h5v5M19 5l-8 8M17 14v5H5V7h5",
};

export function Icon({ name, label }) {
	return html`<svg class="icon" viewBox="0 0 24 24" width="16" height="16" aria-hidden=${label ? null : "true"} role=${label ? "img" : null} aria-label=${label}>
		<path d=${ICONS[name]} fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" /></svg>`;
}

/* tone: calm, good, warn, bad. The words say the same. at: an instant. */
export function Badge({ tone = "calm", icon, title, at, children }) {
	return html`<${at ? "time" : "span"} class="badge ${tone}" title=${title && clean(title)} datetime=${at}>${icon && html`<${Icon} name=${icon} />`}<span class="badge-words">${children}</span><//>`;
}

/* Words of others: their own direction, no markup. */
export function Foreign({ text, of = "span", lang }) {
	return html`<bdi class="foreign" dir="auto" lang=${lang}>${clean(text)}</bdi>`;
}

/* A sentence of the desk: by its parts in the reader's language; without parts it is English, or the platform's own words. */
export function Told({ text, parts }) {
	return parts ? html`<${Foreign} text=${said(parts)} />` : html`<${Foreign} text=${text} lang="en" />`;
}

/* The whole text, lines and links kept. */
export function Words({ text }) {
	return html`<div class="words" dir="auto">${links(text).map((part) => part.href
		? html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow" title=${t("ui.leads_to", { host: part.host })}>${part.text}</a>`
		: part.text)}</div>`;
}

/* A text in which the desk marked what was searched for. */
export function Marked({ text }) {
	return html`<bdi class="foreign" dir="auto">${marks(text).map((part) => part.isMarked ? html`<mark>${part.text}</mark>` : part.text)}</bdi>`;
}

export function Excerpt({ text, n }) {
	return html`<${Foreign} text=${brief(text, n)} />`;
}

/* A time, the exact instant on hover. */
export function Time({ at, form = "clock" }) {
	return at === null || at === undefined ? "–" : html`<time datetime=${at}>${time[form](at)}</time>`;
}

const turn = cell(0);
let stopTurning = null;

/* A rendering every 15 seconds, all of them together. */
export function useTicking() {
	useEffect(() => {
		stopTurning ??= time.everySo(15, () => turn.change((n) => n + 1));
	}, []);
	return useCell(turn);
}

/* How long ago, ticking. */
export function Since({ at }) {
	useTicking();
	return html`<time datetime=${at}>${time.span((time.now() - time.ms(at)) / 1000)}</time>`;
}

/* Whole seconds until an instant (ms), ticking. */
export function useSecondsUntil(ms) {
	const [, again] = useState(null);
	useEffect(() => {
		const every = setInterval(() => again({}), 500);
		return () => clearInterval(every);
	}, []);
	return Math.max(0, Math.ceil((ms - time.now()) / 1000));
}

export function Key({ of }) {
	return html`<kbd>${spell(of)}</kbd>`;
}

/* kind: primary, plain, quiet, danger. `hint`: its key. While a promise of onClick runs it is busy. */
export function Button({ kind = "plain", hint, icon, type = "button", onClick, disabled, why, label, children, ...more }) {
	const [isBusy, setBusy] = useState(false);
	const alive = useRef(true);
	useEffect(() => () => { alive.current = false; }, []);
	async function click(e) {
		if (disabled || isBusy) {
			e.preventDefault();
			return;
		}
		const done = onClick?.(e);
		if (done?.then) {
			setBusy(true);
			try {
				await done;
			} finally {
				alive.current && setBusy(false);
			}
		}
	}
	return html`<button ...${more} type=${type} class="button ${kind} ${more.class ?? ""}" aria-disabled=${disabled ? "true" : null} aria-busy=${isBusy ? "true" : null} aria-label=${label}
		title=${(disabled && why) || (label ?? null)} onClick=${click}>${icon && html`<${Icon} name=${icon} />`}${children}${hint && html`<${Key} of=${hint} />`}</button>`;
}

export function Field({ label, hint, error, children }) {
	return html`<label class="field"><span class="label">${label}</span>${children}${hint && html`<span class="hint">${hint}</span>`}${error && html`<span class="error" role="alert">${error}</span>`}</label>`;
}

export function Empty({ title, children }) {
	return html`<div class="empty"><p class="empty-title">${title}</p>${children}</div>`;
}

/* A trouble that everybody must see; never closed by hand while it lasts. */
export function Banner({ tone = "warn", children }) {
	return html`<div class="banner ${tone}" role="status"><${Icon} name="alarm" /><div>${children}</div></div>`;
}

/* columns: [{ name, title, cell: (row) => …, isNumber }]. isStack: on a telephone each row is a card. isTitled: what stands above says what the caption would. */
export function Table({ caption, columns, rows, empty, isStack, isTitled, keyOf = (row, i) => row.id ?? i }) {
	return rows.length === 0 && empty ? empty : html`<div class=${`table-frame ${isStack ? "stack" : ""}`} role="region" tabindex="0" aria-label=${caption}><table><caption class=${isTitled ? "unseen" : null}>${caption}</caption>
		<thead><tr>${columns.map((c) => html`<th scope="col" class=${c.isNumber ? "number" : null}>${c.title}</th>`)}</tr></thead>
		<tbody>${rows.map((row, i) => html`<tr key=${keyOf(row, i)}>${columns.map((c) => html`<td class=${c.isNumber ? "number" : null} data-title=${c.title}>${c.cell ? c.cell(row) : row[c.name] ?? "–"}</td>`)}</tr>`)}</tbody></table></div>`;
}

/* ---- dialogs ---- */

/* The browser's own modal dialog: it keeps the focus, and gives it back. */
export function Dialog({ title, onClose, children, kind = "" }) {
	const box = useRef(null);
	useKeys([{ keys: "Escape", name: "ui.close", typing: true, run: () => onClose?.() }], /* isModal= */ true);
	useLayoutEffect(() => {
		const back = document.activeElement;
		box.current.showModal();
		box.current.querySelector("[autofocus]")?.focus();
		return () => back?.isConnected && back.focus?.();
	}, []);
	const id = useRef(`d${Math.random().toString(36).slice(2)}`).current;
	return html`<dialog class="dialog ${kind}" ref=${box} aria-labelledby=${id} onCancel=${(e) => { e.preventDefault(); onClose?.(); }}
		onMouseDown=${(e) => { e.target === box.current && onClose?.(); }}>
		<div class="dialog-inner"><header><h2 id=${id}>${title}</h2>${onClose && html`<${Button} kind="quiet" icon="close" label=${t("ui.close")} onClick=${onClose} />`}</header>${children}</div></dialog>`;
}

/* Dialogs that are asked for from anywhere: ask((close) => html`<${Dialog} …>`) → a promise of what close() was given. */
export const asked = cell([]);

export function ask(draw) {
	return new Promise((resolve) => {
		const one = { draw: () => draw(close) };
		function close(value = null) {
			asked.change((all) => all.filter((a) => a !== one));
			resolve(value);
		}
		asked.change((all) => [...all, one]);
	});
}

export function Asked() {
	return useCell(asked).map((one, i) => html`<${one.draw} key=${i} />`);
}

function Question({ title, text, ok, kind, close }) {
	return html`<${Dialog} title=${title} onClose=${() => close(false)}><p>${text}</p>
		<footer><${Button} onClick=${() => close(false)}>${t("ui.cancel")}<//><${Button} kind=${kind} autofocus onClick=${() => close(true)}>${ok}<//></footer><//>`;
}

/* → true or false */
export function confirm({ title, text, ok, kind = "primary" }) {
	return ask((close) => html`<${Question} title=${title} text=${text} ok=${ok} kind=${kind} close=${close} />`).then(Boolean);
}

function Sentence({ title, text, label, ok, choices, value = "", max = 2000, close }) {
	const [words, setWords] = useState(value);
	const can = words.trim() !== "";
	return html`<${Dialog} title=${title} onClose=${() => close(null)}><form onSubmit=${(e) => { e.preventDefault(); can && close(words.trim()); }}>${text && html`<p>${text}</p>`}
		<${Field} label=${label}><input autofocus maxlength=${max} value=${words} dir="auto" autocomplete="off" onInput=${(e) => setWords(e.target.value)} /><//>
		${choices && choices.length > 0 && html`<div class="choices">${choices.map((c) => html`<${Button} kind="plain" onClick=${() => close(c.value ?? c)}>${c.label ?? c}<//>`)}</div>`}
		<footer><${Button} onClick=${() => close(null)}>${t("ui.cancel")}<//><${Button} kind="primary" type="submit" disabled=${!can}>${ok}<//></footer></form><//>`;
}

/* A few words of the person's: → the text, or null. `choices`: buttons for what is said often. */
export function askWords(options) {
	return ask((close) => html`<${Sentence} ...${options} close=${close} />`);
}

/* ---- menus ---- */

/* items: [{ label, run, hint, isOn, disabled }] or null for a line. */
export function Menu({ label, icon, children, items, align = "left", kind = "plain" }) {
	const [isOpen, setOpen] = useState(false);
	const box = useRef(null), button = useRef(null);
	/* It stays within what can be seen: the window, and the part of the page that scrolls by itself. */
	useLayoutEffect(() => {
		if (!isOpen) {
			return;
		}
		const list = box.current.querySelector(".menu-list"), pane = box.current.closest(".pane, .queue")?.getBoundingClientRect(), at = list.getBoundingClientRect();
		const from = Math.max(8, (pane?.left ?? 0) + 8), to = Math.min(innerWidth, pane?.right ?? innerWidth) - 8;
		list.style.maxWidth = `${Math.min(384, to - from)}px`;
		const now = list.getBoundingClientRect();
		list.style.translate = now.left < from ? `${from - now.left}px 0` : now.right > to ? `${to - now.right}px 0` : "";
		list.style.maxHeight = `${Math.max(160, innerHeight - at.top - 8)}px`;
	}, [isOpen]);
	useEffect(() => {
		if (!isOpen) {
			return undefined;
		}
		const away = (e) => box.current?.contains(e.target) || setOpen(false);
		document.addEventListener("pointerdown", away, true);
		box.current.querySelector("[role^=menuitem]")?.focus();
		return () => document.removeEventListener("pointerdown", away, true);
	}, [isOpen]);
	function shut() {
		setOpen(false);
		box.current?.querySelector("button")?.focus();
	}
	function move(e) {
		const all = [...box.current.querySelectorAll("[role^=menuitem]")], at = all.indexOf(document.activeElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key];
		if (to !== undefined) {
			e.preventDefault();
			e.stopPropagation();
			all[(to + all.length) % all.length]?.focus();
		} else if (e.key === "Escape") {
			e.preventDefault();
			e.stopPropagation();
			shut();
		} else if (e.key === "Tab") {
			setOpen(false);
		}
	}
	return html`<div class="menu" ref=${box}><button type="button" ref=${button} class="button ${kind}" aria-haspopup="menu" aria-expanded=${String(isOpen)} aria-label=${children ? null : label}
		title=${children ? null : label} onClick=${() => setOpen(!isOpen)}>${icon && html`<${Icon} name=${icon} />`}${children}<${Icon} name="down" /></button>
		${isOpen && html`<div class="menu-list ${align}" role="menu" aria-label=${label} onKeyDown=${move}>${items.map((item) => item === null ? html`<hr />` : html`<button type="button"
			role=${item.isOn === undefined ? "menuitem" : "menuitemradio"} aria-checked=${item.isOn === undefined ? null : String(item.isOn)} tabindex="-1" aria-disabled=${item.disabled ? "true" : null}
			onClick=${() => { if (!item.disabled) { shut(); item.run(); } }}><span class="menu-mark">${item.isOn && html`<${Icon} name="check" />`}</span><bdi>${item.label}</bdi>${item.hint && html`<${Key} of=${item.hint} />`}</button>`)}</div>`}</div>`;
}

/* ---- toasts ---- */

export const toasts = cell([]);
let n = 0;

/* How long something can still be undone. For the eye: read out, it would never be silent. */
function Left({ until }) {
	return html`<span class="toast-left" aria-hidden="true">${t("time.seconds", { n: useSecondsUntil(until) })}</span>`;
}

/* tone: good, bad, calm. undo: { label, run, until (ms; may be left out) }. A bad one stays until it is closed. */
export function toast(text, { tone = "calm", undo = null, seconds = 6 } = {}) {
	const one = { id: ++n, text, tone, undo };
	toasts.change((all) => [...all.slice(-3), one]);
	if (tone !== "bad" || undo) {
		setTimeout(() => drop(one.id), Math.max(seconds, undo ? 8 : 0) * 1000);
	}
	return () => drop(one.id);
}

function drop(id) {
	toasts.change((all) => all.filter((o) => o.id !== id));
}

/* An act that failed, in the desk's own words. */
export function toastRefusal(e) {
	if (e?.name === "AbortError") {
		return;
	}
	toast(e?.message ?? String(e), { tone: "bad" });
}

export function Toasts() {
	return html`<div class="toasts" role="status" aria-live="polite">${useCell(toasts).map((o) => html`<div key=${o.id} class="toast ${o.tone}"><${Icon} name=${o.tone === "bad" ? "alarm" : "check"} /><span dir="auto">${o.text}</span>
		${o.undo && html`<${Button} kind="quiet" onClick=${() => { drop(o.id); return o.undo.run(); }}>${o.undo.label}${o.undo.until && html`<${Left} until=${o.undo.until} />`}<//>`}
		<${Button} kind="quiet" icon="close" label=${t("ui.close")} onClick=${() => drop(o.id)} /></div>`)}</div>`;
}
