/* Filters of the queue, in the address; saved views; how many wait. */
import { html, useEffect, useState } from "../lib/html.js";
import { cell, useCell } from "../lib/cell.js";
import { t } from "../lib/i18n.js";
import * as api from "../lib/api.js";
import { go, place, setQuery, withQuery } from "../lib/router.js";
import { useEvents } from "../lib/events.js";
import { useKeys } from "../lib/keys.js";
import { may } from "../lib/session.js";
import { Button, Dialog, Field, Menu, ask, askWords, confirm, toast, toastRefusal } from "../lib/ui.js";
import { platformName } from "../lib/names.js";
import { SearchBox } from "./search_box.js";

export const isFiltered = (filters) => Object.keys(filters).some((name) => name !== "by" && name !== "all");

const asText = (filters) => new URLSearchParams(Object.entries(filters).map(([name, v]) => [name, v === true ? "1" : v])).toString();

/* ---- how many ---- */

const counted = cell(null);
let isCounting = false, countAgain = false;

async function count() {
	if (isCounting) {
		countAgain = true;
		return;
	}
	isCounting = true;
	try {
		counted.set(await api.get("queue/counts"));
	} catch { /* the list says what is wrong */ }
	isCounting = false;
	if (countAgain) {
		countAgain = false;
		setTimeout(count, 1000);
	}
}

export function useCounts() {
	useEffect(() => { count(); }, []);
	useEvents("queue", count);
	const counts = useCell(counted);
	useEffect(() => {
		document.title = counts === null || counts.waiting === 0 ? "answerd" : `(${numberOf(counts, "waiting")}) answerd`;
	}, [counts?.waiting]);
	return counts;
}

const numberOf = (counts, name) => counts === null ? "" : counts[name] >= counts.most ? `${counts.most - 1}+` : String(counts[name]);

/* ---- saved views ---- */

const saved = cell([]);

async function fetchSaved() {
	try {
		saved.set((await api.get("views")).items);
	} catch { /* then there are none to choose */ }
}

function SaveView({ close, query }) {
	const [name, setName] = useState(""), [isShared, setShared] = useState(false);
	async function save(e) {
		e.preventDefault();
		try {
			await api.post("views", { name, query, is_shared: isShared });
			toast(t("views.saved", { name }), { tone: "good" });
			fetchSaved();
			close();
		} catch (refusal) {
			toastRefusal(refusal);
		}
	}
	return html`<${Dialog} title=${t("views.save")} onClose=${() => close()}><form onSubmit=${save}><p>${t("views.save_words")}</p>
		<${Field} label=${t("views.name")}><input autofocus required maxlength="60" dir="auto" value=${name} onInput=${(e) => setName(e.target.value)} /><//>
		${may("lead") && html`<label class="check"><input type="checkbox" checked=${isShared} onChange=${(e) => setShared(e.target.checked)} /> ${t("views.shared")}</label>`}
		<footer><${Button} onClick=${() => close()}>${t("ui.cancel")}<//><${Button} kind="primary" type="submit" disabled=${name.trim() === ""}>${t("views.save")}<//></footer></form><//>`;
}

async function remove(view) {
	if (await confirm({ title: t("views.remove"), text: t("views.remove_words", { name: view.name }), ok: t("views.remove"), kind: "danger" })) {
		try {
			await api.post(`views/${view.id}/remove`);
			fetchSaved();
		} catch (refusal) {
			toastRefusal(refusal);
		}
	}
}

/* ---- the bar ---- */

function useOptions() {
	const [options, setOptions] = useState({ brands: [], platforms: [] });
	useEffect(() => {
		api.get("sources").then((got) => {
			const of = (name) => [...new Set(got.items.map((s) => s[name]).filter(Boolean))].sort();
			setOptions({ brands: of("brand"), platforms: of("platform") });
		}, () => {});
	}, []);
	return options;
}

const tabs = [{ name: "waiting", key: "1", query: {} }, { name: "mine", key: "2", query: { mine: "1" } }, { name: "overdue", key: "3", query: { overdue: "1" } }, { name: "all", key: "4", query: { all: "1" } }];

export function Filters({ filters, counts, isAlone }) {
	const views = useCell(saved), options = useOptions();
	useCell(place);
	useEffect(() => { fetchSaved(); }, []);
	const here = asText(filters), by = filters.by ?? "age";
	const tabOf = (q) => withQuery({ mine: null, free: null, overdue: null, all: null, assignee: null, tag: null, ...q }, "/");
	const isTab = (tab) => ["mine", "free", "overdue", "all", "assignee", "tag"].every((name) => Boolean(filters[name]) === Boolean(tab.query[name]));
	const set = (name) => (e) => setQuery({ [name]: e.target.value });
	const save = () => ask((close) => html`<${SaveView} close=${close} query=${here} />`);
	useKeys([
		...tabs.map((tab) => ({ keys: tab.key, name: `queue.tab_${tab.name}`, group: "keys.filters", when: () => isAlone, run: () => go(tabOf(tab.query)) })),
		{ keys: "b", name: by === "age" ? "queue.by_due" : "queue.by_age", group: "keys.filters", when: () => isAlone, run: () => setQuery({ by: by === "age" ? "due" : null }) },
		{ keys: "f", name: "queue.tab_free", group: "keys.filters", when: () => isAlone, run: () => go(tabOf({ free: "1" })) },
		{ keys: null, name: "views.save", run: save },
		{ keys: null, name: "queue.by_tag", run: async () => { const tag = await askWords({ title: t("queue.by_tag"), label: t("acts.tag_label"), ok: t("queue.show"), max: 60 }); tag !== null && setQuery({ tag }); } },
		{ keys: null, name: "queue.by_holder", run: async () => { const who = await askWords({ title: t("queue.by_holder"), label: t("acts.give_label"), ok: t("queue.show"), max: 40 }); who !== null && setQuery({ assignee: who }); } },
		...views.map((v) => ({ keys: null, text: t("views.show", { name: v.name }), run: () => go(`/?${v.query}`) })),
	]);
	const chips = ["tag", "assignee", "free"].filter((name) => filters[name]);
	return html`<div class="filters"><h1 class="unseen">${t("queue.title")}</h1>
		<nav class="queue-tabs" aria-label=${t("queue.views")}>${tabs.map((tab) => html`<a href=${tabOf(tab.query)} aria-current=${isTab(tab) ? "true" : null}>${t(`queue.tab_${tab.name}`)}${counts !== null && tab.name !== "all"
			&& html` <span class="count">${numberOf(counts, tab.name)}</span>`}</a>`)}</nav>
		<div class="filters-more">
			<${SearchBox} />
			${options.brands.length > 1 && html`<label><span class="unseen">${t("queue.brand")}</span><select value=${filters.brand ?? ""} onChange=${set("brand")}><option value="">${t("queue.all_brands")}</option>${options.brands.map((b) => html`<option value=${b} selected=${filters.brand === b}>${b}</option>`)}</select></label>`}
			${options.platforms.length > 1 && html`<label><span class="unseen">${t("queue.platform")}</span><select value=${filters.platform ?? ""} onChange=${set("platform")}><option value="">${t("queue.all_platforms")}</option>${options.platforms.map((p) => html`<option value=${p} selected=${filters.platform === p}>${platformName(p)}</option>`)}</select></label>`}
			<${Button} kind="quiet" hint="b" onClick=${() => setQuery({ by: by === "age" ? "due" : null })}>${t(by === "age" ? "queue.is_by_age" : "queue.is_by_due")}<//>
			<${Menu} label=${t("views.views")} kind="quiet" align="right" items=${[
				...views.map((v) => ({ label: v.is_shared ? t("views.is_shared", { name: v.name }) : v.name, isOn: v.query === here, run: () => go(`/?${v.query}`) })), ...(views.length > 0 ? [null] : []),
				{ label: t("queue.tab_free"), hint: "f", run: () => go(tabOf({ free: "1" })) },
				...(may("agent") ? [{ label: t("views.save"), disabled: here === "", run: save }] : []),
				...views.filter((v) => v.query === here && (!v.is_shared || may("lead"))).map((v) => ({ label: t("views.remove_this", { name: v.name }), run: () => remove(v) })),
			]}>${t("views.views")}<//>
		</div>
		${chips.length > 0 && html`<div class="chips">${chips.map((name) => html`<span class="chip">${name === "free" ? t("queue.tab_free") : t(`queue.chip_${name}`, { value: filters[name] })}
			<${Button} kind="quiet" icon="close" label=${t("queue.without")} onClick=${() => setQuery({ [name]: null })} /></span>`)}</div>`}</div>`;
}
