/* What report pages share: loading one, its table and CSV behind a chart, tabs, and how seconds and shares are said. */
import { html, useEffect, useRef, useState } from "../../lib/html.js";
import { number, t } from "../../lib/i18n.js";
import { useKeys } from "../../lib/keys.js";
import { go, setQuery, withQuery } from "../../lib/router.js";
import * as api from "../../lib/api.js";
import * as time from "../../lib/time.js";
import { Banner, Button, Foreign, Table } from "../../lib/ui.js";

/* The report, anew whenever what is asked for changes: { data, error, isLoading }. What was shown stays until the other is there. */
export function useReport(path, query) {
	const [state, setState] = useState({ data: null, error: null, isLoading: true });
	const asked = path === null ? null : JSON.stringify([path, query]);
	useEffect(() => {
		if (asked === null) {
			return undefined;
		}
		const stop = new AbortController();
		setState((s) => ({ ...s, isLoading: true }));
		api.get(path, query, { signal: stop.signal }).then((data) => setState({ data, error: null, isLoading: false }),
			(error) => error.name !== "AbortError" && setState({ data: null, error, isLoading: false }));
		return () => stop.abort();
	}, [asked]);
	return state;
}

export function Loaded({ of: { data, error, isLoading }, children }) {
	return html`<div class="loaded" aria-busy=${isLoading ? "true" : null}>${error !== null ? html`<${Banner} tone="bad"><${Foreign} text=${error.message} /><//>`
		: data === null ? html`<p class="loading" role="status">${t("reports.loading")}</p>` : children(data)}</div>`;
}

/* Views of one page, in its address. tabs: [{ name, label, key }] */
export function Tabs({ label, tabs, here }) {
	useKeys(tabs.map((tab, i) => ({ keys: String(i + 1), text: tab.label, group: "keys.here", run: () => go(withQuery({ show: i === 0 ? null : tab.name })) })));
	const bar = useRef(null);
	/* Where there is no room for all of them, the chosen one is in sight. */
	useEffect(() => {
		const one = bar.current.querySelector("[aria-current]");
		bar.current.scrollLeft = one === null ? 0 : one.offsetLeft - bar.current.offsetLeft - (bar.current.clientWidth - one.offsetWidth) / 2;
	}, [here]);
	return html`<nav class="tabs" ref=${bar} aria-label=${label}>${tabs.map((tab, i) => html`<a key=${tab.name} href=${withQuery({ show: i === 0 ? null : tab.name })}
		aria-current=${tab.name === here ? "page" : null}>${tab.label}${tab.count > 0 && html`<span class="count">${number(tab.count)}</span>`}</a>`)}</nav>`;
}

/* "12 s", "4 min", "3 h 12 min"; nothing is "–". */
export function seconds(s) {
	return s === null || s === undefined ? "–" : s < 60 ? t("reports.seconds", { s: Math.round(s) }) : time.span(s);
}

export function share(x) {
	return x === null || x === undefined ? "–" : number(x, { style: "percent", maximumFractionDigits: x > 0.99 && x < 1 ? 2 : x > 0.9 ? 1 : 0 });
}

export function csvAddress(path, query) {
	const q = new URLSearchParams(Object.entries({ ...query, format: "csv" }).filter(([, v]) => v !== null && v !== undefined && v !== ""));
	return `${api.API}${path}?${q}`;
}

export function Csv({ path, query }) {
	return html`<a class="button plain" href=${csvAddress(path, query)} download>${t("reports.csv")}</a>`;
}

/* The table behind a chart, closed until somebody wants it. */
export function Behind({ caption, columns, rows, keyOf }) {
	return html`<details class="behind"><summary>${t("reports.table")}</summary><${Table} caption=${caption} columns=${columns} rows=${rows} keyOf=${keyOf} /></details>`;
}

/* Few numbers that matter. list: [{ label, value, hint, tone }] */
export function Figures({ list }) {
	return html`<dl class="figures">${list.map((f) => html`<div class=${f.tone ?? ""}><dt>${f.label}</dt><dd>${f.value}</dd>${f.hint && html`<dd class="hint">${f.hint}</dd>`}</div>`)}</dl>`;
}

/* One of two or three ways to look at it. options: [[value, words], …] */
export function Choice({ label, name, value, options, otherwise }) {
	return html`<div class="choice" role="group" aria-label=${label}>${options.map(([v, words]) => html`<${Button} key=${v} aria-pressed=${String(v === value)}
		onClick=${() => setQuery({ [name]: v === otherwise ? null : v })}>${words}<//>`)}</div>`;
}

